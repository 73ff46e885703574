"""ZIPs that are made while they are sent: as long as was said, and open to the tools of others."""

import asyncio
import io
import shutil
import subprocess
import zipfile
from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from casekeep.files.packing import Packed, pack, packed_size

AT = datetime(2026, 3, 4, 10, 30, 16, tzinfo=UTC)


async def pieces(*given: bytes) -> AsyncGenerator[bytes, None]:
    for piece in given:
        yield piece


def entry(path: str, *given: bytes) -> Packed:
    return Packed(path, sum(map(len, given)), AT, partial(pieces, *given))


async def packed(entries: Sequence[Packed]) -> bytes:
    return b"".join([piece async for piece in pack(entries)])


ENTRIES = [
    entry("manifest.json", b"{}"),
    entry("files/Βεβαίωση 検査.pdf", b"%PDF-", b"1.7"),
    entry("files/empty"),
    entry("files/long.bin", *[b"x" * 1000] * 50),
]


@pytest.mark.parametrize("limit", [zipfile.ZIP64_LIMIT, 10_000, 100, 0])
async def test_it_is_as_long_as_was_said(monkeypatch: pytest.MonkeyPatch, limit: int) -> None:
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", limit)
    for count in range(len(ENTRIES) + 1):
        made = await packed(ENTRIES[:count])
        assert len(made) == packed_size(ENTRIES[:count])


async def test_many_entries_are_counted_in_the_long_form(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 3)
    assert len(await packed(ENTRIES)) == packed_size(ENTRIES)


async def test_python_reads_it() -> None:
    made = await packed(ENTRIES)
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [each.path for each in ENTRIES]
        for info in archive.infolist():
            assert info.compress_type == zipfile.ZIP_STORED
            assert info.date_time == (2026, 3, 4, 10, 30, 16)


@pytest.mark.skipif(shutil.which("unzip") is None, reason="unzip is not installed")
async def test_unzip_reads_it(tmp_path: Path) -> None:
    (tmp_path / "made.zip").write_bytes(await packed(ENTRIES))
    told = await asyncio.to_thread(
        subprocess.run, ["unzip", "-tqq", tmp_path / "made.zip"], check=False
    )
    assert told.returncode == 0


async def test_the_same_entries_make_the_same_bytes() -> None:
    assert await packed(ENTRIES) == await packed(ENTRIES)


async def test_nothing_more_than_a_piece_is_held() -> None:
    held = [len(piece) async for piece in pack([entry("files/a", *[b"a" * 4096] * 20)])]
    assert len(held) == 21
    assert max(held) < 5000


async def test_what_breaks_off_opens_for_nobody() -> None:
    async def broken() -> AsyncGenerator[bytes, None]:
        yield b"half"
        raise OSError("gone")

    sent = bytearray()

    async def send() -> None:
        async for piece in pack([ENTRIES[1], Packed("files/b", 8, AT, broken)]):
            sent.extend(piece)

    with pytest.raises(OSError, match="gone"):
        await send()
    assert b"half" in sent
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(io.BytesIO(bytes(sent)))
