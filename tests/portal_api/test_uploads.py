"""`POST /users/me/files/upload`: a file in base64."""

import base64
import re
from typing import Any
from uuid import uuid4

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from casekeep.http.house import House
from casekeep.kernel.errors import InputNotValid
from casekeep.portal_api.uploads import decoded
from tests.support.house import MIB, SignedIn, signed_in_patient
from tests.support.portal import FILES, NO_CASE, NO_FILE, NOT_VALID, ids, refusal, success

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)
PROGRAM = b"MZ\x90\x00" + bytes(200)
HTML = b"<!doctype html><html><script>alert(1)</script></html>"


@pytest.fixture
async def patient(house: House) -> SignedIn:
    return await signed_in_patient(house)


def body(content: bytes = PDF, **changes: object) -> dict[str, object]:
    data = base64.b64encode(content).decode()
    given = {"name": "report.pdf", "data": data, "mimeType": "application/pdf", **changes}
    return {name: value for name, value in given.items() if value is not ...}


async def upload(portal: httpx.AsyncClient, patient: SignedIn, **given: Any) -> httpx.Response:
    return await portal.post(f"{FILES}/upload", headers=patient.headers, json=body(**given))


async def fetched(portal: httpx.AsyncClient, patient: SignedIn, file_id: str) -> httpx.Response:
    signed = success(await portal.get(f"{FILES}/{file_id}/download", headers=patient.headers))
    return await portal.get(signed["downloadUrl"])


async def test_a_file_added_to_a_case_is_listed_and_comes_back_whole(
    portal: httpx.AsyncClient, patient: SignedIn
) -> None:
    case = await patient.case()

    file = success(await upload(portal, patient, caseId=str(case.id)))

    assert file["fileName"] == "report.pdf"
    assert file["isPHI"] is False
    assert file["isRestricted"] is False
    assert file["caseId"] == str(case.id)
    listed = success(await portal.get(FILES, headers=patient.headers))["files"]
    by = {"id": str(patient.user.id), "firstName": "Jane", "lastName": "Doe"}
    assert listed == [{**file, "uploadedBy": by}]
    assert (await fetched(portal, patient, file["id"])).content == PDF


@pytest.mark.parametrize("case_id", [..., None])
async def test_without_a_case_it_is_a_general_document_that_only_staff_see(
    house: House, portal: httpx.AsyncClient, patient: SignedIn, case_id: object
) -> None:
    await patient.case()

    file = success(await upload(portal, patient, caseId=case_id))

    assert file["caseId"] is None
    assert ids(await portal.get(FILES, headers=patient.headers)) == []
    for method, call in (("GET", "/metadata"), ("GET", "/download"), ("DELETE", "")):
        answer = await portal.request(
            method, f"{FILES}/{file['id']}{call}", headers=patient.headers
        )
        assert refusal(answer) == NO_FILE
    async with house.db.transaction(patient.organization_id) as tx:
        kept = await tx.fetch_row(
            "select state, patient_id, case_id from files where organization_id = $1",
            patient.organization_id,
        )
    assert kept is not None
    assert tuple(kept) == ("stored", patient.user.id, None)


@pytest.mark.parametrize(
    "prefix",
    [
        "data:application/pdf;base64,",
        "data:;base64,",
        "data:application/pdf;name=a.pdf;base64,",
        "DATA:application/pdf;BASE64,",
    ],
)
async def test_a_data_prefix_is_accepted(
    portal: httpx.AsyncClient, patient: SignedIn, prefix: str
) -> None:
    case = await patient.case()
    data = prefix + base64.b64encode(PDF).decode()

    file = success(await upload(portal, patient, data=data, caseId=str(case.id)))

    assert (await fetched(portal, patient, file["id"])).content == PDF


@pytest.mark.parametrize(
    "data",
    [
        "%%%%",
        base64.b64encode(PDF).decode()[:-1],
        base64.b64encode(PDF).decode() + "A",
        base64.b64encode(PDF).decode() + "====",
        "QQ==" + base64.b64encode(PDF).decode(),
        base64.b64encode(PDF).decode()[:8] + "\n" + base64.b64encode(PDF).decode()[8:],
        "data:application/pdf," + base64.b64encode(PDF).decode(),
        "JVBERi0xLjc=é",
        base64.urlsafe_b64encode(b"%PDF-1.7\n\xfb\xff\xfe\xff\xff").decode(),
    ],
)
async def test_bad_base64_is_refused_and_nothing_is_kept(
    house: House, portal: httpx.AsyncClient, patient: SignedIn, data: str
) -> None:
    case = await patient.case()

    assert refusal(await upload(portal, patient, data=data, caseId=str(case.id))) == NOT_VALID

    assert await rows_and_bytes(house, patient) == (0, 0)


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ...},
        {"name": ""},
        {"name": " "},
        {"name": "\u3000\t"},
        {"name": "x" * 256},
        {"name": None},
        {"data": ...},
        {"data": None},
        {"mimeType": ...},
        {"mimeType": "application/zip"},
        {"mimeType": "APPLICATION/PDF"},
        {"mimeType": ""},
        {"data": "data:image/png;base64," + base64.b64encode(PDF).decode()},
        {"data": "data:text/plain;charset=utf-8;base64," + base64.b64encode(PDF).decode()},
        {"caseId": ""},
        {"caseId": "12345"},
        {"caseId": 12345},
    ],
)
async def test_a_body_that_is_not_exactly_right_is_refused(
    portal: httpx.AsyncClient, patient: SignedIn, changes: dict[str, object]
) -> None:
    assert refusal(await upload(portal, patient, **changes)) == NOT_VALID


@pytest.mark.parametrize(
    "file",
    [
        (b"", "empty.pdf", "application/pdf"),
        (PROGRAM, "setup.pdf", "application/pdf"),
        (HTML, "page.txt", "text/plain"),
        (PNG, "picture.pdf", "application/pdf"),
        (PDF, "report.png", "image/png"),
        (b"just some words", "notes.pdf", "application/pdf"),
    ],
)
async def test_content_that_is_not_what_it_is_said_to_be_is_refused(
    house: House, portal: httpx.AsyncClient, patient: SignedIn, file: tuple[bytes, str, str]
) -> None:
    case = await patient.case()
    content, name, said = file

    answer = await upload(
        portal, patient, content=content, name=name, mimeType=said, caseId=str(case.id)
    )

    status, _, code = refusal(answer)
    assert (status, code) == (400, "VALIDATION_ERROR")
    assert await rows_and_bytes(house, patient) == (0, 0)


@pytest.mark.parametrize(
    "file",
    [
        (PNG, "scan.png", "image/png"),
        (b"a,b\n1,2\n", "values.csv", "text/csv"),
        (b"a,b\n1,2\n", "values.csv", "text/plain"),
        ("Grüße".encode(), "notes.txt", "text/plain"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'></svg>", "drawing.svg", "image/svg+xml"),
    ],
)
async def test_every_kind_that_the_contract_names_is_taken(
    portal: httpx.AsyncClient, patient: SignedIn, file: tuple[bytes, str, str]
) -> None:
    case = await patient.case()
    content, name, said = file

    answer = await upload(
        portal, patient, content=content, name=name, mimeType=said, caseId=str(case.id)
    )

    assert success(answer)["fileName"] == name


async def test_a_file_over_the_limit_is_refused_whole(
    house: House, portal: httpx.AsyncClient, patient: SignedIn
) -> None:
    largest = house.limits.lab
    for size in (largest + 1, largest + MIB):
        answer = await upload(portal, patient, content=PDF.ljust(size, b"\n"))
        status, _, code = refusal(answer)
        assert (status, code) == (413, "PAYLOAD_TOO_LARGE")

    assert await rows_and_bytes(house, patient) == (0, 0)


async def test_a_large_file_comes_back_whole(portal: httpx.AsyncClient, patient: SignedIn) -> None:
    case = await patient.case()
    content = PDF + bytes(range(256)) * 4000

    file = success(await upload(portal, patient, content=content, caseId=str(case.id)))

    assert (await fetched(portal, patient, file["id"])).content == content


async def test_a_case_that_is_not_the_patients_is_refused_and_nothing_is_kept(
    house: House, portal: httpx.AsyncClient, patient: SignedIn
) -> None:
    neighbour = await signed_in_patient(house, patient.organization_id)
    stranger = await signed_in_patient(house)
    for case_id in ((await neighbour.case()).id, (await stranger.case()).id, uuid4()):
        assert refusal(await upload(portal, patient, caseId=str(case_id))) == NO_CASE

    assert await rows_and_bytes(house, patient) == (0, 0)


async def test_a_name_is_a_label_and_never_a_path(
    portal: httpx.AsyncClient, patient: SignedIn
) -> None:
    case = await patient.case()

    file = success(
        await upload(portal, patient, name="../../etc/\u202epasswd\u0000.pdf", caseId=str(case.id))
    )

    assert file["fileName"] == "passwd.pdf"


async def rows_and_bytes(house: House, patient: SignedIn) -> tuple[int, int]:
    """How many rows and blobs the patient's organisation has."""
    async with house.db.transaction(patient.organization_id) as tx:
        rows = await tx.fetch_value(
            "select count(*) from files where organization_id = $1", patient.organization_id
        )
    stored = house.blobs.keys()
    mine = [key async for key in stored if key.organization_id == patient.organization_id]
    return rows, len(mine)


async def gathered(data: str) -> bytes:
    return b"".join([piece async for piece in decoded(data)])


@given(content=st.binary(max_size=100), repeat=st.sampled_from([1, 40_000]))
async def test_decoding_gives_what_was_encoded(content: bytes, repeat: int) -> None:
    content *= repeat

    assert await gathered(base64.b64encode(content).decode()) == content


@given(text=st.text(alphabet="QUJ=+/-_ \n", max_size=20))
@example(text="JJJJ=")
async def test_decoding_takes_what_the_standard_takes(text: str) -> None:
    """Whole groups of four characters, which Python's own reading does not insist on."""
    if re.fullmatch(r"([A-Z+/]{4})*([A-Z+/]{2}==|[A-Z+/]{3}=)?", text):
        assert await gathered(text) == base64.b64decode(text)
    else:
        with pytest.raises(InputNotValid):
            await gathered(text)
