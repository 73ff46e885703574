"""Paths: joined sloppily by clients, and never logged further than our own words go."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casekeep.http.paths import TidyPaths, fixed_words, loggable

WORDS = fixed_words(
    ["/", "/cases/files/{case_id:str}", "/cases/file/{file_id:str}", "/api/v1/users/me/files/{id}"]
)


def test_the_words_of_routes_are_those_that_are_no_parameters() -> None:
    assert {"cases", "files", "file", "api", "v1", "users", "me"} == WORDS


@pytest.mark.parametrize(
    ("path", "logged"),
    [
        ("/", "/"),
        ("", ""),
        ("/cases/files", "/cases/files"),
        ("/cases/files/", "/cases/files/"),
        ("/cases/files/12345", "/cases/files/*"),
        ("/api/v1/users/me/files/0190b1c2/download", "/api/v1/users/me/files/*"),
        ("/files/12345/smith_report.pdf", "/files/*"),
        ("/smith/cases/files", "/*"),
        ("//smith", "/"),
        ("/Cases/files", "/*"),
    ],
)
def test_a_path_is_logged_up_to_the_first_strange_word(path: str, logged: str) -> None:
    assert loggable(path, WORDS) == logged


@given(st.lists(st.text(max_size=8), max_size=6))
def test_nothing_but_our_words_is_ever_logged(segments: list[str]) -> None:
    logged = loggable("/" + "/".join(segments), WORDS)
    assert set(logged.split("/")) <= WORDS | {"", "*"}


async def path_seen(scope: dict[str, Any]) -> tuple[str, bytes | None]:
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope)

    await TidyPaths(app)(scope, None, None)  # type: ignore[arg-type]
    return seen[0]["path"], seen[0].get("raw_path")


async def test_slashes_at_the_start_count_as_one() -> None:
    doubled = {"type": "http", "path": "//files/7/ä b.pdf", "raw_path": b"//files/7/%C3%A4%20b.pdf"}
    assert await path_seen(doubled) == ("/files/7/ä b.pdf", b"/files/7/%C3%A4%20b.pdf")
    assert await path_seen({"type": "http", "path": "///"}) == ("/", None)
    assert doubled["path"] == "//files/7/ä b.pdf"


async def test_slashes_elsewhere_stay() -> None:
    assert await path_seen({"type": "http", "path": "/a//b"}) == ("/a//b", None)
