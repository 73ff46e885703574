"""Reads JSON bodies. Whatever the decoder says of bytes that are no JSON is told as one kind of
error, right where they are read, so that the same error elsewhere stays a failure of ours.
"""

from typing import Any

from litestar import Request
from litestar.datastructures import State
from litestar.exceptions import SerializationException


class JsonRequest(Request[Any, Any, State]):
    """A request whose JSON is read as RFC 8259 has it: in UTF-8 (section 8.1)."""

    async def json(self) -> Any:  # noqa: ANN401 - as the framework has it
        """The body as JSON. Raises SerializationException, also for text that is not UTF-8 and for
        a body of nothing but opening brackets, which the framework lets through.
        """
        try:
            return await super().json()
        except (UnicodeDecodeError, RecursionError):
            raise SerializationException("the body is no JSON") from None
