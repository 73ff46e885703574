"""A clinic's first day, as its people would live it: the command line, both contracts, one file."""

import asyncio
import contextlib
import mailbox
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import httpx
import pytest

from casekeep.client import Case, FileToSend, PatientClient
from tests.acceptance.running import (
    CASEKEEP,
    Clinic,
    Server,
    casekeep,
    environment,
    make_clinic,
    running_server,
)
from tests.support.database import drop_database, make_owned_database

PDF = b"%PDF-1.7\n1 0 obj << >> endobj\ntrailer << >>\n%%EOF\n"
PATIENT = "pat@example.org"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("first-day") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def clinic(server: Server) -> Clinic:
    return make_clinic(server.data)


def open_case(server: Server, clinic: Clinic, name: str) -> Case:
    with clinic.client(server.url) as client:
        return client.create_case(
            patient_name="Pat Example",
            patient_age=44,
            patient_gender="female",
            patient_email=PATIENT,
            lab_files=[FileToSend(PDF, name)],
        ).case


def names_in(url: str, clinic: Clinic, case: int) -> list[str]:
    """The names of a case's files, as the clinician sees them on one server."""
    with clinic.client(url) as client:
        return [file.file_name for file in client.files(case)]


def code_sent_to(data: Path, address: str, seconds: float = 10.0) -> str:
    """The newest code in the outbox for `address`."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if (data / "outbox").is_dir():
            with contextlib.closing(mailbox.Maildir(data / "outbox", create=False)) as box:
                letters = [letter for letter in box if letter["To"] == address]
            if letters:
                found = re.search(r"\b\d{6}\b", letters[-1].get_payload())
                assert found
                return found.group()
        time.sleep(0.05)
    raise AssertionError("no code arrived in the outbox")


def test_what_a_clinician_adds_the_patient_sees(server: Server, clinic: Clinic) -> None:
    case = open_case(server, clinic, "blood count.pdf")
    with PatientClient(server.url, clinic.api_key) as portal:
        portal.send_otp(email=PATIENT)
        portal.verify_otp(code_sent_to(server.data, PATIENT), email=PATIENT)
        (file,) = portal.files()
        assert file.file_name == "blood count.pdf"
        assert file.case_id == case.case_id
        link = portal.link(file).download_url
    got = httpx.get(link)
    assert got.content == PDF
    assert "blood count.pdf" in got.headers["content-disposition"]


def test_codes_are_shown_to_nobody_outside_the_demo(tmp_path: Path) -> None:
    with running_server(tmp_path / "data", CASEKEEP_DEMO="true") as server:
        assert httpx.get(f"{server.url}/demo/mailbox").status_code == 404
        modes = {path.name: path.stat().st_mode & 0o077 for path in server.data.iterdir()}
        assert not any(mode for name, mode in modes.items() if name != "postgres.socket"), modes
        assert server.data.stat().st_mode & 0o066 == 0


def test_keys_are_listed_and_revoked_beside_the_server(server: Server, clinic: Clinic) -> None:
    org = ("--org", clinic.organization_id)
    made = casekeep(server.data, "key", "create", *org, "--label", "lab system")
    call = {"email": "nobody@example.org", "channel": "EMAIL"}

    def answer() -> int:
        headers = {"cv-api-key": made["api_key"]}
        url = f"{server.url}/api/v1/users/auth/send-otp"
        return httpx.post(url, headers=headers, json=call).status_code

    assert answer() == 200
    casekeep(server.data, "key", "revoke", *org, made["api_key_id"])
    until = time.monotonic() + 5
    while answer() != 404:
        assert time.monotonic() < until, "a revoked key still works"
        time.sleep(0.05)
    keys = casekeep(server.data, "key", "list", *org)["api_keys"]
    assert [key["label"] for key in keys if key["revoked_at"]] == ["lab system"]
    assert made["api_key"] not in str(keys)


def test_a_second_server_shares_the_data_folder(server: Server, clinic: Clinic) -> None:
    case = open_case(server, clinic, "shared.pdf")
    second = Server(
        server.data,
        subprocess.Popen(
            [CASEKEEP, "serve", "--port", "0", "--workers", "1"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment(server.data),
        ),
    )
    second.wait_until_ready()
    assert names_in(second.url, clinic, case.id) == ["shared.pdf"]
    assert second.stop() == 0
    assert second.process.stdout is not None
    second.process.stdout.close()
    assert httpx.get(f"{server.url}/readyz").status_code == 200


def test_sigterm_lets_a_running_upload_finish(tmp_path: Path) -> None:
    with running_server(tmp_path / "data") as server:
        clinic = make_clinic(server.data)
        case = open_case(server, clinic, "first.pdf").id
        auth = clinic.sign_in(server.url)

        def slow_body() -> Iterator[bytes]:
            yield (
                b'--edge\r\nContent-Disposition: form-data; name="case_id"\r\n\r\n%d\r\n'
                b'--edge\r\nContent-Disposition: form-data; name="file"; filename="slow.pdf"\r\n'
                b"\r\n%b" % (case, PDF)
            )
            time.sleep(0.5)
            server.process.send_signal(signal.SIGTERM)
            time.sleep(1.0)
            yield b"% the end\n\r\n--edge--\r\n"

        answer = httpx.post(
            f"{server.url}/cases/upload",
            headers={**auth, "Content-Type": "multipart/form-data; boundary=edge"},
            content=slow_body(),
            timeout=30,
        )
        assert answer.status_code == 201, answer.text
        assert server.process.wait(60) == 0
    with running_server(tmp_path / "data") as server:
        listed = httpx.get(f"{server.url}/cases/files/{case}", headers=auth).json()["files"]
        assert [file["file_name"] for file in listed] == ["first.pdf", "slow.pdf"]


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"CASEKEEP_PORT": "many"}, "CASEKEEP_PORT"),
        ({"CASEKEEP_WORKERS": "0"}, "CASEKEEP_WORKERS"),
        ({"CASEKEEP_MAIL_URL": "carrier-pigeon:loft"}, "CASEKEEP_MAIL_URL"),
        ({"CASEKEEP_SECRET_KEY": "short"}, "CASEKEEP_SECRET_KEY"),
        ({"CASEKEEP_CONFIG": "absent.toml"}, "absent.toml"),
        ({"CASEKEEP_DATABASE_URL": "postgresql://u:p@127.0.0.1:9/x"}, "database"),
    ],
)
def test_a_bad_setting_is_named(tmp_path: Path, settings: dict[str, str], told: str) -> None:
    done = refused_start(tmp_path, **settings)
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert "u:p@" not in done.stderr


def test_a_taken_port_is_told(tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        done = refused_start(tmp_path, CASEKEEP_PORT=str(port))
    assert str(port) in done.stderr
    assert "--port" in done.stderr


def refused_start(folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [CASEKEEP, "serve"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=environment(folder / "data", **settings),
    )
    assert done.returncode == 1, (done.stdout, done.stderr)
    assert done.stdout == ""
    return done


async def test_a_postgresql_of_ones_own(
    tmp_path: Path, admin: asyncpg.Connection, server_dsn: str
) -> None:
    name = f"own_{uuid4().hex[:12]}"
    url = await make_owned_database(admin, server_dsn, name)
    try:
        await asyncio.to_thread(a_day_with, tmp_path / "data", url)
        assert not (tmp_path / "data" / "postgres").exists()
    finally:
        await drop_database(admin, name)


def a_day_with(data: Path, url: str) -> None:
    """A server over that database; an account made beside it; a case with a file."""
    with running_server(data, CASEKEEP_DATABASE_URL=url) as server:
        clinic = make_clinic(data, CASEKEEP_DATABASE_URL=url)
        case = open_case(server, clinic, "elsewhere.pdf")
        assert names_in(server.url, clinic, case.id) == ["elsewhere.pdf"]
