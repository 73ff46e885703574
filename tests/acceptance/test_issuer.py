"""A clinic trusts its own sign-in server: the command line, two processes, a real issuer."""

from collections.abc import Iterator

import httpx
import pytest

from tests.acceptance.running import Server, casekeep, make_clinic, running_server
from tests.support.issuer import AUDIENCE, Issuer, running_issuer


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("issuer") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with running_issuer() as running:
        yield running


def status_with(server: Server, token: str) -> int:
    """Each call has a connection of its own, so that both processes come to answer."""
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.get(f"{server.url}/auth/v1/user", headers=headers).status_code


def test_tokens_count_from_when_an_issuer_is_added_until_it_is_removed(
    server: Server, issuer: Issuer
) -> None:
    clinic = make_clinic(server.data)
    words = ("--org", clinic.organization_id)
    token = issuer.token("dana", email=clinic.email, email_verified=True)
    assert status_with(server, token) == 401
    added = casekeep(
        server.data,
        *("issuer", "add", *words, "--issuer", issuer.url, "--audience", AUDIENCE),
        "--allow-http",
    )
    assert added["keys_fetched"] is True
    assert {status_with(server, token) for _ in range(10)} == {200}
    listed = casekeep(server.data, "issuer", "list", *words)["issuers"]
    assert [(each["issuer_id"], each["removed_at"]) for each in listed] == [
        (added["issuer_id"], None)
    ]
    casekeep(server.data, "issuer", "remove", *words, added["issuer_id"])
    assert {status_with(server, token) for _ in range(10)} == {401}
    assert "eyJ" not in server.log(), "a token is in the log"


def test_an_issuer_that_is_away_is_added_and_told(server: Server) -> None:
    clinic = make_clinic(server.data, "another@example.org")
    added = casekeep(
        server.data,
        *("issuer", "add", "--org", clinic.organization_id, "--allow-http"),
        *("--issuer", "http://127.0.0.1:9", "--audience", "files"),
    )
    assert added["keys_fetched"] is False
