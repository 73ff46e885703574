"""`POST /cases/create_case`: a case with all its files, or nothing."""

from typing import Any
from uuid import uuid4

import pytest
from httpx import AsyncClient, Response

from casekeep.http.house import House
from casekeep.identity.model import Audience, Role
from tests.support.clinician import JPEG, NOTHING, PATIENT, PDF, Kept, kept, open_case, refusal
from tests.support.house import MIB, SignedIn, make_account, signed_in_clinician

CSV = b"analyte,value,unit\nHb,13.9,g/dL\n"
FILES = [
    ("radiology_files", ("z.jpg", JPEG)),
    ("lab_files", ("b.csv", CSV)),
    ("radiology_files", ("a.pdf", PDF)),
    ("lab_files", ("b.csv", CSV)),
]
PROGRAM = b"MZ\x90\x00" + bytes(200)
HTML = b"<!doctype html><script>alert(1)</script>"


@pytest.fixture
async def caller(house: House) -> SignedIn:
    return await signed_in_clinician(house)


async def create(
    clinician: AsyncClient, caller: SignedIn, *, files: Any = None, **fields: str | None
) -> Response:
    """Ask for a case; a field that is None is left out. Without files the form is urlencoded."""
    given = {name: value for name, value in {**PATIENT, **fields}.items() if value is not None}
    return await clinician.post(
        "/cases/create_case", headers=caller.headers, data=given, files=files
    )


async def patient_of(house: House, caller: SignedIn, case: dict[str, Any]) -> Any:
    """The row of the patient's account that a case is linked to."""
    async with house.db.transaction(caller.organization_id) as tx:
        return await tx.fetch_row(
            """select u.* from cases c join users u on u.id = c.patient_id
               where c.organization_id = $1 and c.id = $2""",
            caller.organization_id,
            case["case_id"],
        )


async def test_an_urlencoded_form_opens_a_case_without_files(
    house: House, clinician: AsyncClient, caller: SignedIn
) -> None:
    answer = await create(clinician, caller, case_summary="Fatigue, Hb to be checked")
    assert answer.request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert answer.status_code == 201
    assert answer.json()["uploaded_files"] == []
    assert answer.json()["case"]["case_summary"] == "Fatigue, Hb to be checked"
    assert await kept(house, caller.organization_id) == Kept(1, 0, 0)


async def test_files_are_kept_in_the_order_they_were_sent(
    clinician: AsyncClient, caller: SignedIn
) -> None:
    answer = await create(clinician, caller, files=FILES)
    case, files = answer.json()["case"], answer.json()["uploaded_files"]
    lab, radiology = f"lab_files/{case['case_id']}", f"radiology_files/{case['case_id']}"
    assert [(each["file_name"], each["file_category"], each["file_url"]) for each in files] == [
        ("z.jpg", "radiology", f"{radiology}/z.jpg"),
        ("b.csv", "lab", f"{lab}/b.csv"),
        ("a.pdf", "radiology", f"{radiology}/a.pdf"),
        ("b.csv", "lab", f"{lab}/b (2).csv"),
    ]
    assert [each["file_type"] for each in files] == [
        *("image/jpeg", "text/csv", "application/pdf", "text/csv")
    ]
    listed = await clinician.get(f"/cases/files/{case['id']}", headers=caller.headers)
    assert listed.json()["files"] == files


async def test_numbers_count_up_within_the_organisation(
    house: House, clinician: AsyncClient, caller: SignedIn
) -> None:
    colleague = await signed_in_clinician(house, caller.organization_id)
    numbers = [
        (await open_case(clinician, each.headers))["case"]["id"]
        for each in (caller, colleague, caller)
    ]
    assert numbers == list(range(numbers[0], numbers[0] + 3))


BAD_FILES = [
    (PROGRAM, (415, "bad.pdf: the content is not of an accepted type")),
    (HTML, (415, "bad.pdf: the content is not of an accepted type")),
    (b"", (400, "bad.pdf: the file is empty")),
    (PDF + bytes(MIB), (413, "bad.pdf: the file is larger than 1 MB")),
]


@pytest.mark.parametrize(("content", "told"), BAD_FILES)
async def test_one_refused_file_of_three_leaves_nothing(
    house: House, clinician: AsyncClient, caller: SignedIn, content: bytes, told: tuple[int, str]
) -> None:
    for position in range(3):
        files = [("lab_files", ("one.pdf", PDF)), ("radiology_files", ("two.jpg", JPEG))]
        files.insert(position, ("lab_files", ("bad.pdf", content)))
        answer = await create(clinician, caller, files=files, patient_email="new@example.org")
        assert refusal(answer) == told
    assert await kept(house, caller.organization_id) == NOTHING
    async with house.db.transaction(caller.organization_id) as tx:
        patients = await tx.fetch(
            "select from users where organization_id = $1 and role = 'patient'",
            caller.organization_id,
        )
    assert not patients


async def test_each_category_has_its_own_limit(
    house: House, clinician: AsyncClient, caller: SignedIn
) -> None:
    large = PDF + bytes(MIB)
    scan = await create(clinician, caller, files=[("radiology_files", ("scan.pdf", large))])
    assert scan.status_code == 201
    huge = await create(
        clinician, caller, files=[("radiology_files", ("scan.pdf", large + bytes(MIB)))]
    )
    assert refusal(huge) == (413, "scan.pdf: the file is larger than 2 MB")
    assert await kept(house, caller.organization_id) == Kept(1, 1, 1)


async def test_a_new_patient_gets_an_account(
    house: House, clinician: AsyncClient, caller: SignedIn
) -> None:
    answer = await create(
        clinician,
        caller,
        patient_name="Mary Ann Example",
        patient_email=" Mary@Example.org ",
        patient_phone="+1 415 555 0123",
    )
    assert answer.status_code == 201
    account = await patient_of(house, caller, answer.json()["case"])
    assert (account["email"], account["phone"]) == ("mary@example.org", "+14155550123")
    assert (account["first_name"], account["last_name"]) == ("Mary", "Ann Example")
    assert account["role"] == "patient"


async def test_a_known_patient_is_found_by_email_or_by_phone(
    house: House, clinician: AsyncClient, caller: SignedIn
) -> None:
    known = await make_account(
        house, caller.organization_id, Role.PATIENT, email="pat@example.org", phone="+14155550100"
    )
    for fields in (
        {"patient_email": "PAT@example.org"},
        {"patient_phone": "+1 (415) 555-0100"},
        {"patient_email": "pat@example.org", "patient_phone": "+14155550100"},
    ):
        answer = await create(clinician, caller, **fields)
        account = await patient_of(house, caller, answer.json()["case"])
        assert account["id"] == known.id
        assert account["first_name"] == known.first_name
    unlinked = await create(clinician, caller)
    assert await patient_of(house, caller, unlinked.json()["case"]) is None


async def test_a_case_is_linked_to_nobody_elses_account(
    house: House, clinician: AsyncClient, caller: SignedIn
) -> None:
    colleague = await signed_in_clinician(house, caller.organization_id)
    await make_account(house, caller.organization_id, Role.PATIENT, email="one@example.org")
    await make_account(
        house, caller.organization_id, Role.PATIENT, email="two@example.org", phone="+14155550101"
    )
    for fields in (
        {"patient_email": colleague.user.email},
        {"patient_email": "one@example.org", "patient_phone": "+14155550101"},
        {"patient_email": "no address"},
        {"patient_phone": "777"},
    ):
        answer = await create(clinician, caller, files=FILES, **fields)
        status, text = refusal(answer)
        assert status == 400
        assert not any(value in text for value in fields.values() if value)
    assert await kept(house, caller.organization_id) == NOTHING


async def test_user_id_is_the_token_s_user_or_absent(
    house: House, clinician: AsyncClient, caller: SignedIn
) -> None:
    own = str(caller.user.id)
    for user_id in (own, own.upper(), f" {own} ", "", None):
        answer = await create(clinician, caller, user_id=user_id)
        assert answer.status_code == 201
        assert answer.json()["case"]["user_id"] == answer.json()["case"]["doctor_id"] == own
    colleague = await signed_in_clinician(house, caller.organization_id)
    before = await kept(house, caller.organization_id)
    for user_id in (str(colleague.user.id), str(uuid4()), "nonsense"):
        answer = await create(clinician, caller, files=FILES, user_id=user_id)
        assert refusal(answer) == (403, "user_id does not match the signed-in user")
    assert await kept(house, caller.organization_id) == before


async def test_every_missing_field_is_told(clinician: AsyncClient, caller: SignedIn) -> None:
    answer = await create(
        clinician, caller, patient_name=None, patient_age=None, patient_gender="  ", user_id=""
    )
    status, problems = refusal(answer)
    assert status == 422
    assert problems == [
        {"type": "missing", "loc": ["body", name], "msg": "Field required", "input": None}
        for name in ("patient_name", "patient_age", "patient_gender")
    ]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[("patient_age", age) for age in ("151", "-1", "44.5", "abc", "1e2", "٤٤", "9" * 5000)],
        ("patient_name", "x" * 201),
    ],
)
async def test_a_field_out_of_range_is_told(
    house: House, clinician: AsyncClient, caller: SignedIn, field: str, value: str
) -> None:
    status, problems = refusal(await create(clinician, caller, files=FILES, **{field: value}))
    assert status == 422
    (problem,) = problems
    assert list(problem) == ["type", "loc", "msg", "input"]
    assert (problem["loc"], problem["input"]) == (["body", field], value)
    assert await kept(house, caller.organization_id) == NOTHING


@pytest.mark.parametrize("age", ["0", "150", " 44 ", "044"])
async def test_ages_in_range(clinician: AsyncClient, caller: SignedIn, age: str) -> None:
    answer = await create(clinician, caller, patient_age=age)
    assert answer.json()["case"]["patient_age"] == int(age)


async def test_a_text_over_its_size_or_not_text_is_refused(
    house: House, clinician: AsyncClient, caller: SignedIn
) -> None:
    long = await create(clinician, caller, files=FILES, case_summary="x" * 65537)
    assert refusal(long) == (400, "The field case_summary is longer than 65536 bytes")
    nul = await create(clinician, caller, files=FILES, patient_gender="a\0b")
    assert refusal(nul) == (400, "The field patient_gender contains a NUL character")
    assert await kept(house, caller.organization_id) == NOTHING


def empty_input(name: str) -> bytes:
    return (
        f'--frontier\r\nContent-Disposition: form-data; name="{name}"; filename=""\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    ).encode()


async def post_raw(clinician: AsyncClient, caller: SignedIn, body: bytes) -> Response:
    fields = "".join(
        f'--frontier\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in PATIENT.items()
    )
    return await clinician.post(
        "/cases/create_case",
        content=fields.encode() + body + b"--frontier--\r\n",
        headers={**caller.headers, "content-type": "multipart/form-data; boundary=frontier"},
    )


async def test_file_inputs_left_empty_in_a_browser_are_passed_over(
    clinician: AsyncClient, caller: SignedIn
) -> None:
    body = empty_input("lab_files") + b"\r\n" + empty_input("radiology_files") + b"\r\n"
    answer = await post_raw(clinician, caller, body)
    assert answer.status_code == 201
    assert answer.json()["uploaded_files"] == []


async def test_a_file_without_a_name_is_not_lost(clinician: AsyncClient, caller: SignedIn) -> None:
    answer = await post_raw(clinician, caller, empty_input("lab_files") + PDF + b"\r\n")
    assert answer.status_code == 201
    (file,) = answer.json()["uploaded_files"]
    assert (file["file_name"], file["file_size"]) == ("file", len(PDF))


@pytest.mark.parametrize("multipart", [True, False])
async def test_a_text_where_a_file_should_be_is_told(
    house: House, clinician: AsyncClient, caller: SignedIn, *, multipart: bool
) -> None:
    """Else the case would be opened without what the caller took for a file of it."""
    files = [("radiology_files", ("scan.jpg", JPEG))] if multipart else None
    status, problems = refusal(
        await create(clinician, caller, files=files, lab_files="[object File]")
    )
    assert status == 422
    assert problems[0]["loc"] == ["body", "lab_files"]
    assert await kept(house, caller.organization_id) == NOTHING
    blank = await create(clinician, caller, files=files, lab_files="")
    assert blank.status_code == 201


async def test_who_may_open_no_case_is_told_so(house: House, clinician: AsyncClient) -> None:
    admin = await make_account(
        house, (await signed_in_clinician(house)).organization_id, Role.ADMIN
    )
    tokens = await house.sign_in.open_for(admin, Audience.CLINICIAN)
    headers = {"authorization": f"Bearer {tokens.access_token}"}
    answer = await clinician.post("/cases/create_case", headers=headers, data=PATIENT, files=FILES)
    assert refusal(answer) == (403, "Your account may not do this")
    assert await kept(house, admin.organization_id) == NOTHING


async def test_without_a_token_nothing_is_read(house: House, clinician: AsyncClient) -> None:
    answer = await clinician.post("/cases/create_case", data=PATIENT, files=FILES)
    assert refusal(answer) == (401, "Invalid or expired token")
    assert answer.headers["www-authenticate"] == "Bearer"
