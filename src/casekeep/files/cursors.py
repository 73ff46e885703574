"""The cursor of a list of files: where a page ended, as opaque text. It grants nothing; whoever
sends one sees only what they may see anyway.
"""

import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from datetime import UTC, datetime, timedelta
from uuid import UUID

from casekeep.files.model import StoredFile
from casekeep.kernel.errors import InputNotValid

_SHAPE = struct.Struct(">q16s")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def cursor_after(file: StoredFile) -> str:
    """The cursor of the page that follows `file`."""
    since = (file.created_at - _EPOCH) // _MICROSECOND
    return urlsafe_b64encode(_SHAPE.pack(since, file.id.bytes)).decode()


def read_cursor(text: str) -> tuple[datetime, UUID]:
    """The time and the id of the last file before the page. Raises InputNotValid."""
    try:
        since, file_id = _SHAPE.unpack(urlsafe_b64decode(text.encode("ascii")))
        return _EPOCH + timedelta(microseconds=since), UUID(bytes=file_id)
    except (ValueError, NotBase64, struct.error, OverflowError):
        raise InputNotValid("after is not a cursor of this list") from None
