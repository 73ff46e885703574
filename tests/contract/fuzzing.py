"""Asks a real server whatever its OpenAPI documents allow, and much that they do not, in sequences
that follow the documents' links; with schemathesis.

    python -m tests.contract.fuzzing [--seconds 60] [--seed 1] [--edge clinician|portal]
"""

import argparse
import itertools
import mailbox
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from random import SystemRandom

import httpx

from tests.acceptance.running import Clinic, casekeep, make_clinic, running_server
from tests.support.clinician import PATIENT, PDF

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SCHEMATHESIS = str(Path(sys.executable).with_name("schemathesis"))
DOCUMENTS = {"clinician": "/openapi.json", "portal": "/api/v1/openapi.json"}
EMAIL = "pat@example.org"
LEAVING = "leaving@example.org"
FEWEST_LINKS = 2
"""That a run of seconds follows on the slowest machine; one of minutes follows many more."""
_LINKS = re.compile(r"API Links: +([0-9]+) covered")


@dataclass(frozen=True)
class Fuzzed:
    """A running server, and who asks it."""

    url: str
    clinic: Clinic
    clinician: str
    patient: str
    case_id: str
    folder: Path
    """Where schemathesis may leave what it finds."""

    def environment(self) -> dict[str, str]:
        """What the configuration and the hooks ask for."""
        return {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "FUZZED_URL": self.url,
            "FUZZED_LEAVING": LEAVING,
            "FUZZED_PASSWORD": self.clinic.password,
            "FUZZED_KEY": self.clinic.api_key,
            "FUZZED_CLINICIAN": self.clinician,
            "FUZZED_PATIENT": self.patient,
            "FUZZED_PATIENT_EMAIL": EMAIL,
            "FUZZED_CASE": self.case_id,
        }


def furnish(url: str, data: Path) -> Fuzzed:
    """A clinician and a patient of one organisation, both signed in, and a case of theirs; and a
    clinician who is there to sign out.
    """
    clinic = make_clinic(data)
    doctor = clinic.sign_in(url)
    person = ("user", "create", "--org", clinic.organization_id)
    casekeep(data, *person, "--role", "patient", "--email", EMAIL)
    leaving = ("--role", "clinician", "--email", LEAVING, "--password-stdin")
    casekeep(data, *person, *leaving, stdin=clinic.password + "\n")
    opened = httpx.post(
        f"{url}/cases/create_case",
        headers=doctor,
        data={**PATIENT, "patient_email": EMAIL},
        files=[("lab_files", ("report.pdf", PDF))],
    )
    opened.raise_for_status()
    case_id = opened.json()["case"]["case_id"]
    token = patient_token(url, data, {"cv-api-key": clinic.api_key})
    clinician = doctor["Authorization"].removeprefix("Bearer ")
    return Fuzzed(url, clinic, clinician, token, case_id, data.parent)


def patient_token(url: str, data: Path, key: Mapping[str, str]) -> str:
    """The patient's way in, with the code that arrives in the outbox."""
    auth, body = f"{url}/api/v1/users/auth", {"email": EMAIL}
    httpx.post(f"{auth}/send-otp", headers=key, json={**body, "channel": "EMAIL"})
    outbox, until = data / "outbox", time.monotonic() + 20
    while time.monotonic() < until:
        for letter in mailbox.Maildir(outbox, create=False) if outbox.is_dir() else ():
            code = re.findall(r"\b[0-9]{6}\b", str(letter.get_payload()))[0]
            proven = httpx.post(f"{auth}/verify-otp", headers=key, json={**body, "code": code})
            return str(proven.json()["data"]["accessToken"])
        time.sleep(0.05)
    raise AssertionError("no code was sent")


def fuzz(edge: str, fuzzed: Fuzzed, *, seconds: int, seed: int) -> list[str]:
    """Half of the time over each call of a document by itself, half along its links; schemathesis
    prints what it finds. What is wrong: what it found, and that it hardly followed a link.
    """
    each = max(seconds // 2, 1)
    alone, _ = _run(edge, fuzzed, "examples,coverage,fuzzing", seconds=each, seed=seed)
    linked, followed = _run(edge, fuzzed, "stateful", seconds=each, seed=seed)
    wrong = [f"{edge}: seed {seed} finds something"] if alone or linked else []
    if followed < FEWEST_LINKS:
        wrong.append(f"{edge}: seed {seed} follows {followed} links")
    return wrong


def _run(edge: str, fuzzed: Fuzzed, phases: str, *, seconds: int, seed: int) -> tuple[int, int]:
    """The exit status, and how many different links led somewhere."""
    words = [SCHEMATHESIS, "--config-file", str(HERE / "schemathesis.toml"), "run"]
    words += [fuzzed.url + DOCUMENTS[edge], "--phases", phases]
    words += ["--seed", str(seed), "--max-time", str(seconds)]
    followed = 0
    with subprocess.Popen(
        words, cwd=fuzzed.folder, env=fuzzed.environment(), stdout=subprocess.PIPE, text=True
    ) as asking:
        assert asking.stdout is not None
        for line in asking.stdout:
            print(line, end="", flush=True)  # noqa: T201 - what a person or a failed test shows
            if found := _LINKS.search(line):
                followed = int(found[1])
    return asking.returncode, followed


def main() -> None:
    """Ask, and print what to type to ask the same again."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="for all documents together")
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(1 << 32))
    parser.add_argument("--edge", choices=list(DOCUMENTS), action="append")
    chosen = parser.parse_args()
    edges = chosen.edge or list(DOCUMENTS)
    again = f"scripts/fuzz --seconds {chosen.seconds} --seed {chosen.seed}"
    print(f"to ask the same again: {again}", flush=True)  # noqa: T201 - a command, run by hand
    with tempfile.TemporaryDirectory(prefix="casekeep-fuzz-") as folder:
        data = Path(folder) / "data"
        with running_server(data, CASEKEEP_TRUSTED_PROXIES="127.0.0.1") as server:
            fuzzed = furnish(server.url, data)
            seconds = max(chosen.seconds // len(edges), 1)
            wrong = [fuzz(each, fuzzed, seconds=seconds, seed=chosen.seed) for each in edges]
    if any(wrong):
        sys.exit("\n".join([*itertools.chain(*wrong), f"to ask the same again: {again}"]))


if __name__ == "__main__":
    main()
