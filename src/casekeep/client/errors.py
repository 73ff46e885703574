"""What can go wrong, in one tree under CasekeepError. What a server says is told in its own words;
no error carries a token, a key or a password.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, cast

import msgspec

_SERVER = 500


class CasekeepError(Exception):
    """The root of everything that this package raises."""


class Unreachable(CasekeepError):
    """No connection, or it broke before the answer was whole. A call that changes something may
    have been carried out all the same: look before you repeat it.
    """


class NotUnderstood(CasekeepError):
    """The answer is not of the contract: something else answers at this address."""


class DownloadBroken(CasekeepError):
    """A download did not become whole; there is no final file."""


class DigestMismatch(DownloadBroken):
    """The bytes that came are not those that the server has. There is no final file."""


class ApiError(CasekeepError):
    """The server refused. `text` and `code` are its words (the clinician contract has no codes),
    `retry_after` is in seconds, and `request_id` finds the request in the server's log.
    """

    def __init__(
        self,
        status: int,
        text: str,
        *,
        code: str | None = None,
        retry_after: float | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(f"{status}: {text}")
        self.status = status
        self.text = text
        self.code = code
        self.retry_after = retry_after
        self.request_id = request_id


class NotSignedIn(ApiError):
    """No sign-in, a wrong password or code, or one that has ended: sign in again."""


class Forbidden(ApiError):
    """Known, and not allowed; in the portal also a case that is not the patient's."""


class NotFound(ApiError):
    """Absent, deleted, or not for this caller to see: the server does not tell which."""


class Refused(ApiError):
    """A request that cannot be done: an empty, oversized or unwanted file, a field of no use."""


class ValidationFailed(Refused):
    """Fields that are not valid, one entry each where the server lists them: `type`, `loc`, `msg`,
    `input`.
    """

    problems: tuple[Mapping[str, Any], ...] = ()


class Limited(ApiError):
    """Too many requests; `retry_after` says when to come back."""


class ServerFailed(ApiError):
    """The server could not do it: its own failure, or it is busy or out of reach of its storage."""


_BY_STATUS: dict[int, type[ApiError]] = {
    401: NotSignedIn,
    403: Forbidden,
    404: NotFound,
    422: ValidationFailed,
    429: Limited,
}


class _Words(msgspec.Struct):
    """The three shapes of a refusal, at once."""

    detail: str | list[dict[str, Any]] | None = None
    error: str | None = None
    code: str | None = None
    error_description: str | None = None


def error_from(status: int, headers: Mapping[str, str], body: bytes) -> ApiError:
    """The error that an answer tells."""
    words = _read(body)
    kind = _BY_STATUS.get(status, ServerFailed if status >= _SERVER else Refused)
    if words.error == "invalid_grant":
        kind = NotSignedIn
    elif words.error == "Validation failed":
        kind = ValidationFailed
    error = kind(
        status,
        _text(status, words),
        code=words.code or (words.error if words.error_description else None),
        retry_after=_seconds(headers.get("retry-after")),
        request_id=headers.get("x-request-id"),
    )
    if isinstance(error, ValidationFailed) and isinstance(words.detail, list):
        error.problems = tuple(words.detail)
    return error


def _read(body: bytes) -> _Words:
    try:
        return msgspec.json.decode(body, type=_Words)
    except msgspec.MsgspecError:
        return _Words()  # a proxy's page, or nothing: the status tells enough


def _text(status: int, words: _Words) -> str:
    if isinstance(words.detail, list):
        return "; ".join(_problem(each) for each in words.detail)
    text = words.detail or words.error_description or words.error
    return text or (HTTPStatus(status).phrase if status in set(HTTPStatus) else "refused")


def _problem(problem: Mapping[str, Any]) -> str:
    loc = cast("list[object]", problem.get("loc") or [])
    return f"{'.'.join(str(each) for each in loc)}: {problem.get('msg', 'not valid')}"


def _seconds(field: str | None) -> float | None:
    """Retry-After in seconds; its other form, a date, is not sent by this server."""
    return float(field) if field and field.isascii() and field.isdigit() else None
