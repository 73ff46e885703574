"""Files inside a JSON body, in base64: those that a partner's software sends along are decoded
piece by piece on their way into the store, and those that it gets are encoded so on their way out.
"""

import asyncio
import base64
from collections.abc import Sequence
from functools import partial
from typing import Annotated

import msgspec

from casekeep.cases.submission import SentFile
from casekeep.files.model import SizeLimits
from casekeep.files.names import is_blank
from casekeep.files.opening import OpenFile
from casekeep.kernel.errors import InputNotValid

from .attachments import FileName
from .uploads import decoded, largest_upload

_LARGEST_BODY = 64 * 1024 * 1024

Content = Annotated[str, msgspec.Meta(description="base64, a `data:` prefix is accepted")]


class FileIn(msgspec.Struct, frozen=True, rename="camel"):
    """A file: its name, and its bytes."""

    file_name: FileName
    content: Content


def sent_file(name: str, content: str) -> SentFile:
    """A file on its way in. Raises InputNotValid for a blank name."""
    if is_blank(name):
        raise InputNotValid("fileName must not be blank")
    return SentFile(name, partial(decoded, content))


def sent_files(files: Sequence[FileIn]) -> tuple[SentFile, ...]:
    """Files on their way in. Raises InputNotValid."""
    return tuple(sent_file(each.file_name, each.content) for each in files)


def largest_submission(limits: SizeLimits) -> int:
    """Bytes that the JSON body of a case or a communication may have, all its files in it."""
    return max(_LARGEST_BODY, largest_upload(limits))


async def encoded(opened: OpenFile) -> str:
    """A file's bytes in base64; others are served between two pieces. Raises BlobMissing."""
    pieces: list[str] = []
    rest = b""
    async for piece in opened.read(0, opened.file.size):
        rest += piece
        whole = len(rest) - len(rest) % 3  # three bytes are four characters
        pieces.append(base64.b64encode(rest[:whole]).decode("ascii"))
        rest = rest[whole:]
        await asyncio.sleep(0)
    return "".join([*pieces, base64.b64encode(rest).decode("ascii")])
