"""What an operator does for the bytes, beside a server in its own settings: they lie sealed, are
checked, backed up and exported; and what was altered is found, and given to nobody.
"""

import json
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from shutil import copy

import httpx
import pytest

from casekeep.client import FileToSend
from tests.acceptance.running import (
    Clinic,
    Server,
    attempt,
    casekeep,
    make_clinic,
    running_server,
)

FINDING = b"a finding that nobody else may read "
CONTENT = b"%PDF-1.7\n" + FINDING * 40_000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("safekeeping") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def clinic(server: Server) -> Clinic:
    return make_clinic(server.data)


@pytest.fixture(scope="module")
def case(server: Server, clinic: Clinic) -> int:
    """A case with one file, and with nothing done to that yet."""
    with clinic.client(server.url) as client:
        return client.create_case(
            patient_name="Pat Example",
            patient_age=44,
            patient_gender="female",
            lab_files=[FileToSend(CONTENT, "report.pdf")],
        ).case.id


def sealed(server: Server) -> Path:
    """Where the bytes of the only file lie."""
    (path,) = (each for each in (server.data / "blobs").rglob("*") if each.is_file())
    return path


def export(clinic: Clinic, case: int, to: Path) -> tuple[str, ...]:
    return ("export", "--org", clinic.organization_id, "--case", str(case), "--to", str(to))


def test_what_is_kept_is_sealed_and_whole(server: Server, case: int) -> None:
    assert FINDING not in sealed(server).read_bytes()
    checked = casekeep(server.data, "verify", "--deep")
    assert (checked["files"], checked["bytes_read"]) == (1, len(CONTENT))
    assert checked["findings"] == []


def test_a_backup_is_taken_beside_the_server_and_proven(
    server: Server, case: int, tmp_path: Path
) -> None:
    place = str(tmp_path / "backups")
    taken = casekeep(server.data, "backup", place)
    assert (taken["files"], taken["copied"], taken["missing"]) == (1, 1, 0)
    copies = b"".join(each.read_bytes() for each in Path(place).rglob("*") if each.is_file())
    assert FINDING not in copies
    proven = casekeep(server.data, "backup", "verify", place)
    assert proven["ok"]
    assert (proven["backup"], proven["files"], proven["contents"]) == (taken["backup"], 1, 1)
    assert not proven["broken_audits"]


def test_a_case_leaves_as_it_came(
    server: Server, clinic: Clinic, case: int, tmp_path: Path
) -> None:
    to = tmp_path / "case.zip"
    assert casekeep(server.data, *export(clinic, case, to))["files"] == 1
    with zipfile.ZipFile(to) as archive:
        assert archive.read("files/report.pdf") == CONTENT


def test_what_was_altered_is_found_and_given_to_nobody(
    server: Server, clinic: Clinic, case: int, tmp_path: Path
) -> None:
    with clinic.client(server.url) as client:
        (file,) = client.files(case)
    path = sealed(server)
    kept = path.read_bytes()
    spoilt = bytearray(kept)
    spoilt[len(spoilt) // 4] ^= 1
    path.write_bytes(spoilt)

    checked = attempt(server.data, "verify", "--deep", "--json")
    assert checked.returncode == 1
    (found,) = json.loads(checked.stdout)["findings"]
    assert (found["file_id"], found["kind"]) == (str(file.file_id), "altered")
    assert FINDING not in answered(server, clinic, file.file_url)
    refused = attempt(server.data, *export(clinic, case, tmp_path / "case.zip"))
    assert refused.returncode == 1
    assert f"file {file.file_id} is missing or altered" in refused.stderr
    assert list(tmp_path.iterdir()) == []

    path.write_bytes(kept)
    assert answered(server, clinic, file.file_url) == CONTENT
    assert casekeep(server.data, "verify", "--deep")["findings"] == []


def test_a_purge_takes_all_copies_and_says_which_backups_hold_one(
    server: Server, clinic: Clinic, case: int, tmp_path: Path
) -> None:
    place = str(tmp_path / "backups")
    taken = casekeep(server.data, "backup", place)
    with clinic.client(server.url) as client:
        (file,) = client.files(case)
        client.delete_file(file.file_id)
    left_over = server.data / "repairs" / sealed(server).relative_to(server.data / "blobs")
    left_over.parent.mkdir(parents=True)
    copy(sealed(server), left_over)  # as a repair leaves it that is killed

    one = ("--org", clinic.organization_id, "--file", str(file.file_id))
    done = casekeep(server.data, "purge", *one)
    assert done["finished"] == 1
    assert done["backups_until"] >= taken["backup"]
    assert not left_over.exists()
    assert not [each for each in (server.data / "blobs").rglob("*") if each.is_file()]
    (shown,) = casekeep(server.data, "backup", "list", place)["backups"]
    assert shown["destroyed_since"] == 1


def answered(server: Server, clinic: Clinic, url: str) -> bytes:
    """All that the server gives of a file: nothing more once it breaks off."""
    got = bytearray()
    headers = clinic.sign_in(server.url)
    with (
        suppress(httpx.RemoteProtocolError),
        httpx.stream("GET", f"{server.url}/{url}", headers=headers) as answer,
    ):
        for piece in answer.iter_raw():
            got += piece
    return bytes(got)
