"""The command that checks what is stored, as an operator types it: its words and exit statuses."""

import asyncio
import base64
import json
import shutil
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from typer.testing import Result

from casekeep.blobs.local import LocalStore
from casekeep.blobs.organization_keys import OrganizationKeys
from casekeep.blobs.seals import record_seals
from casekeep.blobs.store import BlobKey
from casekeep.blobs.vault import Vault
from casekeep.db.database import Database
from casekeep.kernel.ids import FileId, OrganizationId
from tests.blobs.contract import keep
from tests.cli.test_commands import Run, _runner, logging_as_before, made_organization
from tests.support.database import TestServer
from tests.support.factories import make_case, make_file_row
from tests.support.house import DEPLOYMENT_KEY, deployment_keys

__all__ = ["logging_as_before"]

CONTENT = b"abc"  # what `make_file_row` has on record


@pytest.fixture
def run(test_server: TestServer, tmp_path: Path) -> Run:
    """Types one command at the tests' database, with the key of its files."""
    return _runner(
        tmp_path,
        CASEKEEP_DATABASE_URL=test_server.owner_dsn,
        CASEKEEP_DATABASE_APP_URL=test_server.application_dsn,
        CASEKEEP_SEALING_KEY=base64.b64encode(DEPLOYMENT_KEY.key).decode(),
    )


@pytest.fixture
def blobs(tmp_path: Path) -> Path:
    return tmp_path / "data" / "blobs"


@pytest.fixture
def org(run: Run) -> str:
    return made_organization(run)


@pytest.fixture
def key(test_server: TestServer, blobs: Path, org: str) -> BlobKey:
    """A file of the organisation, and its bytes."""

    async def made() -> BlobKey:
        db = await Database.connect(test_server.application_dsn, size=1)
        try:
            case = await make_case(db, OrganizationId(UUID(org)))
            key = BlobKey(case.organization_id, await make_file_row(db, case, name="Pat.pdf"))
            keys = OrganizationKeys(db, deployment_keys())
            written = await keep(Vault(LocalStore(blobs), keys, sealing=False), key, CONTENT)
            assert written.seal is not None
            async with db.transaction(key.organization_id) as tx:
                await record_seals(tx, {key.file_id: written.seal})
        finally:
            await db.close()
        return key

    return asyncio.run(made())


def path_of(blobs: Path, key: BlobKey) -> Path:
    (path,) = blobs.rglob(str(key.file_id))
    return path


def told(done: Result) -> dict[str, object]:
    return json.loads(done.stdout)


def test_all_is_well(run: Run, org: str, key: BlobKey) -> None:
    done = run("verify", "--org", org)
    assert (done.exit_code, done.stdout) == (0, "All is well: 1 files, 0 repaired.\n")
    done = run("verify", "--deep", "--org", org, "--json")
    assert done.exit_code == 0
    assert told(done) == {
        "deep": True,
        "files": 1,
        "bytes_read": 3,
        "repaired": 0,
        "damaged": dict.fromkeys(("missing", "truncated", "altered", "unreadable", "orphaned"), 0),
        "findings": [],
    }


def test_damage_is_told_with_what_to_do_and_without_a_name(
    run: Run, org: str, key: BlobKey, blobs: Path
) -> None:
    path_of(blobs, key).write_bytes(b"abd")
    assert run("verify", "--org", org).exit_code == 0, "no byte is read"
    done = run("verify", "--deep", "--org", org)
    assert done.exit_code == 1
    line = done.stdout.splitlines()[1]
    assert line.startswith(f"{org}  {key.file_id}  altered  ")
    assert "repair from a replica" in line
    assert "Pat" not in done.output
    found = told(run("verify", "--deep", "--org", org, "--json"))["findings"]
    line = {"organization_id": org, "file_id": str(key.file_id), "kind": "altered"}
    assert found == [{**line, "repaired": False}]


def test_repair_from_a_replica(
    run: Run, org: str, key: BlobKey, blobs: Path, tmp_path: Path
) -> None:
    shutil.copytree(blobs, tmp_path / "replica")
    path_of(blobs, key).write_bytes(b"ab")
    done = run("verify", "--repair", "--org", org)
    assert done.exit_code == 1
    assert "No CASEKEEP_REPLICA is set" in done.output
    config = tmp_path / "data" / "casekeep.toml"
    config.write_text(f'replica = "disk:{tmp_path / "replica"}"\n')
    done = run("verify", "--repair", "--org", org)
    assert done.exit_code == 0, done.output
    assert "1 repaired" in done.stdout
    assert path_of(blobs, key).read_bytes() == CONTENT


def test_orphans_are_removed_by_repair_alone(run: Run, org: str, key: BlobKey, blobs: Path) -> None:
    stray = BlobKey(key.organization_id, FileId(uuid4()))
    asyncio.run(keep(LocalStore(blobs), stray, b"of nobody"))
    done = run("verify", "--org", org)
    assert done.exit_code == 1
    assert "Damaged: 1 orphaned" in done.stdout
    assert run("verify", "--org", org, "--repair").exit_code == 0
    assert run("verify", "--org", org).exit_code == 0


def test_what_could_not_be_checked(run: Run, org: str, key: BlobKey, tmp_path: Path) -> None:
    done = run("verify", "--org", str(uuid4()))
    assert done.exit_code == 2
    assert "casekeep org list" in done.output
    (tmp_path / "data" / "casekeep.toml").write_text('replica = "disk:/nowhere/at/all"\n')
    done = run("verify", "--org", org)
    assert done.exit_code == 2
    assert "CASEKEEP_REPLICA" in done.output
