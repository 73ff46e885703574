"""Sealing as an operator meets it: a server that seals, keys that rotate beside it, and a start
that is refused without its key.
"""

from pathlib import Path

import pytest

from casekeep.client import ClinicianClient
from tests.acceptance.running import Clinic, attempt, casekeep, make_clinic, running_server

CONTENT = b"%PDF-1.7\n" + b"a finding that nobody else may read " * 40_000


def stored(data: Path) -> dict[str, bytes]:
    folder = data / "blobs"
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def add(client: ClinicianClient, name: str, folder: Path) -> str:
    """A new case with one file; the URL of that."""
    path = folder / name
    path.write_bytes(CONTENT)
    made = client.create_case(
        patient_name="Pat Example", patient_age=44, patient_gender="female", lab_files=[path]
    )
    return made.uploaded_files[0].file_url


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sealing") / "data"


def test_a_clinic_seals_and_rotates_while_it_serves(data: Path, tmp_path: Path) -> None:
    with running_server(data) as server:
        clinic = make_clinic(data)
        with clinic.client(server.url) as client:
            url = add(client, "first.pdf", tmp_path)
            before = stored(data)
            assert b"a finding" not in b"".join(before.values())
            _rotate_both(data, clinic)
            assert stored(data) == before
            assert client.download(url, tmp_path / "got").read_bytes() == CONTENT
            second = add(client, "second.pdf", tmp_path)
            assert client.download(second, tmp_path / "got").read_bytes() == CONTENT


def _rotate_both(data: Path, clinic: Clinic) -> None:
    done = casekeep(data, "keys", "rotate")
    assert done == {"is_new": True, "rewrapped": 1, "destroyed": 0}
    done = casekeep(data, "keys", "rotate", "--organization", clinic.organization_id)
    assert done == {"is_new": True, "rewrapped": 1, "destroyed": 0}
    shown = casekeep(data, "keys", "show")["keys"]
    assert [(key["is_current"], key["wraps"]) for key in shown] == [(True, 2), (False, 0)]
    own = casekeep(data, "keys", "show", "--organization", clinic.organization_id)["keys"]
    assert [(key["retired_at"] is None, key["files"]) for key in own] == [(False, 0), (True, 1)]


def test_a_start_without_the_key_is_refused_and_harms_nothing(data: Path) -> None:
    path = data / "secrets" / "sealing"
    [current, *_] = casekeep(data, "keys", "show")["keys"]
    kept, before = path.read_text(), stored(data)
    path.write_text(kept.splitlines()[1] + "\n")  # the one from before the rotation
    refused = attempt(data, "serve", "--port", "0")
    assert refused.returncode == 1
    assert f"under the deployment key {current['key_id']}, which is not in {path}" in refused.stderr
    assert "CASEKEEP_SEALING_KEY_FILE" in refused.stderr
    assert refused.stdout == ""
    path.write_text(kept)
    assert stored(data) == before
    with running_server(data):
        pass
