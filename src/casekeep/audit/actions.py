"""Every kind of event that the audit can hold. A name, once published, is never reused or changed:
old events keep it for ever.
"""

from enum import StrEnum


class Action(StrEnum):
    """What somebody did, or tried to do."""

    ORGANIZATION_CREATED = "organization.created"
    USER_CREATED = "user.created"
    USER_DISABLED = "user.disabled"
    CLINICIAN_REPRESENTED = "clinician.represented"
    USER_SHOWN = "user.shown"
    USERS_LISTED = "users.listed"
    PROFILE_CHANGED = "profile.changed"
    API_KEY_CREATED = "apikey.created"
    API_KEY_REVOKED = "apikey.revoked"
    ISSUER_TRUSTED = "issuer.trusted"
    ISSUER_DROPPED = "issuer.dropped"
    WEBHOOK_CREATED = "webhook.created"
    WEBHOOK_CHANGED = "webhook.changed"
    WEBHOOK_REMOVED = "webhook.removed"
    WEBHOOKS_LISTED = "webhooks.listed"
    WEBHOOK_REPLAYED = "webhook.replayed"
    FORM_CREATED = "form.created"
    KEYS_ROTATED = "keys.rotated"
    RETENTION_CHANGED = "retention.changed"

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
    CASES_LISTED = "cases.listed"
    CASE_SHOWN = "case.shown"
    CASE_CHANGED = "case.changed"
    CASE_REMOVED = "case.removed"
    CASE_RESTORED = "case.restored"
    CASE_PURGED = "case.purged"
    CASE_EXPORTED = "case.exported"
    CASE_ANALYZED = "case.analyzed"
    CASE_COMMENTED = "case.commented"
    CASE_ASSIGNED = "case.assigned"

    ACTOR_MISMATCHED = "actor.mismatched"
    FILES_LISTED = "files.listed"
    FINDINGS_LISTED = "findings.listed"
    FILE_SHOWN = "file.shown"
    FILE_OPENED = "file.opened"
    FILE_LINKED = "file.linked"
    FILE_RECEIVED = "file.received"
    FILE_RENAMED = "file.renamed"
    FILE_CHANGED = "file.changed"
    FILE_REMOVED = "file.removed"
    FILE_RESTORED = "file.restored"
    FILE_PURGED = "file.purged"
    FILE_REPAIRED = "file.repaired"
    FILE_DAMAGED = "file.damaged"
    HOLD_PLACED = "hold.placed"
    HOLD_LIFTED = "hold.lifted"
    HOLDS_LISTED = "holds.listed"
    CERTIFICATE_SHOWN = "certificate.shown"
    CERTIFICATES_LISTED = "certificates.listed"
    UPLOAD_BEGUN = "upload.begun"
    UPLOAD_ENDED = "upload.ended"


class Outcome(StrEnum):
    """Whether it was done or refused."""

    DONE = "done"
    REFUSED = "refused"
