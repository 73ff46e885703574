"""A real OpenID Connect issuer in a process of its own, and tokens of it as a test wants them."""

import contextlib
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.support.node import running_script

AUDIENCE = "https://files.clinic.example"


@dataclass(frozen=True)
class Issuer:
    """A running issuer."""

    url: str
    process: subprocess.Popen[str]

    def token(
        self,
        subject: str,
        *,
        audience: str = AUDIENCE,
        algorithm: str = "RS256",
        expires_in: int = 300,
        **claims: Any,
    ) -> str:
        """An access token that says what it is told to, signed by the issuer."""
        answer = httpx.post(
            f"{self.url}/token",
            data={
                "grant_type": "test",
                "client_id": "tests",
                "subject": subject,
                "resource": audience,
                "alg": algorithm,
                "expires_in": str(expires_in),
                "claims": json.dumps(claims),
            },
            trust_env=False,
        )
        assert answer.status_code == 200, answer.text
        return answer.json()["access_token"]

    def published(self) -> list[dict[str, str]]:
        """The keys that it publishes."""
        return httpx.get(f"{self.url}/jwks", trust_env=False).json()["keys"]

    def rotate(self) -> None:
        """Give it other keys."""
        httpx.post(f"{self.url}/rotate", trust_env=False).raise_for_status()

    def stop(self) -> None:
        """From now on nobody answers there."""
        self.process.kill()
        self.process.wait()


@contextlib.contextmanager
def running_issuer() -> Iterator[Issuer]:
    """An issuer until the block ends."""
    with running_script("issuer.mjs") as (process, line):
        assert line.startswith("http://127.0.0.1:"), line
        yield Issuer(line, process)


@pytest.fixture(scope="session")
def issuer() -> Iterator[Issuer]:
    """The run's issuer, for tests that leave its keys alone."""
    with running_issuer() as running:
        yield running
