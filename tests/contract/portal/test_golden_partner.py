"""The partner calls of the portal contract, answer by answer, against golden documents."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from casekeep.files import handing
from casekeep.http.house import House
from casekeep.kernel.clock import utc_now
from tests.contract.portal.test_golden import check
from tests.support.house import SignedIn, signed_in_clinician
from tests.support.partner import (
    CASES,
    DETAIL,
    LATEST,
    OPEN,
    Software,
    around_now,
    body,
    file,
    question,
    software,
)
from tests.support.portal import success

EMAIL = "pat@example.org"
QUESTIONS = [
    question("TEXT", "Well", required=True, phi=False),
    question("SELECT", "Often", options=["Often", "Never"]),
    question("MULTISELECT", ["A", "B"], options=["A", "B", "C"]),
    question("NUMBER", 36.6),
    question("BOOLEAN", True),
    question("DATE", "2026-01-02"),
    question("FILE", [file("scan.pdf"), file("second.pdf")]),
    question("FILE", file("leaflet.pdf"), phi=False, question="Anything else?"),
    question("TEXTAREA", None),
]
WHOLE: dict[str, Any] = {
    "email": EMAIL,
    "formTitle": "Intake",
    "formDescription": "Before the first visit",
    "questions": QUESTIONS,
    "dob": "1980-01-31",
    "gender": "female",
    "phoneNumber": "+4915112345678",
    "shippingAddress": {
        "addressLine1": "1 High Street",
        "city": "Springfield",
        "state": "IL",
        "country": "us",
        "postalCode": "62701",
    },
    "languagePreferences": ["English"],
    "status": "Abandoned",
    "idempotencyKey": "the first",
}


@pytest.fixture
async def partner(house: House, portal: httpx.AsyncClient) -> Software:
    return await software(house, portal)


@pytest.fixture
async def clinician(house: House, partner: Software) -> SignedIn:
    return await signed_in_clinician(house, partner.organization_id)


async def test_a_case_is_opened(partner: Software) -> None:
    opened = await partner.send_case(**WHOLE)
    check("open-case-200", opened)
    replayed = await partner.send_case(**{**WHOLE, "email": "other@example.org"})
    assert success(replayed) == success(opened)

    form = success(opened)["case"]["forms"][0]
    answers = [
        {"questionId": each["question"]["id"], "answer": QUESTIONS[index]["answer"]}
        for index, each in enumerate(form["responses"])
    ]
    by_id = body(email=EMAIL, formId=form["form"]["id"], questions=answers[:1])
    del by_id["formTitle"]
    check(
        "open-case-by-form-200",
        await partner.portal.post(OPEN, headers=partner.headers, json=by_id),
        form=form["form"]["id"],
        first=form["responses"][0]["question"]["id"],
    )


async def test_cases_are_shown(partner: Software, clinician: SignedIn) -> None:
    empty = await partner.listed()
    check("list-cases-empty-200", empty)
    first = await partner.opened(email=EMAIL, questions=[question("FILE", file())])
    second = await partner.opened(email=EMAIL)
    async with partner.house.db.transaction(partner.organization_id) as tx:
        await tx.execute(
            "update cases set clinician_id = $2, stage = 'ASSIGNED' where organization_id = $1",
            partner.organization_id,
            clinician.user.id,
        )
    known = {
        "first": first["id"], "second": second["id"], "clinician": clinician.user.id,
        "patient": first["submitter"]["id"], "file": first["attachments"][0]["id"],
    }  # fmt: skip

    check("list-cases-200", await partner.listed(recordsPerPage="1"), **known)
    last = await partner.listed(after=second["id"], status="OPEN,ASSIGNED")
    check("list-cases-last-page-200", last, **known)
    as_bytes = {"includeAttachments": "true", "documentFormat": "base64"}
    check("list-cases-base64-200", await partner.listed(after=second["id"], **as_bytes), **known)
    query = {"caseId": first["id"]}
    check("case-detail-200", await partner.get(DETAIL, **query), **known)
    as_url = {"includeAttachments": "true", "documentFormat": "url"}
    check("case-detail-url-200", await partner.get(DETAIL, **query, **as_url), **known)
    check("latest-case-200", await partner.get(LATEST, email=f" {EMAIL.upper()}"), **known)


async def test_something_is_said(partner: Software, clinician: SignedIn) -> None:
    case = await partner.opened()
    attachments = [file("a.pdf"), file("b.pdf", isPHI=False, isRestricted=False)]
    author = {"email": str(clinician.user.email), "firstName": "Jane", "lastName": "Doe"}
    said = await partner.say(
        case["id"], text="One.\r\nTwo.\0", isRestricted=True, author=author, attachments=attachments
    )
    known = {"clinician": clinician.user.id, "email": clinician.user.email}
    check("communication-200", said, **known)
    check("communication-by-nobody-200", await partner.say(case["id"]))


REFUSED_BODIES: dict[str, dict[str, object]] = {
    "no name": {"firstName": None},
    "blank name": {"lastName": " "},
    "no email": {"email": "nobody"},
    "no question": {"questions": []},
    "no form": {"formTitle": None},
    "two forms": {"formId": str(uuid4())},
    "unknown form": {
        "formTitle": None, "formId": str(uuid4()), "questions": [{"questionId": "x"}],
    },
    "form id of no kind": {"formTitle": None, "formId": "1"},
    "long title": {"formTitle": "x" * 201},
    "birth in the future": {"dob": "2100-01-01"},
    "no date": {"dob": "1.1.1980"},
    "unknown gender": {"gender": "x"},
    "unknown status": {"status": "ASSIGNED"},
    "phone": {"phoneNumber": "12"},
    "country": {"shippingAddress": {**WHOLE["shippingAddress"], "country": "Germany"}},
    "empty key": {"idempotencyKey": ""},
    "unknown type": {"questions": [question("POEM", "x")]},
    "nothing asked": {"questions": [{"questionId": "x", "answer": "y"}]},
    "unanswered": {"questions": [question("TEXT", "", required=True)]},
    "no option": {"questions": [question("SELECT", "x", options=["y"])]},
    "no option of several": {"questions": [question("MULTISELECT", ["y", "x"], options=["y"])]},
    "no number": {"questions": [question("NUMBER", "7")]},
    "no truth": {"questions": [question("BOOLEAN", 1)]},
    "no day": {"questions": [question("DATE", "today")]},
    "no list": {"questions": [question("MULTISELECT", "x")]},
    "no text": {"questions": [question("TEXT", 7)]},
    "no file": {"questions": [question("FILE", "scan.pdf")]},
    "a file": {"questions": [question("TEXT", file())]},
    "file without a name": {"questions": [question("FILE", file(" "))]},
    "no base64": {"questions": [question("FILE", {"fileName": "a.pdf", "content": "%%%"})]},
    "file and text": {"questions": [question("FILE", [file(), "x"])]},
}  # fmt: skip


@pytest.mark.parametrize("changed", REFUSED_BODIES.values(), ids=list(REFUSED_BODIES))
async def test_a_case_is_refused_whole(partner: Software, changed: dict[str, object]) -> None:
    check("partner-400", await partner.send_case(**changed))
    assert await partner.rows("cases", "files", "users", "forms", "case_answers") == (0,) * 5
    assert await partner.blobs() == 0


async def test_files_are_refused(partner: Software, monkeypatch: pytest.MonkeyPatch) -> None:
    large = file("large.pdf", b"%PDF-1.7\n" + bytes(partner.house.limits.lab))
    program = file("program.exe", b"MZ" + bytes(100))
    case = await partner.opened(questions=[question("FILE", file())])
    before = await partner.rows("cases", "files", "users", "communications")
    for name, sent in (("large", large), ("type", program), ("empty", file("e.pdf", b""))):
        code = 413 if name == "large" else 400
        refused = f"partner-file-{name}-{code}"
        check(refused, await partner.send_case(questions=[question("FILE", [file(), sent])]))
        check(refused, await partner.say(case["id"], attachments=[file(), sent]))
    assert await partner.rows("cases", "files", "users", "communications") == before
    assert await partner.blobs() == 1

    monkeypatch.setattr(handing, "MOST_CONTENT", 10)
    as_bytes = {"includeAttachments": "true", "documentFormat": "base64"}
    check("partner-content-413", await partner.listed(**as_bytes))
    check("partner-content-413", await partner.get(DETAIL, caseId=case["id"], **as_bytes))


async def test_questions_about_cases_are_refused(partner: Software) -> None:
    now = utc_now()
    window = around_now()
    late = {**window, "endTime": (now + timedelta(days=60)).isoformat()}
    for query in (
        {},
        {"startTime": window["startTime"]},
        late,
        {"startTime": window["endTime"], "endTime": window["startTime"]},
        {**window, "startTime": "2026-01-02"},
        {**window, "status": "OPEN,LOST"},
        {**window, "status": ""},
        {**window, "recordsPerPage": "101"},
        {**window, "recordsPerPage": "0"},
        {**window, "after": "1"},
        {**window, "after": str(uuid4())},
        {**window, "includeAttachments": "true"},
        {**window, "includeAttachments": "yes", "documentFormat": "url"},
        {**window, "documentFormat": "xml"},
    ):
        check("partner-400", await partner.get(CASES, **query))
    nobody = {"email": "nobody"}
    both = {"caseId": str(uuid4()), **nobody}
    for query in ({}, {"caseId": "1"}, nobody, both, {"includeAttachments": "true"}):
        check("partner-400", await partner.get(DETAIL, **query))
    check("partner-400", await partner.get(LATEST))


async def test_a_case_of_nobody_is_one_answer(
    house: House, portal: httpx.AsyncClient, partner: Software
) -> None:
    other = await software(house, portal)
    foreign, deleted = await other.opened(email=EMAIL), await partner.opened()
    without = await signed_in_clinician(house, partner.organization_id, email="jane@example.org")
    async with house.db.transaction(partner.organization_id) as tx:
        await tx.execute(
            "update cases set deleted_at = now() where organization_id = $1",
            partner.organization_id,
        )
    for case_id in (foreign["id"], deleted["id"], uuid4()):
        check("case-404", await partner.get(DETAIL, caseId=str(case_id)))
        check("case-404", await partner.say(case_id))
    for email in (EMAIL, str(without.user.email), deleted["submitter"]["email"]):
        check("case-404", await partner.get(DETAIL, email=email))
        check("case-404", await partner.get(LATEST, email=email))
    assert await partner.rows("communications") == (0,)


REFUSED_WORDS: dict[str, dict[str, object]] = {
    "nothing": {"text": ""},
    "nothing to see": {"text": "\0 \u200b"},
    "too much": {"text": "x" * 10_001},
    "nobody": {"author": None},
    "no address": {"author": {"email": "nurse"}},
    "long name": {"author": {"email": "nurse@example.org", "firstName": "x" * 201}},
    "no file name": {"attachments": [file(" ")]},
    "no base64": {"attachments": [{"fileName": "a.pdf", "content": "%"}]},
}


@pytest.mark.parametrize("changed", REFUSED_WORDS.values(), ids=list(REFUSED_WORDS))
async def test_words_are_refused(partner: Software, changed: dict[str, object]) -> None:
    case = await partner.opened()
    check("partner-400", await partner.say(case["id"], **changed))
    assert await partner.rows("communications", "files") == (0, 0)


async def test_other_acts_are_refused(partner: Software) -> None:
    case = await partner.opened()
    url = f"{CASES}/{case['id']}"
    for act in ({"action": "CLOSE"}, {"action": "ADD_COMMUNICATION"}):
        check("partner-400", await partner.portal.post(url, headers=partner.headers, json=act))
    check("partner-400", await partner.say("1"))


async def test_a_key_is_needed_before_anything_else(partner: Software) -> None:
    calls = [("GET", CASES), ("GET", DETAIL), ("GET", LATEST), ("POST", OPEN)]
    for method, path in [*calls, ("POST", f"{CASES}/1")]:
        check("partner-400", await partner.portal.request(method, path))
        headers = {"cv-api-key": "nonsense"}
        check("partner-401", await partner.portal.request(method, path, headers=headers))
