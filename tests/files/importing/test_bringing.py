"""Folders and ZIPs into a case: what is kept, skipped, refused and left out; and there and back."""

import json
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from casekeep.blobs.store import BlobKey
from casekeep.files.importing.bringing import Wishes
from casekeep.files.model import Category
from casekeep.files.removal import remove_file
from casekeep.kernel.errors import CaseNotVisible, InputNotValid
from casekeep.kernel.ids import CaseId
from tests.files.importing.pier import (
    Pier,
    another_pier,
    as_operator,
    by_fate,
    entries_of,
    folder_of,
    reasons,
    zip_of,
)
from tests.files.room import KIB, Room, image, pdf

FILES = {
    "a.pdf": pdf("a"),
    "labs/2026/β.csv": b"name,value\nHb,13\n",
    "labs/検査.png": image("PNG"),
    "z/a.pdf": pdf("another a"),
}


@pytest.fixture(params=["folder", "zip"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if request.param == "zip":
        return zip_of(tmp_path / "files.zip", FILES)
    return folder_of(tmp_path / "files", FILES)


async def test_all_is_kept_with_its_name_and_marked_as_usual(pier: Pier, source: Path) -> None:
    told = await pier.bring(source)
    assert by_fate(told) == {"kept": list(FILES)}
    kept = await pier.files()
    assert [file.name for file in kept] == ["a.pdf", "β.csv", "検査.png", "a.pdf"]
    assert [each.file_id for each in told] == [file.id for file in kept]
    assert {(file.category, file.is_phi, file.is_restricted) for file in kept} == {
        (Category.LAB, True, False)
    }
    for file, content in zip(kept, FILES.values(), strict=True):
        assert await pier.room.content(BlobKey(file.organization_id, file.id)) == content


async def test_the_same_again_keeps_nothing_and_says_so(pier: Pier, source: Path) -> None:
    await pier.bring(source)
    before = await pier.room.rows(pier.case.organization_id)
    told = await pier.bring(source)
    assert by_fate(told) == {"skipped": list(FILES)}
    assert set(reasons(told).values()) == {"the case has this content already"}
    assert await pier.room.rows(pier.case.organization_id) == before
    assert len(await pier.room.keys(pier.case.organization_id)) == len(FILES)


async def test_what_was_interrupted_goes_on(pier: Pier, source: Path, tmp_path: Path) -> None:
    first = {name: FILES[name] for name in list(FILES)[:2]}
    await pier.bring(folder_of(tmp_path / "half", first))
    assert by_fate(await pier.bring(source)) == {
        "skipped": list(FILES)[:2],
        "kept": list(FILES)[2:],
    }


async def test_one_content_under_two_names_is_kept_once(pier: Pier, tmp_path: Path) -> None:
    twice = folder_of(tmp_path / "twice", {"a.pdf": pdf("x"), "b.pdf": pdf("x")})
    assert by_fate(await pier.bring(twice, rehearses=True)) == {
        "kept": ["a.pdf"],
        "skipped": ["b.pdf"],
    }
    assert by_fate(await pier.bring(twice)) == {"kept": ["a.pdf"], "skipped": ["b.pdf"]}


async def test_what_was_removed_is_no_more_there(pier: Pier, tmp_path: Path) -> None:
    source = folder_of(tmp_path / "files", {"a.pdf": pdf("x")})
    await pier.bring(source)
    (file,) = await pier.files()
    await remove_file(pier.room.db, pier.room.audit, pier.actor, file.id)
    assert by_fate(await pier.bring(source)) == {"kept": ["a.pdf"]}


async def test_what_is_refused_is_told_and_leaves_nothing(pier: Pier, tmp_path: Path) -> None:
    source = folder_of(
        tmp_path / "files",
        {
            "big.pdf": pdf("big", size=101 * KIB),
            "empty.pdf": b"",
            "good.pdf": pdf("good"),
            "sub/tool.exe": b"MZ\x90\x00",
        },
    )
    for rehearses in (True, False):
        told = await pier.bring(source, rehearses=rehearses)
        assert reasons(told) == {
            "big.pdf": "the file is larger than 102400 bytes",
            "empty.pdf": "the file is empty",
            "sub/tool.exe": "the content is not of an accepted type",
        }
    assert await pier.names() == ["good.pdf"]
    assert len(await pier.room.rows(pier.case.organization_id)) == 1
    assert len(await pier.room.keys(pier.case.organization_id)) == 1


async def test_a_rehearsal_keeps_nothing(pier: Pier, source: Path) -> None:
    assert by_fate(await pier.bring(source, rehearses=True)) == {"kept": list(FILES)}
    assert await pier.room.is_empty(pier.case.organization_id)


async def test_what_is_wished_holds(pier: Pier, tmp_path: Path) -> None:
    source = folder_of(tmp_path / "files", {"big.png": image("PNG"), "a.pdf": pdf("a")})
    await pier.bring(source, Wishes(Category.RADIOLOGY, is_phi=False, is_restricted=True))
    assert {(file.category, file.is_phi, file.is_restricted) for file in await pier.files()} == {
        (Category.RADIOLOGY, False, True)
    }


async def test_only_who_sees_the_case_may(pier: Pier, tmp_path: Path) -> None:
    source = folder_of(tmp_path / "files", {"a.pdf": pdf("a")})
    other = await another_pier(pier.room)
    for stranger in (
        Pier(pier.room, other.actor, pier.case),
        Pier(pier.room, pier.actor, other.case),
    ):
        for rehearses in (True, False):
            with pytest.raises(CaseNotVisible):
                await stranger.bring(source, rehearses=rehearses)
        assert (
            await pier.room.events(stranger.actor.organization_id)
            == [("file.received", "refused")] * 2
        )
    assert by_fate(await as_operator(pier).bring(source)) == {"kept": ["a.pdf"]}
    (file,) = await pier.files()
    assert file.uploaded_by is None


async def test_an_exported_case_comes_back_whole_elsewhere(
    room: Room, pier: Pier, tmp_path: Path
) -> None:
    await pier.bring(folder_of(tmp_path / "a", FILES))
    await pier.bring(
        folder_of(tmp_path / "b", {"scan.png": image("PNG") + b"\0"}),
        Wishes(Category.RADIOLOGY, is_phi=False, is_restricted=True),
    )
    first = await pier.export()
    (tmp_path / "case.zip").write_bytes(first)
    other = await another_pier(room)
    told = await other.bring(tmp_path / "case.zip")
    assert by_fate(told) == {"kept": [file["path"] for file in manifest_of(first)]}
    again = await other.export()
    kept = ("name", "path", "type", "size", "sha256", "category", "is_phi", "is_restricted")
    assert [[file[key] for key in kept] for file in manifest_of(again)] == [
        [file[key] for key in kept] for file in manifest_of(first)
    ]
    for file in manifest_of(first):
        assert entries_of(again)[file["path"]] == entries_of(first)[file["path"]]
    assert by_fate(await other.bring(tmp_path / "case.zip")).keys() == {"skipped"}


def manifest_of(made: bytes) -> list[dict[str, object]]:
    return json.loads(entries_of(made)["manifest.json"])["files"]


async def test_what_was_altered_in_an_export_is_refused(
    room: Room, pier: Pier, tmp_path: Path
) -> None:
    await pier.bring(folder_of(tmp_path / "a", FILES))
    entries = entries_of(await pier.export())
    paths = [str(file["path"]) for file in manifest_of(await pier.export())]
    entries[paths[0]] = pdf("forged")
    del entries[paths[1]]
    entries["files/stowaway.pdf"] = pdf("stowaway")
    made = zip_of(tmp_path / "case.zip", entries)
    other = await another_pier(room)
    for rehearses in (True, False):
        told = await other.bring(made, rehearses=rehearses)
        assert reasons(told) == {
            paths[0]: "it is not what the manifest says: it was altered",
            paths[1]: "the manifest has it, and it is not there",
            "files/stowaway.pdf": "the manifest does not have it",
        }
    assert await other.names() == ["検査.png", "a.pdf"]
    assert len(await room.keys(other.case.organization_id)) == 2


async def test_an_unpacked_export_is_one_too(room: Room, pier: Pier, tmp_path: Path) -> None:
    await pier.bring(folder_of(tmp_path / "a", FILES))
    folder = folder_of(tmp_path / "unpacked", entries_of(await pier.export()))
    other = await another_pier(room)
    assert len(by_fate(await other.bring(folder))["kept"]) == len(FILES)
    assert await other.names() == await pier.names()


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (b'{"format": "casekeep-export", "version": 2}', "of version 2; 1 can be read"),
        (b'{"format": "casekeep-export", "version": 1}', "the manifest of this export is broken"),
    ],
)
async def test_an_export_that_is_not_understood_is_refused_whole(
    pier: Pier, tmp_path: Path, document: bytes, said: str
) -> None:
    with pytest.raises(InputNotValid, match=said):
        await pier.bring(zip_of(tmp_path / "a.zip", {"manifest.json": document}))


async def test_any_other_manifest_is_a_file_like_any(pier: Pier, tmp_path: Path) -> None:
    source = folder_of(tmp_path / "files", {"manifest.json": b'{"name": "x"}', "a.pdf": pdf("a")})
    assert by_fate(await pier.bring(source)).get("kept", []) == ["a.pdf", "manifest.json"]


async def test_a_case_that_is_not_there(pier: Pier, tmp_path: Path) -> None:
    nowhere = Pier(pier.room, pier.actor, replace(pier.case, id=CaseId(uuid4())))
    with pytest.raises(CaseNotVisible):
        await nowhere.bring(folder_of(tmp_path / "files", FILES))
