"""The readable pages of both contracts: whole, safe by their headers, nothing from elsewhere."""

import re
import shlex

import httpx
import pytest

from casekeep.clinician_api.app import openapi as clinician_document
from casekeep.pages.app import Published, build_app
from casekeep.pages.contract import read_contract
from casekeep.pages.kinds import kind_of
from casekeep.portal_api.app import openapi as portal_document
from casekeep.settings import Settings
from tests.support.openapi import calls_of

CONTRACTS = {
    "clinician": Published(clinician_document(), "/openapi.json"),
    "portal": Published(portal_document(), "/api/v1/openapi.json"),
}
each_contract = pytest.mark.parametrize("name", CONTRACTS)


async def page(path: str, **settings: str) -> httpx.Response:
    app = build_app(Settings(**settings), CONTRACTS)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://casekeep.test") as client:
        return await client.get(path)


@each_contract
async def test_a_page_has_every_call_and_every_field(name: str) -> None:
    shown = await page(f"/docs/{name}")
    assert shown.status_code == 200
    document = CONTRACTS[name].document
    for call in calls_of(document):
        assert f"<code>{call.path}</code>" in shown.text
        if call.method != "HEAD":
            assert f'id="{call.operation["operationId"]}"' in shown.text
    for schema in document["components"]["schemas"].values():
        for field in schema.get("properties", ()):
            assert f"<code>{field}</code>" in shown.text
    assert CONTRACTS[name].path in shown.text


@each_contract
async def test_nothing_runs_and_nothing_comes_from_elsewhere(name: str) -> None:
    shown = await page(f"/docs/{name}")
    policy = shown.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert not re.search(r"<script|<style|\sstyle=|\son\w+=", shown.text)
    loaded = re.findall(r'(?:src|rel="stylesheet" href)="([^"]*)"', shown.text)
    assert loaded == ["/assets/page.css", "/assets/contract.css"]
    for path in loaded:
        style = await page(path)
        assert style.headers["content-type"].startswith("text/css")
        assert "url(" not in style.text
        assert "@import" not in style.text


@each_contract
async def test_the_lines_for_the_shell_are_whole(name: str) -> None:
    for chapter in read_contract(CONTRACTS[name].document).chapters:
        for call in chapter.calls:
            words = shlex.split(call.curl.replace("\\\n", " "))
            assert words[0] == "curl"
            url = next(word for word in words if word.startswith("{origin}/"))
            assert "{" not in url.removeprefix("{origin}")
            method = words[words.index("-X") + 1] if "-X" in words else None
            sends = {"-d", "-F", "--data-binary"} & set(words)
            implied = "POST" if sends else "HEAD" if "-I" in words else "GET"
            assert (method or implied) == call.methods[0]
            assert len(call.proofs) == sum("$" in word for word in words)


async def test_the_origin_is_where_people_come_from() -> None:
    asked = await page("/docs/portal")
    assert "http://casekeep.test/api/v1/users/me/files" in asked.text
    chosen = await page("/docs/portal", public_url="https://files.clinic.example")
    assert "https://files.clinic.example/api/v1/users/me/files" in chosen.text


async def test_what_is_not_there() -> None:
    for path in ("/docs/neither", "/assets/page.js", "/assets/..%2fapp.py"):
        assert (await page(path)).status_code == 404


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "string", "format": "uuid"}, "UUID"),
        ({"oneOf": [{"type": "string"}, {"type": "null"}], "maxLength": 9},
         "text, at most 9 characters or null"),
        ({"type": "array", "items": {"$ref": "#/components/schemas/A"}}, "list of objects"),
        ({"type": "integer", "minimum": 0, "maximum": 9}, "whole number, at least 0, at most 9"),
        ({"type": "string", "enum": ["lab", "radiology"]}, "one of lab, radiology"),
        ({"type": "boolean", "const": True}, "true"),
        ({}, "anything"),
    ],
)  # fmt: skip
def test_what_a_schema_takes_in_words(schema: dict[str, object], words: str) -> None:
    document = {"components": {"schemas": {"A": {"type": "object"}}}}
    assert kind_of(document, schema) == words


async def test_a_chapter_that_only_its_calls_name_is_shown() -> None:
    document = {**clinician_document(), "tags": [{"name": "Sign-in", "description": "Tokens."}]}
    chapters = read_contract(document).chapters
    assert (chapters[0].name, chapters[0].about) == ("Sign-in", "Tokens.")
    assert {"Cases", "Files"} < {chapter.name for chapter in chapters[1:]}
    assert {chapter.about for chapter in chapters[1:]} == {""}
