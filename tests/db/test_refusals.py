"""Starts that cannot succeed end soon, change nothing, and say what to do."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from casekeep.db.addresses import EmbeddedServer
from casekeep.db.embedded import binaries, leading, process, supervisor
from casekeep.db.embedded.binaries import find_binaries
from casekeep.db.errors import DatabaseNotUsable
from casekeep.db.passwords import kept_password
from tests.db.processes import cluster, is_root, measured, run, wait_until_gone


def refusal(data: Path) -> str:
    began = time.monotonic()
    server = EmbeddedServer(data, durable=False)
    with pytest.raises(DatabaseNotUsable) as refused:
        server.start_or_join(keep=True)
    server.stop()
    measured("refused", time.monotonic() - began)
    return str(refused.value)


def started_once(data: Path) -> None:
    with EmbeddedServer(data, durable=False) as server:
        server.start_or_join(keep=False)


def test_another_major_version(data: Path) -> None:
    started_once(data)
    (cluster(data) / "PG_VERSION").write_text("14\n")
    text = refusal(data)
    assert "made by PostgreSQL 14" in text
    assert f"brings PostgreSQL {find_binaries().major}" in text
    (cluster(data) / "PG_VERSION").write_text(f"{find_binaries().major}\n")
    started_once(data)


def test_something_else_in_the_clusters_place(data: Path) -> None:
    (data / "postgres").mkdir(parents=True)
    (data / "postgres" / "notes.txt").write_text("not a database")
    text = refusal(data)
    assert "holds files" in text or "belongs to root" in text
    assert (data / "postgres" / "notes.txt").read_text() == "not a database"


def test_passwords_of_another_folder(data: Path) -> None:
    started_once(data)
    for name in ("database-superuser", "database-owner"):
        (data / "secrets" / name).write_text("of-another-folder")
    assert "same backup" in refusal(data)


async def test_a_lost_password_of_the_owner_is_made_anew(data: Path) -> None:
    started_once(data)
    (data / "secrets" / "database-owner").unlink()
    with EmbeddedServer(data, durable=False) as server:
        await run(server.start_or_join(keep=True).owner_dsn, "select 1")


def test_a_server_that_cannot_start_shows_its_last_words(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started_once(data)
    monkeypatch.setitem(process._SETTINGS, "max_connections", "lots")
    text = refusal(data)
    assert 'invalid value for parameter "max_connections"' in text
    assert "postgres.log" in text


def test_a_data_folder_that_is_a_file(data: Path) -> None:
    data.write_text("")
    assert "data folder" in refusal(data)
    data.unlink()


def test_a_leader_who_never_answers_is_not_waited_for_without_end(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "START_SECONDS", 0.2)
    started_once(data)
    lock = supervisor.Lock(data / "postgres.lock")
    assert lock.take()
    assert "has not answered" in refusal(data)
    with pytest.raises(DatabaseNotUsable, match="has not answered"):
        EmbeddedServer(data).join()
    lock.close()


def test_a_server_that_never_serves_is_given_up(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started_once(data)
    monkeypatch.setattr(leading, "START_SECONDS", 0.2)
    monkeypatch.setattr(leading.asking, "ask", lambda *_: leading.Answer.NONE)
    assert "did not answer within" in refusal(data)
    wait_until_gone(data)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 100 MiB of its own."""
    if not is_root():
        pytest.skip("needs root, to mount a disk")
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=100m,mode=0755", "none", str(place)]
    if subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("this machine lets nobody mount a disk")
    yield place
    wait_until_gone(place / "data")
    subprocess.run(["umount", str(place)], check=True)


def remount(place: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(place)], check=True)


def test_a_read_only_disk(small_disk: Path) -> None:
    started_once(small_disk / "data")
    remount(small_disk, "ro")
    assert "read-only" in refusal(small_disk / "data")
    remount(small_disk, "rw")
    started_once(small_disk / "data")


def fill(place: Path) -> Path:
    filler = place / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(1 << 16)):
            pass
    assert shutil.disk_usage(place).free < 1 << 16
    return filler


def test_a_full_disk_at_a_later_start(small_disk: Path) -> None:
    started_once(small_disk / "data")
    filler = fill(small_disk)
    assert "full" in refusal(small_disk / "data")
    filler.unlink()
    started_once(small_disk / "data")


def test_a_full_disk_at_the_first_start(small_disk: Path) -> None:
    (small_disk / "data").mkdir()
    with (small_disk / "filler").open("wb") as file:
        file.write(bytes(85 << 20))
    text = refusal(small_disk / "data")
    assert "full" in text or "No space left" in text
    (small_disk / "filler").unlink()
    started_once(small_disk / "data")


def test_a_password_is_made_once_and_kept(tmp_path: Path) -> None:
    made = kept_password(tmp_path / "secrets", "word")
    assert len(made) >= 40
    assert kept_password(tmp_path / "secrets", "word") == made
    assert kept_password(tmp_path / "secrets", "other") != made
    assert {path.name for path in (tmp_path / "secrets").iterdir()} == {"word", "other"}


def test_a_password_that_cannot_be_kept_is_told(tmp_path: Path) -> None:
    (tmp_path / "secrets").write_text("")
    with pytest.raises(DatabaseNotUsable, match="passwords"):
        kept_password(tmp_path / "secrets", "word")


def test_a_machine_without_the_programs(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "_WHEELS", ("no_such_wheel",))
    assert "CASEKEEP_DATABASE_URL" in refusal(data)
