"""Every kind of event that the audit can hold. A name, once published, is never reused or changed:
old events keep it for ever.
"""

from enum import StrEnum


class Action(StrEnum):
    """What somebody did, or tried to do."""

    ORGANIZATION_CREATED = "organization.created"
    USER_CREATED = "user.created"
    USER_DISABLED = "user.disabled"
    API_KEY_CREATED = "apikey.created"
    API_KEY_REVOKED = "apikey.revoked"

    SIGN_IN_SUCCEEDED = "signin.succeeded"
    SIGN_IN_FAILED = "signin.failed"
    SIGN_IN_ENDED = "signin.ended"
    CODE_REQUESTED = "code.requested"
    CODE_SENT = "code.sent"
    CODE_NOT_SENT = "code.not_sent"
    CODE_FAILED = "code.failed"
    TOKEN_REFRESHED = "token.refreshed"  # noqa: S105 - the name of an event
    TOKEN_REPLAYED = "token.replayed"  # noqa: S105 - the name of an event

    CASE_OPENED = "case.opened"

    ACTOR_MISMATCHED = "actor.mismatched"
    FILES_LISTED = "files.listed"
    FILE_SHOWN = "file.shown"
    FILE_OPENED = "file.opened"
    FILE_LINKED = "file.linked"
    FILE_RECEIVED = "file.received"
    FILE_RENAMED = "file.renamed"
    FILE_REMOVED = "file.removed"


class Outcome(StrEnum):
    """Whether it was done or refused."""

    DONE = "done"
    REFUSED = "refused"
