"""Reads the contract's forms while their files stream past: text fields are kept, files are handed
on as they arrive, and nothing is spooled.
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

from casekeep.http.uploads import Part, body_chunks, parts

from .errors import FieldsNotValid, field_problem
from .proof import AnyRequest

_LONGEST_NUMBER = 9
_YES = {"true", "1", "yes", "on"}
_NO = {"false", "0", "no", "off"}


@dataclass(slots=True)
class Form:
    """The text fields read so far, by name (the last one of a name counts)."""

    fields: dict[str, str] = field(default_factory=dict[str, str])

    def text(self, name: str) -> str:
        """A required text. Raises FieldsNotValid."""
        value = self.fields.get(name, "").strip()
        if not value:
            raise FieldsNotValid(field_problem("body", name, "Field required"))
        return value

    def optional(self, name: str) -> str | None:
        """A text that may be missing or blank."""
        return self.fields.get(name, "").strip() or None

    def whole_number(self, name: str, least: int, most: int) -> int:
        """A required whole number between two bounds. Raises FieldsNotValid."""
        text = self.text(name)
        value = (
            int(text)
            if text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER
            else None
        )
        if value is None or not least <= value <= most:
            message = f"Input should be a whole number from {least} to {most}"
            raise FieldsNotValid(field_problem("body", name, message, text))
        return value

    def yes_or_no(self, name: str, *, default: bool) -> bool:
        """A truth value. Raises FieldsNotValid."""
        text = self.fields.get(name, "").strip().lower()
        if text and text not in _YES | _NO:
            raise FieldsNotValid(field_problem("body", name, "Input should be true or false", text))
        return text in _YES if text else default


async def read_form(
    request: AnyRequest, form: Form, idle_timeout: float
) -> AsyncGenerator[Part, None]:
    """Fill `form` from a multipart or urlencoded body; yields each file part as it arrives.

    A file input left empty in a browser (no name, no bytes) is passed over.
    Raises UploadBroken, InputNotValid.
    """
    content_type = request.headers.get("content-type", "")
    chunks = body_chunks(request.receive, idle_timeout)
    async for part in parts(chunks, content_type):
        if part.filename is None:
            form.fields[part.name] = await part.text()
        elif part.filename:
            yield part
