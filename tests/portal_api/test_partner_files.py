"""What a partner's software gets inside a JSON body is the file, however the store gives it."""

import base64
from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime
from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from casekeep.files.model import Category, StoredFile
from casekeep.files.opening import OpenFile
from casekeep.kernel.ids import FileId, OrganizationId, new_id
from casekeep.portal_api.partner_files import encoded


def opened(pieces: Sequence[bytes]) -> OpenFile:
    content = b"".join(pieces)
    file = StoredFile(
        FileId(new_id()),
        OrganizationId(new_id()),
        *(None, None, None),
        *("a.txt", "lab_files/a.txt", "text/plain", len(content), sha256(content).digest()),
        Category.LAB,
        is_phi=False,
        is_restricted=False,
        uploaded_by=None,
        created_at=datetime(2026, 3, 4, tzinfo=UTC),
    )

    async def read(start: int, length: int) -> AsyncGenerator[bytes, None]:
        assert (start, length) == (0, len(content))
        for piece in pieces:
            yield piece

    return OpenFile(file, read)


@given(pieces=st.lists(st.binary(max_size=10), max_size=6))
async def test_pieces_of_any_size_make_one_text(pieces: list[bytes]) -> None:
    assert await encoded(opened(pieces)) == base64.b64encode(b"".join(pieces)).decode()
