"""The portal contract, answer by answer, against golden documents."""

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest

from casekeep.cases.model import CaseFacts
from casekeep.http.house import House
from casekeep.identity.model import Role
from casekeep.kernel.ids import CaseId, CaseNumber, UserId
from tests.support.factories import make_case
from tests.support.golden import differences, read_golden
from tests.support.house import (
    Outbox,
    SignedIn,
    code_sent_to,
    make_account,
    signed_in_clinician,
    signed_in_patient,
)
from tests.support.portal import AUTH, FILES, NOON, keep_row

HERE = Path(__file__).parent
PDF = b"%PDF-1.7\n%%EOF\n"
PUBLISHED = "550e8400-e29b-41d4-a716-446655440"


def check(name: str, answer: httpx.Response, **known: object) -> None:
    """Compare an answer with the golden document of a name."""
    golden = read_golden(HERE / f"{name}.json")
    body = answer.json() if answer.content else None
    given = {field: answer.headers.get(field) for field in golden["headers"]}
    actual = {"status": answer.status_code, "headers": given, "body": body}
    values = {key.replace("_", " "): str(value) for key, value in known.items()}

    assert not list(differences(golden, actual, values)), answer.text


@pytest.fixture
async def patient(house: House) -> SignedIn:
    return await signed_in_patient(house)


async def test_the_published_page_is_answered_to_the_letter(
    house: House, portal: httpx.AsyncClient, patient: SignedIn
) -> None:
    """The ids, the names and the time are those of the page."""
    case_id, jane = CaseId(UUID(PUBLISHED + "111")), UserId(UUID(PUBLISHED + "222"))
    async with house.db.transaction(patient.organization_id) as tx:
        await tx.execute(
            """insert into users (id, organization_id, role, email, first_name, last_name)
               values ($1, $2, 'clinician', 'jane.doe@example.org', 'Jane', 'Doe')""",
            jane,
            patient.organization_id,
        )
        await tx.execute(
            """insert into cases (id, organization_id, number, patient_id, patient_name)
               values ($1, $2, 10001, $3, 'Pat Example')""",
            case_id,
            patient.organization_id,
            patient.user.id,
        )
    case = CaseFacts(
        case_id, CaseNumber(10001), patient.organization_id, None, patient.user.id, deleted=False
    )
    await keep_row(
        house,
        case,
        file_id=UUID(PUBLISHED + "000"),
        uploaded_by=jane,
        created_at=datetime(2026, 4, 15, 12, 34, 56, tzinfo=UTC),
    )

    answer = await portal.get(FILES, headers=patient.headers)

    check("list-files-200", answer)
    golden = read_golden(HERE / "list-files-200.json")["body"]
    assert answer.text == json.dumps(golden, separators=(",", ":"))


async def test_lists(house: House, portal: httpx.AsyncClient, patient: SignedIn) -> None:
    check("list-files-empty-200", await portal.get(FILES, headers=patient.headers))
    case = await patient.case()
    clinician = await signed_in_clinician(
        house, patient.organization_id, first_name=None, last_name=None
    )
    newer = await keep_row(house, case, name="scan.pdf", is_restricted=True)
    older = await keep_row(
        house,
        case,
        name="notes.pdf",
        uploaded_by=clinician.user.id,
        created_at=NOON - timedelta(microseconds=1),
    )
    known = {
        "file": newer, "other_file": older, "case": case.id, "clinician": clinician.user.id,
    }  # fmt: skip

    check("list-files-nullable-200", await portal.get(FILES, headers=patient.headers), **known)

    first = await portal.get(FILES, headers=patient.headers, params={"limit": "1"})
    cursor = first.json()["data"]["pageInfo"]["endCursor"]
    assert isinstance(cursor, str)
    check("list-files-page-200", first, cursor=cursor, **known)
    query = {"limit": "1", "after": cursor}
    last = await portal.get(FILES, headers=patient.headers, params=query)
    check("list-files-last-page-200", last, **known)


async def test_refused_lists(house: House, portal: httpx.AsyncClient, patient: SignedIn) -> None:
    foreign = await make_case(house.db, patient.organization_id)
    without_key = patient.with_headers(cv_api_key=None)
    without_token = patient.with_headers(authorization=None)

    async def answer(query: str = "", headers: dict[str, str] | None = None) -> httpx.Response:
        return await portal.get(f"{FILES}{query}", headers=headers or patient.headers)

    check("list-files-400", await answer(headers=without_key))
    check("list-files-400", await answer("?caseId=1"))
    check("list-files-400", await answer("?type=x"))
    check("list-files-400", await answer("?type="))
    check("list-files-401", await answer(headers=without_token))
    check("list-files-403", await answer(f"?caseId={foreign.id}"))
    check("list-files-403", await answer(f"?caseId={uuid4()}"))


async def test_one_file_from_upload_to_delete(portal: httpx.AsyncClient, patient: SignedIn) -> None:
    case = await patient.case()
    known = {"case": case.id, "patient": patient.user.id}
    body = {
        "name": "report.pdf",
        "data": base64.b64encode(PDF).decode(),
        "mimeType": "application/pdf",
    }
    headers = patient.headers

    general = await portal.post(f"{FILES}/upload", headers=headers, json=body)
    check("upload-general-200", general)
    body["caseId"] = str(case.id)
    uploaded = await portal.post(f"{FILES}/upload", headers=headers, json=body)
    check("upload-200", uploaded, **known)
    path = f"{FILES}/{uploaded.json()['data']['id']}"
    check("metadata-200", await portal.get(f"{path}/metadata", headers=headers), **known)
    check("download-200", await portal.get(f"{path}/download", headers=headers))
    rename = {"fileName": "renamed.pdf"}
    renamed = await portal.patch(f"{path}/metadata", headers=headers, json=rename)
    check("rename-200", renamed, **known)
    check("delete-200", await portal.delete(path, headers=headers))
    check("file-404", await portal.delete(path, headers=headers))
    check("file-404", await portal.get(f"{path}/metadata", headers=headers))
    check("file-404", await portal.get(f"{path}/download", headers=headers))


async def test_signing_in_and_out(
    house: House, portal: httpx.AsyncClient, outbox: Outbox, patient: SignedIn
) -> None:
    email = f"{uuid4().hex}@example.org"
    await make_account(house, patient.organization_id, Role.PATIENT, email=email)
    headers = {"cv-api-key": str(patient.key)}

    async def post(call: str, **body: str) -> httpx.Response:
        return await portal.post(f"{AUTH}/{call}", headers=headers, json=body)

    check("send-otp-200", await post("send-otp", email=email, channel="EMAIL"))
    code = await code_sent_to(house, outbox, email)
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    check("verify-otp-401", await post("verify-otp", email=email, code=wrong))
    signed_in = await post("verify-otp", email=email, code=code)
    check("tokens-200", signed_in)
    first = signed_in.json()["data"]["refreshToken"]
    renewed = await post("refresh-token", refresh_token=first)
    check("tokens-200", renewed)
    check("logout-200", await post("logout", refresh_token=renewed.json()["data"]["refreshToken"]))
    check("logout-200", await post("logout", refresh_token="nonsense"))
    check("refresh-reused-401", await post("refresh-token", refresh_token=first))
    check("refresh-invalid-401", await post("refresh-token", refresh_token="nonsense"))
    headers["cv-api-key"] = "nonsense"
    check("auth-404", await post("logout", refresh_token=first))


@pytest.mark.parametrize(
    ("golden", "actual"),
    [
        ({"a": 1}, {"a": 1, "b": 2}),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ({"a": True}, {"a": 1}),
        ({"a": None}, {"a": ""}),
        ([1], [1, 2]),
        ({"a": [{"b": "x"}]}, {"a": [{"b": "y"}]}),
        ("<uuid>", "550e8400e29b41d4a716446655440000"),
        ("<milliseconds>", "2026-03-04T10:30:15Z"),
        ("<case>", "another"),
    ],
)
def test_a_difference_is_found(golden: object, actual: object) -> None:
    assert list(differences(golden, actual, {"case": "this one"}))
