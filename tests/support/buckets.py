"""Object stores to test against, each a real server in a process of its own: moto, which keeps the
conditions of a put and knows of unfinished uploads, and rclone, which checks signatures. Each is
right where the other is wrong.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from casekeep.kernel.processes import ending_with

_PROGRAMS = Path(sys.executable).parent
_STARTING_SECONDS = 60.0
BUCKET = "files-of-the-clinic"
ACCESS_KEY = "key-of-the-tests"
SECRET_KEY = "secret-of-the-tests"


@dataclass(frozen=True)
class S3Server:
    """A running server with one bucket."""

    address: str

    def url(self, prefix: str | None = None, *, bucket: str = BUCKET, **options: str) -> str:
        """What names a place in the bucket that nothing else uses, unless a prefix is given."""
        more = "".join(f"&{name}={value}" for name, value in options.items())
        return f"s3://{bucket}/{prefix or uuid4().hex}?endpoint={self.address}{more}"

    def unfinished_uploads(self) -> int:
        """How many uploads in parts were begun, and neither completed nor aborted."""
        listed = httpx.get(f"{self.address}/{BUCKET}?uploads", trust_env=False)
        return listed.text.count("<UploadId>")


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@contextlib.contextmanager
def running(*words: str, port: int, log: Path) -> Iterator[None]:
    """A program until the block ends, from the moment that its port answers."""
    end_with_us = ending_with(os.getpid(), signal.SIGKILL)
    with log.open("w") as output:
        process = subprocess.Popen(
            words,
            stdout=output,
            stderr=subprocess.STDOUT,
            preexec_fn=end_with_us,  # noqa: PLW1509 - it calls the C library only
        )
    try:
        _wait_for(port, process, log)
        yield
    finally:
        process.kill()
        process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + _STARTING_SECONDS
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)  # a server of others tells nobody when it listens
    raise AssertionError(f"{process.args!r} did not start: {log.read_text()}")


@pytest.fixture(scope="session")
def s3_credentials() -> Iterator[None]:
    """The provider's own variables, as an operator would set them."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        patch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
        patch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
        patch.setenv("AWS_REGION", "us-east-1")
        patch.setenv("NO_PROXY", "127.0.0.1")
        yield


@pytest.fixture(scope="session")
def moto(s3_credentials: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    port = free_port()
    words = (str(_PROGRAMS / "moto_server"), "-H", "127.0.0.1", "-p", str(port))
    with running(*words, port=port, log=tmp_path_factory.mktemp("moto") / "log"):
        server = S3Server(f"http://127.0.0.1:{port}")
        httpx.put(f"{server.address}/{BUCKET}", trust_env=False).raise_for_status()
        yield server


@pytest.fixture(scope="session")
def rclone(s3_credentials: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    folder, port = tmp_path_factory.mktemp("rclone"), free_port()
    (folder / "served" / BUCKET).mkdir(parents=True)
    words = [str(_PROGRAMS / "rclone"), "serve", "s3", str(folder / "served")]
    words += ["--addr", f"127.0.0.1:{port}", "--auth-key", f"{ACCESS_KEY},{SECRET_KEY}"]
    words += ["--config", os.devnull, "--vfs-cache-mode", "off"]
    with running(*words, port=port, log=folder / "log"):
        yield S3Server(f"http://127.0.0.1:{port}")
