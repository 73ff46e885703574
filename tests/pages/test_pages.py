"""The pages over HTTP: safe by their headers, and silent about everything outside a demo."""

import mailbox
from email.message import EmailMessage
from pathlib import Path

import httpx
import pytest

from casekeep.pages.app import build_app
from casekeep.settings import Settings

ACCOUNTS = """{"organizations": [{"id": "1", "name": "Lake <b>", "api_key": "ck_1_2",
  "clinicians": [{"name": "Dr A", "email": "a@example.org", "password": "open sesame"}],
  "administrators": [{"name": "Kim", "email": "k@example.org", "password": "open sesame"}],
  "patients": [{"name": "Pat", "email": "p@example.org", "phone": null}],
  "case_number": 10001, "case_id": "2"}]}"""


def pages(data: Path, *, demo: bool) -> httpx.AsyncClient:
    app = build_app(Settings(data=str(data), demo=demo))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://casekeep.test")


def sent(data: Path, subject: str, **headers: str) -> None:
    """One message in the outbox."""
    message = EmailMessage()
    message["To"], message["Subject"] = "p@example.org", subject
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content("Your sign-in code is 123456.\n<script>alert(1)</script>")
    box = mailbox.Maildir(data / "outbox")
    box.add(message)
    box.close()


async def test_the_demos_front_page_shows_who_can_sign_in(tmp_path: Path) -> None:
    (tmp_path / "demo.json").write_text(ACCOUNTS)
    async with pages(tmp_path, demo=True) as client:
        page = await client.get("/")
    assert page.status_code == 200
    assert "a@example.org" in page.text
    assert "<td>Kim, administrator</td><td>k@example.org</td>" in page.text
    assert "http://casekeep.test/cases/files/10001" in page.text
    assert "Lake &lt;b&gt;" in page.text
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy


@pytest.mark.parametrize("left", [None, "", "{", '{"organizations": 1}'])
async def test_a_front_page_without_accounts(tmp_path: Path, left: str | None) -> None:
    if left is not None:
        (tmp_path / "demo.json").write_text(left)
    async with pages(tmp_path, demo=True) as client:
        page = await client.get("/")
    assert page.status_code == 200
    assert "Casekeep is running" in page.text


async def test_outside_a_demo_nothing_is_shown(tmp_path: Path) -> None:
    (tmp_path / "demo.json").write_text(ACCOUNTS)
    sent(tmp_path, "A code")
    async with pages(tmp_path, demo=False) as client:
        page = await client.get("/")
        hidden = await client.get("/demo/mailbox")
    assert "open sesame" not in page.text
    assert "ck_1_2" not in page.text
    assert (hidden.status_code, hidden.text) == (404, "Not found")


async def test_the_mailbox_shows_the_newest_first_and_runs_nothing(tmp_path: Path) -> None:
    async with pages(tmp_path, demo=True) as client:
        empty = await client.get("/demo/mailbox")
        assert "Nothing was sent yet" in empty.text
        sent(tmp_path, "The older one")
        sent(tmp_path, "The newer one", X_Channel="SMS")
        page = await client.get("/demo/mailbox")
    assert page.text.index("The newer one") < page.text.index("The older one")
    assert "SMS to p@example.org" in page.text
    assert "123456" in page.text
    assert "<script>" not in page.text


async def test_a_failure_tells_nothing(tmp_path: Path) -> None:
    (tmp_path / "outbox").mkdir()
    async with pages(tmp_path, demo=True) as client:
        page = await client.get("/demo/mailbox")
    assert (page.status_code, page.text) == (500, "This page could not be shown")
