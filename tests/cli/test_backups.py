"""Backups as an operator types them: of sealed files, into a folder and a bucket, and what is said
of damage.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from typer.testing import CliRunner, Result

from casekeep.bootstrap.house import open_house
from casekeep.cli.main import app
from casekeep.db.addresses import Addresses
from casekeep.db.migrating import migrate_database
from casekeep.files.model import Category
from casekeep.settings import Settings, described
from tests.backups.clinic import Place, Servers, made_place
from tests.cli.test_commands import logging_as_before  # noqa: F401 - a fixture
from tests.files.room import body, pdf
from tests.support.buckets import S3Server
from tests.support.factories import make_case, make_clinician, make_organization

TEXT = "Haemoglobin 13.9"


@pytest_asyncio.fixture
async def place(admin: asyncpg.Connection, server_dsn: str, tmp_path: Path) -> AsyncIterator[Place]:
    """A clinic with one sealed file."""
    async with made_place(Servers(admin, server_dsn), tmp_path) as made:
        await migrate_database(made.owner_dsn, made.application_dsn)
        settings = Settings(data=str(made.data))
        async with open_house(settings, Addresses(made.owner_dsn, made.application_dsn)) as house:
            clinician = await make_clinician(house.db, await make_organization(house.db))
            case = await make_case(
                house.db, clinician.organization_id, clinician_id=clinician.user_id
            )
            async with house.receiving.batch(clinician) as batch:
                await batch.receive("report.pdf", body(pdf(TEXT)), Category.LAB)
                await batch.keep_in_case(
                    case.id, category=Category.LAB, is_phi=True, is_restricted=False
                )
        yield made


async def typed(place: Place, *words: str, data: Path | None = None) -> Result:
    unset: dict[str, str | None] = {f"CASEKEEP_{n.upper()}": None for n, _, _ in described()}
    environment = {
        **unset,
        "CASEKEEP_DATA": str(data or place.data),
        "CASEKEEP_DATABASE_URL": place.owner_dsn,
        "CASEKEEP_DATABASE_APP_URL": place.application_dsn,
    }
    return await asyncio.to_thread(CliRunner().invoke, app, list(words), env=environment)


async def told(place: Place, *words: str, status: int = 0) -> dict[str, Any]:
    done = await typed(place, *words, "--json")
    assert done.exit_code == status, (done.output, done.exception)
    return json.loads(done.stdout)


def scratch_folders(folder: Path) -> list[Path]:
    return list(folder.glob("casekeep-check-*"))


def contents_of(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in folder.rglob("*") if path.is_file()]


async def test_a_sealed_file_goes_out_checks_and_ages(place: Place, tmp_path: Path) -> None:
    depot = str(tmp_path / "depot")
    taken = await told(place, "backup", depot)
    assert (taken["files"], taken["copied"], taken["missing"]) == (1, 1, 0)
    assert (await told(place, "backup", "take", depot))["copied"] == 0
    first, second = (await told(place, "backup", "list", depot))["backups"]
    assert first["manifest_sha256"] == taken["manifest_sha256"]
    assert (first["files"], first["destroyed_since"]) == (1, 0)
    checked = await told(place, "backup", "verify", depot, "--scratch", str(tmp_path))
    assert (checked["ok"], checked["contents"], checked["damaged"]) == (True, 1, [])
    assert scratch_folders(tmp_path) == []
    thinned = await told(place, "backup", "prune", depot, "--keep", "1d")
    assert (thinned["kept"], thinned["removed"]) == ([second["backup"]], [first["backup"]])
    assert all(TEXT.encode() not in content for content in contents_of(Path(depot)))


async def test_without_the_key_contents_are_not_opened_and_bits_are_found_all_the_same(
    place: Place, tmp_path: Path
) -> None:
    depot = tmp_path / "depot"
    await told(place, "backup", str(depot))
    (place.data / "secrets" / "sealing").rename(tmp_path / "kept-apart")
    checked = await told(place, "backup", "verify", str(depot))
    assert (checked["ok"], checked["contents"]) == (True, None)
    assert not (place.data / "secrets" / "sealing").exists()
    (blob,) = [path for path in (depot / "blobs").rglob("*") if path.is_file()]
    content = bytearray(blob.read_bytes())
    content[len(content) // 2] ^= 1
    blob.write_bytes(content)
    checked = await told(place, "backup", "verify", str(depot), status=3)
    assert (checked["ok"], checked["damaged"]) == (False, [blob.name])
    shown = await typed(place, "backup", "verify", str(depot))
    assert blob.name in shown.stdout
    assert "NO" in shown.stdout


async def test_a_bucket_holds_backups_too(place: Place, moto: S3Server, tmp_path: Path) -> None:
    url = moto.url()
    assert (await told(place, "backup", url))["copied"] == 1
    assert (await told(place, "backup", url))["copied"] == 0
    assert (await told(place, "backup", "verify", url))["contents"] == 1
    assert len((await told(place, "backup", "prune", url, "--keep", "1d"))["kept"]) == 1


async def test_a_restore_writes_over_nothing_and_says_so(place: Place, tmp_path: Path) -> None:
    depot = str(tmp_path / "depot")
    await told(place, "backup", depot)
    done = await typed(place, "restore", depot)
    assert done.exit_code == 1
    assert "a restore writes over nothing" in str(done.exception)
    done = await typed(place, "restore", depot, data=tmp_path / "new")
    assert "the database holds records already" in str(done.exception)
    assert list((tmp_path / "new").glob("*")) == []


async def test_no_server_starts_in_a_half_restored_folder(place: Place) -> None:
    (place.data / "restoring").write_text("a digest")
    done = await typed(place, "migrate")
    assert done.exit_code == 1
    assert "is not there as a whole" in str(done.exception)


@pytest.mark.parametrize("words", [("backup", "ftp://x/y"), ("backup", "verify", "ftp://x/y")])
async def test_what_is_no_place_is_refused(place: Place, words: tuple[str, ...]) -> None:
    assert "is no place for backups" in str((await typed(place, *words)).exception)
