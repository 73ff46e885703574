"""Runs the real `casekeep` command as a user would: a server process and the commands beside it."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from casekeep.client import ClinicianClient

CASEKEEP = str(Path(sys.executable).with_name("casekeep"))
READY = "Casekeep is ready on "


@dataclass
class Server:
    """A running `casekeep serve` (or `demo`) and what it printed."""

    data: Path
    process: subprocess.Popen[str]
    url: str = ""
    printed: list[str] = field(default_factory=list)

    def wait_until_ready(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.printed.append(line.rstrip("\n"))
            if READY in line:
                self.url = line.partition(READY)[2].split()[0]
                return
        raise AssertionError("the server ended before it was ready:\n" + self.log())

    def log(self) -> str:
        return (self.data.parent / f"{self.data.name}.stderr").read_text(errors="replace")

    def kill(self) -> None:
        """As a power cut would: the server and its PostgreSQL die at once, unasked."""
        postmaster = int((self.data / "postgres" / "postmaster.pid").read_text().split()[0])
        os.kill(postmaster, signal.SIGKILL)
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        _wait_until_gone(self.data)

    def processes(self) -> set[int]:
        """The processes that answer requests, by their ids."""
        supervisor = self.process.pid
        children = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()
        return {pid for pid in map(int, children) if b"spawn_main" in _command(pid)}

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def environment(data: Path, **more: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("CASEKEEP_")}
    return {**kept, "CASEKEEP_DATA": str(data), "PYTHONWARNINGS": "default", **more}


@contextlib.contextmanager
def running_server(
    data: Path, *command: str, first: Callable[[], None] | None = None, **settings: str
) -> Iterator[Server]:
    """`casekeep serve` on a free port, until the block ends. `first`: what its process does first;
    it may call the C library only.
    """
    words = [CASEKEEP, *(command or ("serve",)), "--port", "0"]
    with (data.parent / f"{data.name}.stderr").open("a") as errors:
        process = subprocess.Popen(
            words,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=environment(data, **settings),
            preexec_fn=first,  # noqa: PLW1509 - see above
        )
    server = Server(data, process)
    try:
        server.wait_until_ready()
        yield server
    finally:
        if process.poll() is None:
            server.stop()
        if process.stdout is not None:
            process.stdout.close()


def attempt(
    data: Path,
    *words: str,
    stdin: str = "",
    first: Callable[[], None] | None = None,
    **settings: str,
) -> subprocess.CompletedProcess[str]:
    """Run one command to its end, however that is. `first`: as for a server."""
    return subprocess.run(
        [CASEKEEP, *words],
        input=stdin,
        capture_output=True,
        text=True,
        env=environment(data, **settings),
        preexec_fn=first,
        timeout=60,
        check=False,
    )


def casekeep(data: Path, *words: str, stdin: str = "", **settings: str) -> Any:
    """Run one command with --json and read what it prints."""
    done = attempt(data, *words, "--json", stdin=stdin, **settings)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@dataclass(frozen=True)
class Clinic:
    """An organisation with one clinician, made through the command line."""

    organization_id: str
    api_key: str
    email: str
    password: str

    @contextlib.contextmanager
    def client(self, url: str) -> Iterator[ClinicianClient]:
        """The clinician's client of a server, signed in."""
        with ClinicianClient(url) as client:
            client.sign_in(self.email, self.password)
            yield client

    def sign_in(self, url: str) -> dict[str, str]:
        """The Authorization header of the clinician."""
        answer = httpx.post(
            f"{url}/auth/v1/token",
            params={"grant_type": "password"},
            json={"email": self.email, "password": self.password},
        )
        answer.raise_for_status()
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def make_clinic(data: Path, email: str = "doctor@example.org", **settings: str) -> Clinic:
    made = casekeep(data, "org", "create", "Acceptance Clinic", **settings)
    password = "correct horse battery staple"
    casekeep(
        data,
        *("user", "create", "--org", made["organization_id"], "--role", "clinician"),
        *("--email", email, "--first-name", "Dana", "--last-name", "Doctor", "--password-stdin"),
        stdin=password + "\n",
        **settings,
    )
    return Clinic(made["organization_id"], made["api_key"], email, password)


def _wait_until_gone(data: Path, seconds: float = 20.0) -> None:
    """Until the dead server's children (server processes, PostgreSQL) have left too."""
    mark = f"CASEKEEP_DATA={data}".encode()
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if not any(mark in _environment_of(pid) for pid in Path("/proc").glob("[0-9]*")):
            return
        time.sleep(0.05)
    raise AssertionError("processes of a killed server are still there")


def _environment_of(process: Path) -> bytes:
    try:
        return (process / "environ").read_bytes()
    except OSError:
        return b""
