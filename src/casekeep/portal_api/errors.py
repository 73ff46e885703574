"""The portal contract's words for every fact the core can refuse with. An unexpected failure is
told in one sentence; what happened goes to the log, and no text of it that could carry health data.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from litestar import Request, Response
from litestar.exceptions import HTTPException, InternalServerException

from casekeep.blobs.store import StoreUnavailable
from casekeep.http.failures import AGAIN_IN, log_failure
from casekeep.kernel import errors as facts

from .envelope import Refusal, refusal

_Request = Request[Any, Any, Any]


class Words(NamedTuple):
    """How a refusal is told: its status, its text (None: the fact's own, such as `example`) and its
    code.
    """

    status: int
    text: str | None
    code: str = "VALIDATION_ERROR"
    example: str = "What is wrong, in one sentence"


NOT_VALID = Words(400, "Validation failed")
NOT_PROVEN = Words(401, "Invalid or expired token")
NOT_ALLOWED = Words(403, None, example="Your account may not do this")
NO_CASE = Words(403, "You do not have access to this case")
NO_FILE = Words(404, "File not found")
CASE_NOT_FOUND = Words(404, "Case not found")
"""What a partner is told of a case; a patient is told NO_CASE."""
NO_USER = Words(404, "User not found")
NO_ORGANIZATION = Words(404, "Organization not found", "NOT_FOUND")
NO_PATH = Words(404, "Not found", "NOT_FOUND")
NO_METHOD = Words(405, "Method not allowed", "METHOD_NOT_ALLOWED")
HELD = Words(409, "This file cannot be deleted", "CONFLICT")
"""A file under a legal hold: a patient is not told why, nor by whom."""
TOO_LARGE = Words(413, "Payload too large", "PAYLOAD_TOO_LARGE")
TOO_MANY = Words(429, "Too many requests", "RATE_LIMITED")
NO_STORAGE = Words(503, "Storage is unavailable, please try again", "STORAGE_UNAVAILABLE")
"""No unexpected failure: the disk is full, or the bucket does not answer, and the same call will
succeed later.
"""
FAILED = Words(500, "Internal server error", "INTERNAL_ERROR")
WRONG_CODE = Words(401, "Invalid verification code")
REFRESH_INVALID = Words(401, "Invalid or expired refresh token", "REFRESH_INVALID")
REFRESH_REUSED = Words(401, "Refresh token was already used", "REFRESH_REUSED")
TOO_MUCH = Words(413, None, TOO_LARGE.code, example="scan.tiff: the file is larger than 10 MB")
"""A file that is too large: which, and how large it may be."""
TOO_MANY_BYTES = TOO_MUCH._replace(
    example="The files have more than 32 MB together; ask for "
    "documentFormat=url, or for fewer cases"
)
"""The same fact, of the files that one answer would have to carry."""
FILE_REFUSED = Words(400, None, example="lab-result.pdf: the file is empty")
"""A file that cannot be accepted: its sender is told what is wrong with it."""
TAKEN = Words(400, facts.AlreadyTaken.summary)
LOCKED = Words(400, facts.ProfileLocked.summary)

NO_UPLOAD = Words(404, facts.UploadNotKnown.summary)
UPLOAD_GONE = Words(410, facts.UploadGone.summary)
UPLOAD_BUSY = Words(423, facts.UploadBusy.summary)
OFFSET_WRONG = Words(409, facts.OffsetWrong.summary)
CHECKSUM_WRONG = Words(460, facts.ChecksumWrong.summary)
NO_VERSION = Words(412, "Tus-Resumable must be 1.0.0")
NO_BYTES = Words(415, "Content-Type must be application/offset+octet-stream")
NO_ROOM = Words(413, None, TOO_LARGE.code, example="You may keep at most 1000 files")

TABLE: dict[type[facts.DomainError], Words] = {
    facts.SignInRefused: NOT_PROVEN,
    facts.TokenNotValid: NOT_PROVEN,
    facts.RefreshNotValid: REFRESH_INVALID,
    facts.RefreshReplayed: REFRESH_REUSED,
    facts.CodeNotValid: WRONG_CODE,
    facts.OrganizationNotKnown: NO_ORGANIZATION,
    facts.TooManyRequests: TOO_MANY,
    facts.CaseNotVisible: NO_CASE,
    facts.FileNotVisible: NO_FILE,
    facts.HeldFromDeletion: HELD,
    facts.HoldNotKnown: NO_PATH,
    facts.CertificateNotKnown: NO_PATH,
    facts.ActorMismatch: NOT_ALLOWED,
    facts.RoleNotAllowed: NOT_ALLOWED,
    facts.InputNotValid: NOT_VALID,
    facts.NothingToUpdate: NOT_VALID,
    facts.FileEmpty: FILE_REFUSED,
    facts.FileTooLarge: TOO_MUCH,
    facts.FileTypeRefused: FILE_REFUSED,
    facts.DigestMismatch: FILE_REFUSED,
    facts.UploadBroken: NOT_VALID,
    facts.UploadNotKnown: NO_UPLOAD,
    facts.UploadGone: UPLOAD_GONE,
    facts.UploadBusy: UPLOAD_BUSY,
    facts.OffsetWrong: OFFSET_WRONG,
    facts.ChecksumWrong: CHECKSUM_WRONG,
    facts.QuotaExceeded: NO_ROOM,
    facts.WebhookNotKnown: NO_PATH,
    facts.DeliveryNotKnown: NO_PATH,
    facts.AlreadyTaken: TAKEN,
    facts.UserNotKnown: NO_USER,
    facts.ProfileLocked: LOCKED,
}

_HTTP = {words.status: words for words in (NO_PATH, NO_METHOD, NO_VERSION, TOO_LARGE, NO_BYTES)}


def _refused(_: _Request, error: facts.DomainError) -> Response[Refusal]:
    words = TABLE[type(error)]
    waits = isinstance(error, facts.TooManyRequests)
    headers = {"Retry-After": str(error.retry_after)} if waits else None
    return refusal(words.status, words.text or str(error), words.code, headers)


def case_not_found(_: _Request, __: facts.CaseNotVisible) -> Response[Refusal]:
    """The answer to a partner about a case that is not there, or not theirs."""
    return refusal(CASE_NOT_FOUND.status, str(CASE_NOT_FOUND.text), CASE_NOT_FOUND.code)


def _http_refused(request: _Request, error: HTTPException) -> Response[Refusal]:
    """What the framework refuses: an unknown path or method, a body that does not parse."""
    if error.status_code >= FAILED.status:
        return _unexpected(request, error)
    words = _HTTP.get(error.status_code, NOT_VALID)
    return refusal(words.status, str(words.text), words.code, error.headers)


def _hung_up(_: _Request, __: InternalServerException) -> Response[Refusal]:
    """The framework's word for a client that left in the middle of its body: no failure of ours,
    and nobody reads the answer.
    """
    return refusal(NOT_VALID.status, str(NOT_VALID.text), NOT_VALID.code)


def _store_unavailable(_: _Request, __: StoreUnavailable) -> Response[Refusal]:
    words = NO_STORAGE
    return refusal(words.status, str(words.text), words.code, {"Retry-After": str(AGAIN_IN)})


def _unexpected(_: _Request, error: Exception) -> Response[Refusal]:
    log_failure("portal.failed", error)
    return refusal(FAILED.status, str(FAILED.text), FAILED.code)


HANDLERS: dict[int | type[Exception], Callable[[Any, Any], Response[Any]]] = {
    facts.DomainError: _refused,
    InternalServerException: _hung_up,
    HTTPException: _http_refused,
    StoreUnavailable: _store_unavailable,
    Exception: _unexpected,
}
