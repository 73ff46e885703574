"""Hostile file names: readable and harmless wherever they come out, and the file comes back."""

from typing import Any
from unicodedata import category
from urllib.parse import quote

import pytest
from httpx import AsyncClient, Response

from casekeep.http.house import House
from tests.support.clinician import PDF, add_file, open_case, refusal
from tests.support.house import SignedIn, signed_in_clinician

PARSERS_OWN = set('/\\#?%:*"<>|')
"""What ends or splits a path, somewhere."""


@pytest.fixture
async def caller(house: House) -> SignedIn:
    return await signed_in_clinician(house)


@pytest.fixture
async def case(root: AsyncClient, caller: SignedIn) -> dict[str, Any]:
    return (await open_case(root, caller.headers))["case"]


async def add_raw(
    root: AsyncClient, caller: SignedIn, case: dict[str, Any], filename: bytes
) -> Response:
    """Add a file under a name that stands in the form byte by byte as given."""
    body = (
        b'--frontier\r\nContent-Disposition: form-data; name="case_id"\r\n\r\n'
        + str(case["id"]).encode()
        + b'\r\n--frontier\r\nContent-Disposition: form-data; name="file"; filename='
        + filename
        + b"\r\n\r\n"
        + PDF
        + b"\r\n--frontier--\r\n"
    )
    headers = {**caller.headers, "content-type": "multipart/form-data; boundary=frontier"}
    return await root.post("/cases/upload", content=body, headers=headers)


async def harmless(root: AsyncClient, caller: SignedIn, file: dict[str, Any]) -> str:
    """The name and the path of a file once they were looked at, and its bytes fetched: from the
    path as it is, and from the path as careful clients write it.
    """
    folder, _, last = file["file_url"].rpartition("/")
    assert folder == f"/files/{file['case_id']}"
    for text in (file["file_name"], last):
        assert 1 <= len(text) <= 255
        assert text.strip(" .") == text.rstrip(" .").lstrip(" .") != ""
        assert not any(category(each) in {"Cc", "Cs", "Zl", "Zp"} for each in text)
        assert not any(
            0x202A <= ord(each) <= 0x202E or 0x2066 <= ord(each) <= 0x2069 for each in text
        )
        assert "/" not in text
        assert "\\" not in text
    assert not PARSERS_OWN & set(last)
    for url in (file["file_url"], quote(file["file_url"])):
        answer = await root.get(f"{root.base_url}/{url}", headers=caller.headers)
        assert (answer.status_code, answer.content) == (200, PDF), url
        disposition = answer.headers["content-disposition"]
        assert disposition.isascii()
        assert disposition.isprintable()
    return str(file["file_name"])


@pytest.mark.parametrize(
    ("sent", "label"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.pdf", "boot.pdf"),
        ("/etc/../report.pdf", "report.pdf"),
        ("C:\\Users\\pat\\report.pdf", "report.pdf"),
        ("%2e%2e%2freport.pdf", "%2e%2e%2freport.pdf"),
        ("..%2f..%2freport.pdf", "..%2f..%2freport.pdf"),
        ("con.pdf", "con.pdf"),
        ("...", "file"),
        (".", "file"),
        ("..", "file"),
        (". . .", "file"),
        (" ", "file"),
        ("report.pdf ", "report.pdf"),
        ("report.pdf...", "report.pdf"),
        ("a\u202egpj.pdf", "agpj.pdf"),
        ("\u200freport\u2067.pdf", "report.pdf"),
        ("\ufeffreport.pdf", "report.pdf"),
        ("re\u0301sume\u0301.pdf", "résumé.pdf"),
        ("a\u2028b.pdf", "a b.pdf"),
        ("x" * 300 + ".pdf", "x" * 251 + ".pdf"),
        ("🩻" * 300 + ".pdf", "🩻" * 251 + ".pdf"),
        ("👩‍⚕️ notes.pdf", "👩‍⚕️ notes.pdf"),
        ("what?#now:*<b>|.pdf", "what?#now:*<b>|.pdf"),
        ("?", "?"),
        ("#", "#"),
        ('say "hi".pdf', 'say "hi".pdf'),
        ("<img src=x onerror=alert(1)>.pdf", "<img src=x onerror=alert(1)>.pdf"),
        ("report.pdf;filename=evil.exe", "report.pdf;filename=evil.exe"),
        ("=cmd|'calc'!A1.pdf", "=cmd|'calc'!A1.pdf"),
    ],
)
async def test_a_hostile_name(
    root: AsyncClient, caller: SignedIn, case: dict[str, Any], sent: str, label: str
) -> None:
    answer = await add_file(root, caller.headers, case["id"], name=sent)
    assert answer.status_code == 201
    assert await harmless(root, caller, answer.json()["file"]) == label


@pytest.mark.parametrize(
    ("filename", "label"),
    [
        (b'"new\x0bline.pdf"', "new line.pdf"),
        (b'"re%0D%0Aport.pdf"', "re port.pdf"),
        (b'"bell\x07\x1b[31m.pdf"', "bell[31m.pdf"),
        (b'"\xd0\xb0\xd0\xbd\xd0\xb0\xd0\xbb\xd0\xb8\xd0\xb7.pdf"', "анализ.pdf"),
        (b'"R\xf6ntgen.pdf"', "Röntgen.pdf"),
        (b'"\xed\xa0\x80.pdf"', None),
        (b"plain.pdf", "plain.pdf"),
        (b"\"x.pdf\"; filename*=UTF-8''%E8%83%B8%2F..%2Fb.pdf", "b.pdf"),
        (b"\"x.pdf\"; filename*=UTF-8''a%00b.pdf", "ab.pdf"),
        (b"\"x.pdf\"; filename*=UTF-8''%ff", "x.pdf"),
        (b'"' + b"x" * 4000 + b'.pdf"', "x" * 251 + ".pdf"),
    ],
)
async def test_a_hostile_name_byte_by_byte(
    root: AsyncClient, caller: SignedIn, case: dict[str, Any], filename: bytes, label: str | None
) -> None:
    answer = await add_raw(root, caller, case, filename)
    assert answer.status_code == 201, answer.text
    found = await harmless(root, caller, answer.json()["file"])
    assert label in (None, found)


@pytest.mark.parametrize(
    "filename", [b'"a\0b.pdf"', b'"a\rb.pdf"', b'"a\nb.pdf"', b'"' + b"x" * 9000 + b'"']
)
async def test_what_no_header_may_hold_is_taken_safely_or_refused(
    root: AsyncClient, caller: SignedIn, case: dict[str, Any], filename: bytes
) -> None:
    answer = await add_raw(root, caller, case, filename)
    if answer.status_code == 201:
        await harmless(root, caller, answer.json()["file"])
    else:
        status, text = refusal(answer)
        assert status == 400
        assert text.startswith("The form")


async def test_a_refusal_names_the_file_as_harmlessly(
    root: AsyncClient, caller: SignedIn, case: dict[str, Any]
) -> None:
    name = "../a\u202eb<script>.pdf"
    answer = await add_file(root, caller.headers, case["id"], name=name, content=b"MZ\0\0")
    told = (415, "ab<script>.pdf: the content is not of an accepted type")
    assert refusal(answer) == told
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_names_that_become_one_path_stay_two_files(
    root: AsyncClient, caller: SignedIn, case: dict[str, Any]
) -> None:
    names = ["a?.pdf", "a#.pdf", "a_.pdf", "A_.pdf", "a_ (2).pdf"]
    urls = [
        (await add_file(root, caller.headers, case["id"], name=name)).json()["file"]["file_url"]
        for name in names
    ]
    assert [url.rpartition("/")[2] for url in urls] == [
        *("a_.pdf", "a_ (2).pdf", "a_ (3).pdf", "A_.pdf", "a_ (2) (2).pdf")
    ]
    listed = await root.get(f"/cases/files/{case['id']}", headers=caller.headers)
    assert [file["file_name"] for file in listed.json()["files"]] == names
