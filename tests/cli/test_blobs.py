"""`casekeep blobs move` as an operator types it."""

import asyncio
import json
from pathlib import Path

import pytest

from casekeep.blobs.bucket import open_bucket
from casekeep.blobs.local import LocalStore
from casekeep.blobs.objects import ObjectStore
from casekeep.blobs.store import BlobKey
from tests.blobs.contract import fresh_key, keep, keys_of
from tests.cli.test_commands import Run, _runner, logging_as_before  # noqa: F401 - a fixture
from tests.support.buckets import S3Server
from tests.support.database import TestServer


@pytest.fixture
def url(moto: S3Server) -> str:
    return moto.url()


@pytest.fixture
def settings(test_server: TestServer, url: str) -> dict[str, str]:
    return {
        "CASEKEEP_DATABASE_URL": test_server.owner_dsn,
        "CASEKEEP_DATABASE_APP_URL": test_server.application_dsn,
        "CASEKEEP_BLOBS": url,
        "CASEKEEP_BLOBS_FROM": "disk",
    }


@pytest.fixture
def run(settings: dict[str, str], tmp_path: Path) -> Run:
    return _runner(tmp_path, **settings)


@pytest.fixture
def kept(tmp_path: Path) -> set[BlobKey]:
    """Three blobs on the disk of the data folder."""
    keys = {fresh_key() for _ in range(3)}
    for key in keys:
        asyncio.run(keep(LocalStore(tmp_path / "data" / "blobs"), key, b"kept"))
    return keys


def on_disk(folder: Path) -> set[BlobKey]:
    return asyncio.run(keys_of(LocalStore(folder / "data" / "blobs")))


def in_bucket(url: str) -> set[BlobKey]:
    return asyncio.run(keys_of(ObjectStore(open_bucket(url))))


def test_everything_moves_and_the_next_step_is_told(
    run: Run, url: str, kept: set[BlobKey], tmp_path: Path
) -> None:
    done = run("blobs", "move", "--to", url)
    assert done.exit_code == 0, done.output
    assert done.stdout == "Moved 3 blobs, 12 bytes, each read back and compared.\n"
    assert "Nothing is left in the old place: take CASEKEEP_BLOBS_FROM out" in done.stderr
    assert in_bucket(url) == kept
    assert on_disk(tmp_path) == set()


def test_a_copy_leaves_the_old_place_as_it_is(
    run: Run, url: str, kept: set[BlobKey], tmp_path: Path
) -> None:
    done = run("blobs", "move", "--to", url, "--keep", "--json")
    assert json.loads(done.stdout) == {
        "blobs": 3,
        "bytes": 12,
        "passed_over": 0,
        "failed": 0,
        "left": 3,
    }
    assert done.stderr == ""
    assert in_bucket(url) == on_disk(tmp_path) == kept


def test_what_differs_is_a_failure(run: Run, url: str, kept: set[BlobKey], tmp_path: Path) -> None:
    spoilt = min(kept, key=str)
    asyncio.run(keep(ObjectStore(open_bucket(url)), spoilt, b"else"))
    done = run("blobs", "move", "--to", url)
    assert done.exit_code == 1
    assert "1 could not be: the two stores hold different bytes" in done.stderr
    assert on_disk(tmp_path) == {spoilt}


def test_the_server_must_know_both_places(
    tmp_path: Path, url: str, settings: dict[str, str]
) -> None:
    run = _runner(tmp_path, **{**settings, "CASEKEEP_BLOBS": "", "CASEKEEP_BLOBS_FROM": ""})
    done = run("blobs", "move", "--to", url)
    assert "the server has to know both places first" in str(done.exception)
