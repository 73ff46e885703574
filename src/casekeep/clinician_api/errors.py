"""The clinician contract's words for every fact the core can refuse with: `{"detail": …}`.
Never an exception's own text for an unexpected failure: that goes to the log, under a reference.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, cast

from litestar import Request, Response
from litestar.exceptions import (
    HTTPException,
    InternalServerException,
    SerializationException,
    ValidationException,
)

from casekeep.blobs.store import StoreUnavailable
from casekeep.http.failures import AGAIN_IN, log_failure
from casekeep.kernel import errors as facts
from casekeep.kernel.request import request_id

_AnyRequest = Request[Any, Any, Any]
_Answer = Response[dict[str, Any]]


class Words(NamedTuple):
    """How a fact is told: the status, and the text (None: the fact's own)."""

    status: int
    text: str | None = None


_NOT_PROVEN = Words(401, "Invalid or expired token")
_NOT_REFRESHED = Words(400, "Invalid Refresh Token")
NO_STORAGE = "Storage is unavailable; nothing was kept, please try again"
NO_VERSION = "Tus-Resumable must be 1.0.0"
NO_BYTES = "Content-Type must be application/offset+octet-stream"
_HTTP = {
    404: "Not Found",
    405: "Method Not Allowed",
    412: NO_VERSION,
    413: "Request body too large",
    415: NO_BYTES,
}
_NOT_READ = "The request could not be read"
_FAILED = 500
_WHOLE_BODY = "data"  # what the framework calls it

TABLE: dict[type[facts.DomainError], Words] = {
    facts.SignInRefused: Words(400, "Invalid login credentials"),
    facts.TokenNotValid: _NOT_PROVEN,
    facts.RefreshNotValid: _NOT_REFRESHED,
    facts.RefreshReplayed: _NOT_REFRESHED,
    facts.CodeNotValid: _NOT_PROVEN,
    facts.OrganizationNotKnown: _NOT_PROVEN,
    facts.TooManyRequests: Words(429),
    facts.CaseNotVisible: Words(404, "Case not found"),
    facts.FileNotVisible: Words(404, "File not found"),
    facts.HeldFromDeletion: Words(409),
    facts.HoldNotKnown: Words(404),
    facts.CertificateNotKnown: Words(404),
    facts.ActorMismatch: Words(403),
    facts.RoleNotAllowed: Words(403),
    facts.InputNotValid: Words(400),
    facts.NothingToUpdate: Words(400),
    facts.FileEmpty: Words(400),
    facts.FileTooLarge: Words(413),
    facts.FileTypeRefused: Words(415),
    facts.DigestMismatch: Words(400),
    facts.UploadBroken: Words(400),
    facts.UploadNotKnown: Words(404),
    facts.UploadGone: Words(410),
    facts.UploadBusy: Words(423),
    facts.OffsetWrong: Words(409),
    facts.ChecksumWrong: Words(460),
    facts.QuotaExceeded: Words(413),
    facts.WebhookNotKnown: Words(404),
    facts.DeliveryNotKnown: Words(404),
    facts.AlreadyTaken: Words(400),
    facts.UserNotKnown: Words(404, "User not found"),
    facts.ProfileLocked: Words(400),
}


class FieldsNotValid(Exception):
    """Request validation failed: the contract answers 422 with a list, one entry a field."""

    def __init__(self, *problems: dict[str, Any]) -> None:
        super().__init__()
        self.problems = list(problems)


def field_problem(
    where: str, field: str | None, message: str, given: object = None
) -> dict[str, Any]:
    """One entry of a 422 answer. `where`: path, query or body; `field` None: all of that."""
    kind = "missing" if given is None else "value_error"
    loc = [where] if field is None else [where, field]
    return {"type": kind, "loc": loc, "msg": message, "input": given}


def _refused(_: _AnyRequest, error: facts.DomainError) -> _Answer:
    words = TABLE[type(error)]
    headers: dict[str, str] = {}
    if words.status == _NOT_PROVEN.status:
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, facts.TooManyRequests):
        headers["Retry-After"] = str(error.retry_after)
    return _answer(words.status, words.text or str(error), headers)


def _fields_not_valid(_: _AnyRequest, error: FieldsNotValid) -> _Answer:
    return Response({"detail": error.problems}, status_code=422)


def _http_error(request: _AnyRequest, error: HTTPException) -> _Answer:
    """What the framework refuses: an unknown path or method, a body that does not parse."""
    if isinstance(error.__cause__, SerializationException):
        return _not_json(request, error)
    if error.status_code >= _FAILED:
        return _unexpected(request, error)
    return _answer(error.status_code, _HTTP.get(error.status_code, _NOT_READ), error.headers)


def _not_valid(request: _AnyRequest, error: ValidationException) -> _Answer:
    """Well-formed JSON, or a query, whose fields are of the wrong kind."""
    found = cast("list[dict[str, str]]", error.extra if isinstance(error.extra, list) else [])
    fields = [(each.get("source", "body"), each.get("key")) for each in found]
    problems = [
        field_problem(where, None if name == _WHOLE_BODY else name, "Input is not valid", "")
        for where, name in fields
    ]
    return _fields_not_valid(request, FieldsNotValid(*problems))


def _not_json(request: _AnyRequest, _: Exception) -> _Answer:
    """A body that is no JSON."""
    problem = field_problem("body", None, "JSON decode error", {}) | {"type": "json_invalid"}
    return _fields_not_valid(request, FieldsNotValid(problem))


def _hung_up(_: _AnyRequest, __: InternalServerException) -> _Answer:
    """The framework's word for a client that left in the middle of its body: no failure of ours,
    and nobody reads the answer.
    """
    return _answer(400, _NOT_READ)


def _store_unavailable(_: _AnyRequest, __: StoreUnavailable) -> _Answer:
    return _answer(503, NO_STORAGE, {"Retry-After": str(AGAIN_IN)})


def _unexpected(_: _AnyRequest, error: Exception) -> _Answer:
    log_failure("clinician.failed", error)
    return _answer(_FAILED, f"Internal server error: {request_id.get()}")


def _answer(status: int, text: str, headers: Mapping[str, str] | None = None) -> _Answer:
    return Response({"detail": text}, status_code=status, headers=dict(headers or {}))


HANDLERS: dict[int | type[Exception], Callable[[Any, Any], Response[Any]]] = {
    facts.DomainError: _refused,
    FieldsNotValid: _fields_not_valid,
    ValidationException: _not_valid,
    InternalServerException: _hung_up,
    HTTPException: _http_error,
    StoreUnavailable: _store_unavailable,
    Exception: _unexpected,
}
