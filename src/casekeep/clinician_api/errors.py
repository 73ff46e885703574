"""The clinician contract's words for every fact the core can refuse with: `{"detail": …}`.
Never an exception's own text for an unexpected failure: that goes to the log, under a reference.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from litestar import Request, Response
from litestar.exceptions import HTTPException

from casekeep.blobs.store import StoreUnavailable
from casekeep.http.failures import log_failure
from casekeep.kernel import errors as facts
from casekeep.kernel.request import request_id

_AnyRequest = Request[Any, Any, Any]
_Answer = Response[dict[str, Any]]


class Words(NamedTuple):
    """How a fact is told: the status, and the text (None: the fact's own)."""

    status: int
    text: str | None = None


_UNAUTHORISED = Words(401, "Invalid or expired token")

TABLE: dict[type[facts.DomainError], Words] = {
    facts.SignInRefused: Words(400, "Invalid login credentials"),
    facts.TokenNotValid: _UNAUTHORISED,
    facts.RefreshNotValid: Words(400, "Invalid Refresh Token"),
    facts.RefreshReplayed: Words(400, "Invalid Refresh Token"),
    facts.CodeNotValid: _UNAUTHORISED,
    facts.OrganizationNotKnown: _UNAUTHORISED,
    facts.TooManyRequests: Words(429),
    facts.CaseNotVisible: Words(404, "Case not found"),
    facts.FileNotVisible: Words(404, "File not found"),
    facts.ActorMismatch: Words(403),
    facts.RoleNotAllowed: Words(403),
    facts.InputNotValid: Words(400),
    facts.NothingToUpdate: Words(400),
    facts.FileEmpty: Words(400),
    facts.FileTooLarge: Words(413),
    facts.FileTypeRefused: Words(415),
    facts.UploadBroken: Words(400),
    facts.AlreadyTaken: Words(400),
}


class FieldsNotValid(Exception):
    """Request validation failed: the contract answers 422 with a list, one entry a field."""

    def __init__(self, *problems: dict[str, Any]) -> None:
        super().__init__()
        self.problems = list(problems)


def field_problem(where: str, field: str, message: str, given: object = None) -> dict[str, Any]:
    """One entry of a 422 answer. `where`: path, query or body."""
    kind = "missing" if given is None else "value_error"
    return {"type": kind, "loc": [where, field], "msg": message, "input": given}


def _refused(_: _AnyRequest, error: facts.DomainError) -> _Answer:
    words = TABLE[type(error)]
    headers: dict[str, str] = {}
    if words.status == _UNAUTHORISED.status:
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, facts.TooManyRequests):
        headers["Retry-After"] = str(error.retry_after)
    return _answer(words.status, words.text or str(error), headers)


def _fields_not_valid(_: _AnyRequest, error: FieldsNotValid) -> _Answer:
    return Response({"detail": error.problems}, status_code=422)


def _http_error(_: _AnyRequest, error: HTTPException) -> _Answer:
    texts = {404: "Not Found", 405: "Method Not Allowed", 413: "Request body too large"}
    text = texts.get(error.status_code, "The request could not be read")
    return _answer(error.status_code, text, error.headers)


def _store_unavailable(_: _AnyRequest, __: StoreUnavailable) -> _Answer:
    text = "Storage is unavailable; nothing was kept, please try again"
    return _answer(503, text, {"Retry-After": "30"})


def _unexpected(_: _AnyRequest, error: Exception) -> _Answer:
    log_failure("clinician.failed", error)
    return _answer(500, f"Internal server error: {request_id.get()}")


def _answer(status: int, text: str, headers: Mapping[str, str] | None = None) -> _Answer:
    return Response({"detail": text}, status_code=status, headers=dict(headers or {}))


HANDLERS: dict[int | type[Exception], Callable[[Any, Any], Response[Any]]] = {
    facts.DomainError: _refused,
    FieldsNotValid: _fields_not_valid,
    HTTPException: _http_error,
    StoreUnavailable: _store_unavailable,
    Exception: _unexpected,
}
