"""What is found in folders and in ZIPs that are odd, broken, or made to do harm."""

import os
import stat
import struct
import zipfile
from pathlib import Path

import pytest

from casekeep.files.importing import zips
from casekeep.files.importing.folders import find_in_folder
from casekeep.files.importing.model import SourceBroken
from casekeep.kernel.errors import InputNotValid
from tests.files.importing.pier import Pier, by_fate, folder_of, reasons, zip_of
from tests.files.room import pdf

GOOD = pdf("good")


async def test_what_systems_put_beside_files_is_left_out_and_told(
    pier: Pier, tmp_path: Path
) -> None:
    odd = {
        ".DS_Store": b"x",
        ".git/config": b"x",
        "Thumbs.db": b"x",
        "sub/desktop.ini": b"x",
        "__MACOSX/._good.pdf": b"x",
        "~$letter.doc": b"x",
    }
    made = zip_of(tmp_path / "odd.zip", {**odd, "good.pdf": GOOD})
    told = await pier.bring(made, rehearses=True)
    assert by_fate(told) == {"left_out": list(odd), "kept": ["good.pdf"]}
    folder = folder_of(tmp_path / "odd", {**odd, "good.pdf": GOOD})
    told = await pier.bring(folder)
    assert by_fate(told)["kept"] == ["good.pdf"]
    assert reasons(told) == {
        ".DS_Store": "hidden",
        ".git": "hidden",
        "Thumbs.db": "a file of the system",
        "sub/desktop.ini": "a file of the system",
        "__MACOSX": "a file of the system",
        "~$letter.doc": "a lock of an office program",
    }


async def test_links_and_devices_of_a_folder_are_not_followed(pier: Pier, tmp_path: Path) -> None:
    outside = folder_of(tmp_path / "outside", {"secret.pdf": pdf("secret")})
    folder = folder_of(tmp_path / "files", {"good.pdf": GOOD})
    (folder / "link.pdf").symlink_to(outside / "secret.pdf")
    (folder / "linked").symlink_to(outside, target_is_directory=True)
    (folder / "round").symlink_to(folder, target_is_directory=True)
    os.mkfifo(folder / "pipe.pdf")
    told = await pier.bring(folder)
    assert by_fate(told)["kept"] == ["good.pdf"]
    assert reasons(told) == {
        "link.pdf": "a symbolic link; it is not followed",
        "linked": "a symbolic link; it is not followed",
        "round": "a symbolic link; it is not followed",
        "pipe.pdf": "neither a file nor a folder",
    }


async def test_a_link_that_takes_a_files_place_is_not_followed(pier: Pier, tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "files", {"good.pdf": GOOD})
    (found,) = find_in_folder(folder).files
    (folder / "good.pdf").unlink()
    (folder / "good.pdf").symlink_to("/etc/hostname")

    async def read() -> bytes:
        return b"".join([piece async for piece in found.read()])

    with pytest.raises(SourceBroken):
        await read()


async def test_names_that_are_no_utf8(pier: Pier, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / os.fsdecode("Müller.pdf".encode("cp1252"))).write_bytes(GOOD)
    assert by_fate(await pier.bring(folder)) == {"kept": ["Müller.pdf"]}


@pytest.mark.parametrize(
    ("raw", "flag", "name"),
    [
        ("Müller 検査.pdf".encode(), True, "Müller 検査.pdf"),
        ("Müller.pdf".encode("cp437"), False, "Müller.pdf"),
        ("検査.pdf".encode(), False, "検査.pdf"),
        (b"sub\\b.pdf", False, "b.pdf"),
    ],
)
async def test_names_in_a_zip(
    pier: Pier, tmp_path: Path, raw: bytes, flag: bool, name: str
) -> None:
    placeholder = "x" * len(raw)
    made = zip_of(tmp_path / "a.zip", {placeholder: GOOD}).read_bytes()
    made = made.replace(placeholder.encode(), raw)
    if flag:
        made = with_flag(made, 0x800)
    (tmp_path / "a.zip").write_bytes(made)
    await pier.bring(tmp_path / "a.zip")
    assert await pier.names() == [name]


def with_flag(made: bytes, flag: int) -> bytes:
    """The only entry of a ZIP with a flag, at both places that have it."""
    changed = bytearray(made)
    for signature, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        at = made.index(signature) + offset
        old = struct.unpack_from("<H", changed, at)[0]
        struct.pack_into("<H", changed, at, old | flag)
    return bytes(changed)


async def test_the_name_in_unicode_wins(pier: Pier, tmp_path: Path) -> None:
    info = zipfile.ZipInfo("??.pdf")
    crc = zips.crc32(b"??.pdf")
    field = b"\1" + struct.pack("<L", crc) + "検査.pdf".encode()
    info.extra = struct.pack("<HH", 0x7075, len(field)) + field
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(info, GOOD)
    await pier.bring(tmp_path / "a.zip")
    assert await pier.names() == ["検査.pdf"]


@pytest.mark.parametrize(
    "path",
    ["../../etc/a.pdf", "/etc/a.pdf", "C:\\a.pdf", "a/../../b.pdf", "..\\a.pdf", "\\\\host\\a.pdf"],
)
async def test_paths_that_lead_out_are_refused(pier: Pier, tmp_path: Path, path: str) -> None:
    made = zip_of(tmp_path / "a.zip", {path: GOOD, "good.pdf": GOOD})
    told = await pier.bring(made)
    assert reasons(told) == {path: "its path leads out of the archive"}
    assert await pier.names() == ["good.pdf"]


async def test_links_in_a_zip_are_none(pier: Pier, tmp_path: Path) -> None:
    link = zipfile.ZipInfo("link.pdf")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    assert reasons(await pier.bring(tmp_path / "a.zip")) == {
        "link.pdf": "a symbolic link; it is not followed"
    }


async def test_what_unpacks_to_too_much_is_refused_unread(pier: Pier, tmp_path: Path) -> None:
    bomb = zip_of(
        tmp_path / "bomb.zip",
        {"bomb.pdf": b"%PDF-1.7" + bytes(2 << 20), "good.pdf": GOOD},
        compression=zipfile.ZIP_DEFLATED,
    )
    told = await pier.bring(bomb)
    assert reasons(told) == {"bomb.pdf": "it unpacks to more than 500 times its size"}
    assert await pier.names() == ["good.pdf"]


async def test_an_entry_gives_no_more_than_it_says(pier: Pier, tmp_path: Path) -> None:
    made = zip_of(tmp_path / "a.zip", {"a.pdf": GOOD * 3}, compression=zipfile.ZIP_DEFLATED)
    content = made.read_bytes().replace(
        struct.pack("<L", len(GOOD) * 3), struct.pack("<L", len(GOOD))
    )
    made.write_bytes(content)
    assert reasons(await pier.bring(made)) == {"a.pdf": "it is damaged in the archive"}
    assert await pier.room.is_empty(pier.case.organization_id)


async def test_overlapping_entries_are_refused_whole(pier: Pier, tmp_path: Path) -> None:
    made = zip_of(tmp_path / "a.zip", {"a.pdf": GOOD, "b.pdf": GOOD}).read_bytes()
    size = struct.pack("<LL", len(GOOD), len(GOOD))
    lying = made.replace(size, struct.pack("<LL", len(made), len(made)))
    (tmp_path / "a.zip").write_bytes(lying)
    with pytest.raises(InputNotValid, match="holds more than it has bytes"):
        await pier.bring(tmp_path / "a.zip")


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        ({"MOST_ENTRIES": 2}, "more than 2 entries"),
        ({"MOST_BYTES": 1000}, "unpacks to more than"),
        ({"_LARGEST_READ": 100}, "no ZIP that can be read"),
    ],
)
async def test_too_much_altogether_is_refused(
    pier: Pier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: dict[str, int], said: str
) -> None:
    for name, value in limit.items():
        monkeypatch.setattr(zips, name, value)
    made = zip_of(tmp_path / "a.zip", {f"{number}.pdf": GOOD for number in range(3)})
    with pytest.raises(InputNotValid, match=said):
        await pier.bring(made)


async def test_what_cannot_be_read_is_refused(pier: Pier, tmp_path: Path) -> None:
    encrypted = with_flag(zip_of(tmp_path / "a.zip", {"a.pdf": GOOD}).read_bytes(), 0x1)
    (tmp_path / "a.zip").write_bytes(encrypted)
    assert reasons(await pier.bring(tmp_path / "a.zip")) == {"a.pdf": "it is encrypted"}
    packed = zip_of(tmp_path / "b.zip", {"b.pdf": GOOD}, compression=zipfile.ZIP_LZMA)
    assert reasons(await pier.bring(packed)) == {
        "b.pdf": "it is packed in a way that is not read here"
    }
    damaged = zip_of(tmp_path / "c.zip", {"c.pdf": GOOD}).read_bytes().replace(b"%PDF", b"%PDG", 1)
    (tmp_path / "c.zip").write_bytes(damaged)
    assert reasons(await pier.bring(tmp_path / "c.zip")) == {
        "c.pdf": "it is damaged in the archive"
    }
    assert await pier.room.is_empty(pier.case.organization_id)


async def test_one_path_twice_is_refused_the_second_time(pier: Pier, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.pdf", GOOD)
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a.pdf", pdf("another"))
    told = await pier.bring(tmp_path / "a.zip")
    assert by_fate(told) == {"refused": ["a.pdf"], "kept": ["a.pdf"]}
    assert reasons(told) == {"a.pdf": "twice in the archive"}


@pytest.mark.parametrize("content", [b"", b"PK", b"PK\5\6" + bytes(18), GOOD])
async def test_what_is_no_zip(pier: Pier, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.zip").write_bytes(content)
    if content.startswith(b"PK\5\6"):
        assert await pier.bring(tmp_path / "a.zip") == []
        return
    with pytest.raises(InputNotValid, match="no ZIP that can be read"):
        await pier.bring(tmp_path / "a.zip")


async def test_a_path_with_nothing_at_it(pier: Pier, tmp_path: Path) -> None:
    with pytest.raises(InputNotValid, match="no folder and no ZIP"):
        await pier.bring(tmp_path / "nothing")


async def test_a_name_never_drives_the_terminal(pier: Pier, tmp_path: Path) -> None:
    made = zip_of(tmp_path / "a.zip", {"a\x1b[2J\u202e.pdf": GOOD})
    assert by_fate(await pier.bring(made)) == {"kept": ["a\ufffd[2J\ufffd.pdf"]}
