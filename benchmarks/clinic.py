"""A server with data to measure: started by the real command, filled with rows, signed in to."""

import asyncio
import contextlib
import json
import mailbox
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg

from casekeep.db.addresses import Addresses, EmbeddedServer

CASEKEEP = str(Path(sys.executable).with_name("casekeep"))
PASSWORD = "a password for the benchmark"

FILL = """
with someone as (
    insert into users (id, organization_id, role, email)
    select gen_random_uuid(), $1, 'patient', 'patient' || n || '@example.org'
    from generate_series(1, $2::int) n returning id
), numbered as (
    select id, row_number() over () as n from someone
), opened as (
    insert into cases (id, organization_id, number, clinician_id, patient_id, patient_name,
                       patient_age, patient_gender)
    select gen_random_uuid(), $1, 20000 + n, $3, id, 'Synthetic', 40, 'female' from numbered
    returning id, patient_id, number
)
insert into files (id, organization_id, case_id, patient_id, name, url_path, media_type, size,
                   sha256, is_phi, state, receiver, uploaded_by, created_at)
select gen_random_uuid(), $1, c.id, c.patient_id, 'report ' || n || '.pdf',
       '/files/' || c.number || '/report ' || n || '.pdf', 'application/pdf', 20000 + n,
       sha256(c.id::text::bytea), n % 2 = 0, 'stored', 0, $3, now() - n * interval '1 minute'
from opened c, generate_series(1, 20) n
"""


@dataclass(frozen=True)
class Clinic:
    """A running server and who may call it."""

    url: str
    data: Path
    pid: int
    addresses: Addresses
    organization_id: str
    api_key: str
    clinician_id: str
    clinician_token: str
    patient_id: str
    patient_token: str
    case_id: str
    case_number: int


@contextlib.contextmanager
def running_clinic(*, workers: int = 2, patients: int = 500, **settings: str) -> Iterator[Clinic]:
    """A server of `workers` processes with `patients` patients of one case with 20 files each."""
    with tempfile.TemporaryDirectory(prefix="casekeep-bench-") as folder:
        data = Path(folder) / "data"
        environment = {**os.environ, "CASEKEEP_DATA": str(data), **settings}
        words = [CASEKEEP, "serve", "--port", "0", "--workers", str(workers)]
        server = subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
        )
        assert server.stdout is not None
        try:
            url = server.stdout.readline().split()[-1]
            yield _filled(url, data, server.pid, patients)
        finally:
            server.terminate()
            server.wait()


def _filled(url: str, data: Path, pid: int, patients: int) -> Clinic:
    made = command(data, "org", "create", "Bench")
    org, key = made["organization_id"], made["api_key"]
    email = "doctor@example.org"
    clinician = command(
        data,
        *("user", "create", "--org", org, "--role", "clinician", "--email", email),
        "--password-stdin",
        stdin=PASSWORD,
    )["user_id"]
    addresses = EmbeddedServer(data).join()
    patient_id, case_id, number = asyncio.run(_fill(addresses, org, clinician, patients))
    token = call(
        f"{url}/auth/v1/token?grant_type=password", {"email": email, "password": PASSWORD}
    )["access_token"]
    return Clinic(
        *(url, data, pid, addresses, org, key, clinician, token, patient_id),
        *(_patient_token(url, data, key, "patient1@example.org"), case_id, number),
    )


async def _fill(
    addresses: Addresses, org: str, clinician: str, patients: int
) -> tuple[str, str, int]:
    connection = await asyncpg.connect(
        (addresses.superuser_dsn or "").replace("/postgres?", "/casekeep?")
    )
    try:
        await connection.execute(FILL, org, patients, clinician)
        await connection.execute("vacuum analyze")
        row = await connection.fetchrow(
            """select u.id, c.id as case_id, c.number from users u join cases c
               on c.patient_id = u.id where u.email = 'patient1@example.org'"""
        )
        assert row is not None
        return str(row["id"]), str(row["case_id"]), row["number"]
    finally:
        await connection.close()


def _patient_token(url: str, data: Path, key: str, email: str) -> str:
    auth, headers = f"{url}/api/v1/users/auth", {"cv-api-key": key}
    call(f"{auth}/send-otp", {"email": email, "channel": "EMAIL"}, headers)
    until = time.monotonic() + 10
    while time.monotonic() < until:
        if (data / "outbox").is_dir():
            for letter in mailbox.Maildir(data / "outbox", create=False):
                if found := re.search(r"\b\d{6}\b", str(letter.get_payload())):
                    body = {"email": email, "code": found.group()}
                    return call(f"{auth}/verify-otp", body, headers)["data"]["accessToken"]
        time.sleep(0.05)
    raise SystemExit("no code arrived")


def call(url: str, body: object, headers: dict[str, str] | None = None) -> Any:  # noqa: ANN401 - JSON
    """POST JSON, read JSON."""
    request = urllib.request.Request(
        url,
        json.dumps(body).encode(),
        {"Content-Type": "application/json", **(headers or {})},
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def command(data: Path, *words: str, stdin: str = "") -> Any:  # noqa: ANN401 - JSON
    """Run `casekeep` with --json and read what it prints."""
    done = subprocess.run(
        [CASEKEEP, *words, "--json"],
        input=stdin,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "CASEKEEP_DATA": str(data)},
    )
    return json.loads(done.stdout)


def fresh_name() -> str:
    """A name that nothing has yet."""
    return uuid4().hex
