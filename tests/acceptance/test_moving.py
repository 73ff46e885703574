"""A clinic's files go from the disk to a bucket and back, beside a server that serves them: it is
started anew when it has to know other places, and no file is ever away.
"""

import threading
from pathlib import Path

import httpx
import pytest

from casekeep.client import FileToSend
from tests.acceptance.running import Clinic, attempt, casekeep, make_clinic, running_server
from tests.support.buckets import S3Server, free_port

FILES = {f"report {number}.pdf": b"%PDF-1.7\n" + bytes([number]) * 200_000 for number in range(12)}


def open_case(url: str, clinic: Clinic) -> int:
    with clinic.client(url) as client:
        files = [FileToSend(content, name) for name, content in FILES.items()]
        return client.create_case(
            patient_name="Pat Example",
            patient_age=44,
            patient_gender="female",
            lab_files=files,
        ).case.id


def downloaded(url: str, headers: dict[str, str], case: int) -> dict[str, bytes]:
    """Every file of the case, by its name."""
    with httpx.Client(base_url=url, headers=headers, timeout=60) as web:
        listed = web.get(f"/cases/files/{case}").json()["files"]
        return {file["file_name"]: web.get(file["file_url"]).content for file in listed}


def moved(data: Path, to: str, **settings: str) -> dict[str, int]:
    return casekeep(data, "blobs", "move", "--to", to, "--at-once", "2", **settings)


def test_there_and_back_while_serving(tmp_path: Path, moto: S3Server) -> None:
    data, url = tmp_path / "data", moto.url()
    with running_server(data, CASEKEEP_WORKERS="1") as server:
        clinic = make_clinic(data)
        case = open_case(server.url, clinic)
        headers = clinic.sign_in(server.url)
    for blobs, old in ((url, "disk"), ("disk", url)):
        settings = {"CASEKEEP_BLOBS": blobs, "CASEKEEP_BLOBS_FROM": old, "CASEKEEP_WORKERS": "1"}
        with running_server(data, **settings) as server:
            done: list[dict[str, int]] = []
            mover = threading.Thread(target=lambda: done.append(moved(data, blobs, **settings)))  # noqa: B023 - it ends within this turn
            mover.start()
            while mover.is_alive():
                assert downloaded(server.url, headers, case) == FILES
            mover.join()
            assert done[0]["left"] == done[0]["failed"] == 0
            assert done[0]["blobs"] == len(FILES)
            assert downloaded(server.url, headers, case) == FILES
    # The way back leaves the disk as the only place, which is what a server has by itself.
    with running_server(data, CASEKEEP_WORKERS="1") as server:
        assert downloaded(server.url, headers, case) == FILES


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_a_store_that_cannot_be_used_is_told_before_the_start(
    tmp_path: Path, s3_credentials: None, command: str
) -> None:
    url = S3Server(f"http://127.0.0.1:{free_port()}").url("a")
    done = attempt(tmp_path / "data", command, CASEKEEP_BLOBS=url)
    assert done.returncode == 1
    assert "casekeep: CASEKEEP_BLOBS: s3://files-of-the-clinic/a: no connection; " in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "data" / "postgres").exists()
