"""The facts that can refuse a request. The core raises them; each edge has a total table of its
own words for them (a test compares the table's keys with `leaves()`). A fact never carries
another tenant's data, and its text is safe to show to the caller.
"""

from typing import ClassVar


class DomainError(Exception):
    """A refusal that a caller can be told about."""

    summary: ClassVar[str] = "The request was refused"

    def __str__(self) -> str:
        """The text for the caller: complete, and free of anybody's health data."""
        return self.args[0] if self.args else self.summary


class SignInRefused(DomainError):
    """Unknown user, wrong password, or a user who may not sign in: one fact for all."""


class TokenNotValid(DomainError):
    """An access token or a signed link that proves nothing (missing, forged, expired, ended)."""


class RefreshNotValid(DomainError):
    """A refresh token that is unknown, expired or of an ended sign-in."""


class RefreshReplayed(DomainError):
    """A refresh token that was rotated before; its whole sign-in has been ended."""


class CodeNotValid(DomainError):
    """A one-time code that is wrong, expired, used up, or of nobody: one fact for all."""


class OrganizationNotKnown(DomainError):
    """An API key that selects no organisation."""


class TooManyRequests(DomainError):
    """A limit on the number of attempts was reached."""

    summary = "Too many requests"

    def __init__(self, retry_after: int) -> None:
        """`retry_after`: seconds until another attempt can succeed."""
        super().__init__(self.summary)
        self.retry_after = retry_after


class CaseNotVisible(DomainError):
    """A case that does not exist, is deleted, or is not this actor's to see: one fact for all."""


class FileNotVisible(DomainError):
    """A file that does not exist, is deleted, or is not this actor's to see: one fact for all."""


class HeldFromDeletion(DomainError):
    """A case or a file that the actor may see, and that a legal hold keeps from being deleted. The
    text says who placed it, when and why; an edge for patients has words of its own.
    """


class HoldNotKnown(DomainError):
    """A hold that the organisation does not have."""

    summary = "Hold not found"


class CertificateNotKnown(DomainError):
    """A file that was not destroyed, or not by this organisation: one fact for both."""

    summary = "Certificate not found"


class ActorMismatch(DomainError):
    """The request names another user than the one its token proves."""

    summary = "user_id does not match the signed-in user"


class RoleNotAllowed(DomainError):
    """The actor's role has no such act."""

    summary = "Your account may not do this"


class InputNotValid(DomainError):
    """Well-formed input that cannot be accepted; the text says which field and why."""


class NothingToUpdate(DomainError):
    """An update that names nothing to change."""

    summary = "No data provided for update"


class FileEmpty(DomainError):
    """A file of zero bytes."""


class FileTooLarge(DomainError):
    """A file over its size limit, or several together over that of one answer."""


class FileTypeRefused(DomainError):
    """Content that is not of an accepted type, whatever the name or the client says."""


class DigestMismatch(DomainError):
    """Bytes that are not those whose digest came with them."""

    summary = "The content is not what its digest says"


class UploadBroken(DomainError):
    """A body that ended early or does not parse."""


class UploadNotKnown(DomainError):
    """A resumable upload that does not exist, or is another user's: one fact for both."""

    summary = "Upload not found"


class UploadGone(DomainError):
    """A resumable upload of one's own that was given up, refused, finished, or ran out of time."""

    summary = "The upload is over"


class UploadBusy(DomainError):
    """A resumable upload that another request has in hand."""

    summary = "Another request has the upload in hand"


class OffsetWrong(DomainError):
    """Bytes for a resumable upload that do not follow on what it has."""

    summary = "Upload-Offset is not where the upload is"


class ChecksumWrong(DomainError):
    """Bytes that are not those that their sender digested."""

    summary = "The bytes do not match Upload-Checksum"


class QuotaExceeded(DomainError):
    """More bytes, files or unfinished uploads than the user or the organisation may have."""


class WebhookNotKnown(DomainError):
    """A webhook that the organisation does not have."""

    summary = "Webhook not found"


class DeliveryNotKnown(DomainError):
    """A delivery that the organisation does not have."""

    summary = "Delivery not found"


class AlreadyTaken(DomainError):
    """An email address or phone number that somebody in the organisation has already."""

    summary = "Somebody has this email address or phone number already"


class UserNotKnown(DomainError):
    """A user who does not exist, is no patient, or whose account is closed: one fact for all."""


class ProfileLocked(DomainError):
    """A change of what a patient's running cases rest on: who the patient is."""

    summary = (
        "First name, last name, date of birth and gender cannot be changed "
        "while a case is being worked on"
    )


def leaves(of: type[DomainError] = DomainError) -> set[type[DomainError]]:
    """Every concrete fact: the classes below `of` that nothing derives from."""
    below = of.__subclasses__()
    return {leaf for each in below for leaf in leaves(each)} if below else {of}
