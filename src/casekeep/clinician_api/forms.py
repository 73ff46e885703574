"""Reads the contract's forms while their files stream past: text fields are kept, files are handed
on as they arrive, and nothing is spooled.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Collection
from dataclasses import dataclass, field, replace
from typing import Any

from casekeep.http.uploads import TEXT_LIMIT, Part, body_chunks, parts
from casekeep.kernel.errors import InputNotValid

from .errors import FieldsNotValid, field_problem
from .proof import AnyRequest

_LONGEST_NUMBER = 9
_YES = {"true", "1", "yes", "on"}
_NO = {"false", "0", "no", "off"}


@dataclass(slots=True)
class Form:
    """The text fields read so far, by name (the last one of a name counts), and what is wrong with
    the form: every problem is told at once, by `demand_valid`.
    """

    fields: dict[str, str] = field(default_factory=dict[str, str])
    problems: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def text(self, name: str, longest: int | None = None) -> str:
        """A required text of at most `longest` characters; empty when that is a problem."""
        value = self.fields.get(name, "").strip()
        if not value:
            self.problem(name, "Field required")
        if longest is not None and len(value) > longest:
            self.problem(name, f"Input should have at most {longest} characters", value)
            return ""
        return value

    def optional(self, name: str) -> str | None:
        """A text that may be missing or blank."""
        return self.fields.get(name, "").strip() or None

    def whole_number(self, name: str, least: int, most: int) -> int:
        """A required whole number between two bounds; `least` when that is a problem."""
        text = self.text(name)
        is_number = text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER
        if is_number and least <= int(text) <= most:
            return int(text)
        if text:
            self.problem(name, f"Input should be a whole number from {least} to {most}", text)
        return least

    def yes_or_no(self, name: str, *, default: bool) -> bool:
        """A truth value; `default` when it is missing, or a problem."""
        text = self.fields.get(name, "").strip().lower()
        if text and text not in _YES | _NO:
            self.problem(name, "Input should be true or false", text)
        return text in _YES if text else default

    def problem(self, name: str, message: str, given: object = None) -> None:
        """Keep a problem with a field, to be told together with all others."""
        self.problems.append(field_problem("body", name, message, given))

    def demand_valid(self) -> None:
        """Raises FieldsNotValid if there was any problem."""
        if self.problems:
            raise FieldsNotValid(*self.problems)


async def read_form(
    request: AnyRequest, form: Form, files: Collection[str]
) -> AsyncGenerator[Part, None]:
    """Fill `form` from a multipart or urlencoded body; yields each part of `files` as it arrives.

    A file input left empty in a browser (no name, no bytes) is passed over; one that holds a text
    is a problem, since passing it over would lose what the caller took for a file.
    Raises UploadBroken, InputNotValid.
    """
    content_type = request.headers.get("content-type", "")
    room = TEXT_LIMIT
    async for part in parts(body_chunks(request.receive), content_type):
        if part.filename is None:
            form.fields[part.name] = text = await part.text()
            room -= len(part.name.encode()) + len(text.encode())
            if room < 0:
                raise InputNotValid(f"The form's text fields are longer than {TEXT_LIMIT} bytes")
            if part.name in files and text.strip():
                form.problem(part.name, "Input should be a file", "")
        elif part.name in files and (sent := await _with_content(part)):
            yield sent


async def _with_content(part: Part) -> Part | None:
    """The part, unless it has neither a name nor bytes."""
    if part.filename:
        return part
    first = await anext(part.chunks, None)
    return replace(part, chunks=_again(first, part.chunks)) if first else None


async def _again(first: bytes, rest: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    yield first
    async for chunk in rest:
        yield chunk
