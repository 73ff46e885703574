"""Files that a partner's software sends along: base64 inside a JSON body, decoded piece by piece on
their way into the store.
"""

from collections.abc import Sequence
from functools import partial
from typing import Annotated

import msgspec

from casekeep.cases.submission import SentFile
from casekeep.files.model import SizeLimits
from casekeep.kernel.errors import InputNotValid

from .uploads import decoded, largest_upload

_LARGEST_BODY = 64 * 1024 * 1024

FileName = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
Content = Annotated[str, msgspec.Meta(description="base64, a `data:` prefix is accepted")]


class FileIn(msgspec.Struct, frozen=True, rename="camel"):
    """A file: its name, and its bytes."""

    file_name: FileName
    content: Content


def sent_file(name: str, content: str) -> SentFile:
    """A file on its way in. Raises InputNotValid for a blank name."""
    if not name.strip():
        raise InputNotValid("fileName must not be blank")
    return SentFile(name, partial(decoded, content))


def sent_files(files: Sequence[FileIn]) -> tuple[SentFile, ...]:
    """Files on their way in. Raises InputNotValid."""
    return tuple(sent_file(each.file_name, each.content) for each in files)


def largest_submission(limits: SizeLimits) -> int:
    """Bytes that the JSON body of a case or a communication may have, all its files in it."""
    return max(_LARGEST_BODY, largest_upload(limits))
