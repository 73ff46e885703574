"""Where a page of a list ended, as opaque text: the time and the id of its last row. It grants
nothing; whoever sends one sees only what they may see anyway.
"""

import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from datetime import UTC, datetime, timedelta
from uuid import UUID

from casekeep.kernel.errors import InputNotValid

_SHAPE = struct.Struct(">q16s")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def cursor_at(when: datetime, row_id: UUID) -> str:
    """The cursor of the page that follows the row of this time and id."""
    return urlsafe_b64encode(_SHAPE.pack((when - _EPOCH) // _MICROSECOND, row_id.bytes)).decode()


def read_cursor(text: str) -> tuple[datetime, UUID]:
    """The time and the id of the last row before the page. Raises InputNotValid."""
    try:
        since, row_id = _SHAPE.unpack(urlsafe_b64decode(text.encode("ascii")))
        return _EPOCH + timedelta(microseconds=since), UUID(bytes=row_id)
    except (ValueError, NotBase64, struct.error, OverflowError):
        raise InputNotValid("after is not a cursor of this list") from None
