"""`@supabase/supabase-js`, unchanged, signs in at a running server."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.acceptance.running import Clinic, make_clinic, running_server
from tests.support.node import run_script

STALE = {"name": "AuthApiError", "message": "Invalid Refresh Token", "status": 400, "code": None}


@pytest.fixture(scope="module")
def clinic_and_told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Clinic, Any]]:
    """The clinic, and what the library's calls gave."""
    data = tmp_path_factory.mktemp("supabase") / "data"
    # With one process nothing waits for word from another: the library asks again at once.
    with running_server(data, CASEKEEP_WORKERS="1") as server:
        clinic = make_clinic(data)
        told = json.loads(run_script("supabase.mjs", server.url, clinic.email, clinic.password))
        yield clinic, told


@pytest.fixture
def told(clinic_and_told: tuple[Clinic, Any]) -> Any:
    return clinic_and_told[1]


def test_signing_in_gives_a_session_and_a_user(clinic_and_told: tuple[Clinic, Any]) -> None:
    clinic, told = clinic_and_told
    assert told["signIn"]["error"] is None
    session, user = told["signIn"]["data"]["session"], told["signIn"]["data"]["user"]
    assert user["email"] == clinic.email
    assert user["role"] == "clinician"
    assert user["user_metadata"] == {"first_name": "Dana", "last_name": "Doctor"}
    assert session["user"] == user
    assert (session["token_type"], session["expires_in"]) == ("bearer", 3600)
    assert isinstance(session["expires_at"], int)
    assert told["user"] == {"data": {"user": user}, "error": None}


def test_a_wrong_password_is_told_as_the_library_tells_it(told: Any) -> None:
    """Without a code: the library takes one from a key that the contract's answer does not have."""
    assert told["wrong"] == {
        "data": {"user": None, "session": None},
        "error": {
            "name": "AuthApiError",
            "message": "Invalid login credentials",
            "status": 400,
            "code": None,
        },
    }


def test_a_session_is_refreshed(told: Any) -> None:
    before, after = (told[call]["data"]["session"] for call in ("signIn", "refresh"))
    assert told["refresh"]["error"] is None
    assert after["refresh_token"] != before["refresh_token"]
    assert after["user"] == before["user"]


def test_a_replayed_refresh_token_ends_its_family(told: Any) -> None:
    assert told["replay"]["error"] == STALE
    assert told["afterReplay"]["error"] == STALE
    assert told["userAfterReplay"] == 401


def test_a_session_that_nearly_expired_is_refreshed_by_itself(told: Any) -> None:
    assert told["autoRefresh"] == {"isNew": True, "status": 200}


@pytest.mark.parametrize(
    ("scope", "own", "other"),
    [("local", 401, 200), ("others", 200, 401), ("global", 401, 401), ("default", 401, 401)],
)
def test_signing_out_ends_what_it_says(told: Any, scope: str, own: int, other: int) -> None:
    """The library says `global` unless it is told otherwise."""
    out = told["signOut"][scope]
    assert (out["error"], out["left"]) == (None, [own, other])
    assert out["renewed"] == (None if scope == "others" else STALE)
