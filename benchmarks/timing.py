"""Whether the time of an answer tells what its text does not: somebody known from somebody unknown,
a foreign case or file from an absent one. Both are asked of a real server, shuffled in blocks, so
that a machine that becomes slower does so for both; it fails if the medians differ by more than 5
percent.

    python -m benchmarks.timing [--calls 2000] [--most 5] [--only WORD] [--seed 1]

Nothing of the server is weakened: attempts come from many addresses, through a proxy on this
machine that the server is told to trust, and on many accounts. That both take the same statements
is held by tests/contract/test_same_work.py; this is about what is left.
"""

import argparse
import asyncio
import gc
import http.client
import itertools
import json
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg

from benchmarks.clinic import PASSWORD, Clinic, call, running_clinic

ACCOUNTS = 500
RESAMPLES = 2000
WARM_UP = 50
"""Requests of each kind that are not measured."""
BLOCK = 50
"""Requests of each kind that are shuffled together. What goes on after an answer (a code that is
sent) slows the request behind it: in pairs that would always be the other kind."""

CLINICIANS = """
insert into users (id, organization_id, role, email, password_hash)
select gen_random_uuid(), organization_id, 'clinician', 'doctor' || n || '@example.org',
       password_hash
from users, generate_series(1, $2::int) n where id = $1
returning email
"""
CODES = """
insert into one_time_codes (organization_id, user_id, code_hash, attempts_left, created_at,
                            expires_at)
select organization_id, id, sha256(id::text::bytea), 5, now(), now() + interval '1 hour'
from users where role = 'patient'
on conflict (organization_id, user_id) do nothing
"""
"""Codes that nobody knows."""


class Request(NamedTuple):
    """One request; `path` may differ from call to call."""

    method: str
    path: str
    headers: dict[str, str]
    body: object = None


Make = Callable[[], Request]


@dataclass
class Question:
    """Two kinds of request that must look alike from outside."""

    name: str
    one: Make
    other: Make
    times: tuple[list[float], list[float]] = field(default_factory=lambda: ([], []))
    answers: set[tuple[int, bytes]] = field(default_factory=set[tuple[int, bytes]])

    def ask(self, connection: http.client.HTTPConnection, calls: int, rng: random.Random) -> None:
        """Half of `calls` of each; all must get the same answer."""
        for each in (0, 1) * WARM_UP:
            self._time(connection, each)
        for times in self.times:
            times.clear()
        left = calls // 2
        gc.collect()
        gc.disable()
        while left > 0:
            block = [0, 1] * min(BLOCK, left)
            rng.shuffle(block)
            for each in block:
                self._time(connection, each)
            left -= BLOCK
        gc.enable()

    def _time(self, connection: http.client.HTTPConnection, which: int) -> None:
        seconds, answer = timed(connection, (self.one, self.other)[which]())
        self.times[which].append(seconds)
        self.answers.add(answer)
        if len(self.answers) > 1:
            raise SystemExit(f"{self.name}: different answers, {self.answers}")

    def ratio(self) -> float:
        """Median of the one over median of the other."""
        return statistics.median(self.times[0]) / statistics.median(self.times[1])

    def interval(self, rng: random.Random) -> tuple[float, float]:
        """Where 95 percent of the ratios of resampled times lie (percentile bootstrap)."""
        ratios = sorted(
            statistics.median(rng.choices(self.times[0], k=len(self.times[0])))
            / statistics.median(rng.choices(self.times[1], k=len(self.times[1])))
            for _ in range(RESAMPLES)
        )
        return ratios[RESAMPLES // 40], ratios[-RESAMPLES // 40]


def timed(
    connection: http.client.HTTPConnection, request: Request
) -> tuple[float, tuple[int, bytes]]:
    """Seconds from the first byte sent to the last received; the answer's status and body."""
    body = None if request.body is None else json.dumps(request.body)
    headers = {**request.headers, "X-Forwarded-For": address()}
    if body is not None:
        headers["Content-Type"] = "application/json"
    began = time.perf_counter()
    connection.request(request.method, request.path, body, headers)
    answer = connection.getresponse()
    content = answer.read()
    return time.perf_counter() - began, (answer.status, content)


def address() -> str:
    """An address in a network that nothing came from before."""
    value = uuid4().hex
    return f"2001:db8:{value[:4]}:{value[4:8]}::1"


def questions(clinic: Clinic, foreign: "Foreign") -> Iterator[Question]:
    """Every pair that the contracts want to look alike."""
    yield from _about_people(clinic)
    yield from _about_things(clinic, foreign)


def _about_people(clinic: Clinic) -> Iterator[Question]:
    def one_of(before: str, after: str = "") -> Callable[[], str]:
        numbers = itertools.count()
        return lambda: f"{before}{next(numbers) % ACCOUNTS + 1}{after}@example.org"

    def password(email: Callable[[], str]) -> Make:
        path = "/auth/v1/token?grant_type=password"
        return lambda: Request("POST", path, {}, {"email": email(), "password": "wrong one"})

    def code(email: Callable[[], str], name: str, **more: str) -> Make:
        path, key = f"/api/v1/users/auth/{name}", {"cv-api-key": clinic.api_key}
        return lambda: Request("POST", path, key, {"email": email(), **more})

    yield Question(
        "sign-in by password", password(one_of("doctor")), password(one_of("docto", "r"))
    )
    for name, more in (("verify-otp", {"code": "000000"}), ("send-otp", {"channel": "EMAIL"})):
        yield Question(
            name, code(one_of("patient"), name, **more), code(one_of("patien", "t"), name, **more)
        )


def _about_things(clinic: Clinic, foreign: "Foreign") -> Iterator[Question]:
    doctor = {"Authorization": f"Bearer {clinic.clinician_token}"}
    patient = {"cv-api-key": clinic.api_key, "Authorization": f"Bearer {clinic.patient_token}"}
    case, number, file, url = foreign[:4]
    files, absent = "/api/v1/users/me/files", str(10**9)

    def pair(name: str, path: str, other: str, who: dict[str, str], verb: str = "GET") -> Question:
        return Question(
            name,
            lambda: Request(verb, path, who),
            lambda: Request(verb, other.replace("NEW", str(uuid4())), who),
        )

    elsewhere = url.replace(str(number), absent)
    yield pair("clinician: list, by id", f"/cases/files/{case}", "/cases/files/NEW", doctor)
    yield pair(
        "clinician: list, by number", f"/cases/files/{number}", f"/cases/files/{absent}", doctor
    )
    yield pair("clinician: file", f"/cases/file/{file}", "/cases/file/NEW", doctor)
    yield pair("clinician: case", f"/cases/cases/{case}", "/cases/cases/NEW", doctor)
    yield pair("clinician: download", url, elsewhere, doctor)
    yield pair("clinician: delete", f"/cases/file/{file}", "/cases/file/NEW", doctor, "DELETE")
    yield pair("portal: list of a case", f"{files}?caseId={case}", f"{files}?caseId=NEW", patient)
    for name in ("metadata", "download"):
        yield pair(f"portal: {name}", f"{files}/{file}/{name}", f"{files}/NEW/{name}", patient)


class Foreign(NamedTuple):
    """A case of a colleague and another patient, in the same organisation, and its first file."""

    case_id: str
    case_number: int
    file_id: str
    url: str


def furnish(clinic: Clinic) -> Foreign:
    """Many people to be guessed at, and a case that is neither the caller's nor the patient's."""
    emails = asyncio.run(_accounts(clinic))
    grant = {"email": emails[0], "password": PASSWORD}
    token = call(f"{clinic.url}/auth/v1/token?grant_type=password", grant)["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    fields = {"patient_name": "Synthetic", "patient_age": "40", "patient_gender": "female"}
    case = form(clinic, "/cases/create_case", fields, headers)["case"]
    added = form(clinic, "/cases/upload", {"case_id": str(case["id"])}, headers, b"%PDF-1.7\n")
    file = added["file"]
    return Foreign(case["case_id"], case["id"], file["file_id"], file["file_url"])


async def _accounts(clinic: Clinic) -> list[str]:
    """Clinicians with the password that the clinic's own has, and a code for every patient; the
    email addresses of the clinicians.
    """
    dsn = (clinic.addresses.superuser_dsn or "").replace("/postgres?", "/casekeep?")
    connection = await asyncpg.connect(dsn)
    try:
        rows = await connection.fetch(CLINICIANS, clinic.clinician_id, ACCOUNTS)
        await connection.execute(CODES)
        await connection.execute("vacuum analyze")
    finally:
        await connection.close()
    return [row["email"] for row in rows]


def form(
    clinic: Clinic, path: str, fields: dict[str, str], headers: dict[str, str], file: bytes = b""
) -> dict[str, dict[str, str | int]]:
    """POST a multipart form, read JSON."""
    boundary = uuid4().hex
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="'
    parts = [f'{head}{name}"\r\n\r\n{value}\r\n'.encode() for name, value in fields.items()]
    if file:
        parts.append(f'{head}file"; filename="a.pdf"\r\n\r\n'.encode() + file + b"\r\n")
    body = b"".join([*parts, f"--{boundary}--\r\n".encode()])
    connection = connected(clinic)
    kind = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    connection.request("POST", path, body, {**headers, **kind})
    return json.loads(connection.getresponse().read())


def connected(clinic: Clinic) -> http.client.HTTPConnection:
    """A connection that is kept, so that both of a pair are answered by one process."""
    parts = urlsplit(clinic.url)
    return http.client.HTTPConnection(str(parts.hostname), parts.port)


def main() -> None:
    """Measure, print, and fail if a difference can be seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=2000, help="of both kinds, for each question")
    parser.add_argument("--most", type=float, default=5.0, help="percent that medians may differ")
    parser.add_argument("--only", default="", help="questions with this word in their name")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    rng, told = random.Random(chosen.seed), list[str]()
    print(f"{'':<28} {'the one':>11} {'the other':>11}  ratio (95 percent of resampled ones)")
    with running_clinic(patients=ACCOUNTS, CASEKEEP_TRUSTED_PROXIES="127.0.0.1") as clinic:
        for question in questions(clinic, furnish(clinic)):
            if chosen.only in question.name:
                question.ask(connected(clinic), chosen.calls, rng)
                print(row(question, rng), flush=True)
                if abs(question.ratio() - 1) * 100 > chosen.most:
                    told.append(question.name)
    if told:
        sys.exit(f"the time tells: {', '.join(told)}")
    print(f"no median differs by more than {chosen.most:g} percent")


def row(question: Question, rng: random.Random) -> str:
    """What was measured, in one line."""
    one, other = (statistics.median(times) * 1000 for times in question.times)
    low, high = question.interval(rng)
    return (
        f"{question.name:<28} {one:>8.3f} ms {other:>8.3f} ms"
        f"  {question.ratio():.3f} ({low:.3f}-{high:.3f})"
    )


if __name__ == "__main__":
    main()
