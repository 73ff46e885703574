"""Cases that a partner's software opens and finds again: what is kept, and what never is."""

import asyncio
import base64
import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from casekeep.files.arranging import change_file
from casekeep.files.links import LIFE, Links
from casekeep.files.model import FileChange
from casekeep.http.house import House
from casekeep.identity.api_keys import revoke_api_key
from casekeep.identity.model import Clinician, Role
from casekeep.kernel.clock import utc_now
from casekeep.kernel.ids import FileId
from casekeep.portal_api import app, partner_cases
from tests.http.asgi import serving
from tests.support.clinician import whole_server
from tests.support.house import LINK_SECRET, client, make_account, signed_in_clinician
from tests.support.partner import (
    CASES,
    DETAIL,
    OPEN,
    PDF,
    Software,
    around_now,
    body,
    file,
    question,
    software,
)
from tests.support.portal import NO_FILE, NOT_VALID, refusal, success

KEPT = ("cases", "files", "users", "forms", "case_answers")


@pytest.fixture
async def partner(house: House, portal: httpx.AsyncClient) -> Software:
    return await software(house, portal)


async def case_row(partner: Software, case_id: str) -> dict[str, Any]:
    async with partner.house.db.transaction(partner.organization_id) as tx:
        row = await tx.fetch_row("select * from cases where id = $1", UUID(case_id))
    assert row is not None
    return dict(row)


async def test_what_is_said_of_the_patient_is_kept_with_the_case(partner: Software) -> None:
    today = utc_now().date()
    dob = today.replace(year=today.year - 40, day=1) - timedelta(days=400)
    case = await partner.opened(dob=dob.isoformat(), gender="Other")

    row = await case_row(partner, case["id"])

    assert (row["patient_name"], row["patient_gender"]) == ("Pat Example", "other")
    assert row["patient_age"] in {40, 41, 42}
    assert (row["clinician_id"], row["stage"]) == (None, "OPEN")


async def test_a_patient_who_is_there_is_found_and_left_as_they_are(partner: Software) -> None:
    pat = await make_account(
        partner.house, partner.organization_id, Role.PATIENT, first_name="Patricia"
    )
    case = await partner.opened(email=f" {str(pat.email).upper()} ", firstName="Pat")

    assert case["submitter"]["id"] == str(pat.id)
    assert case["submitter"]["firstName"] == "Patricia"
    assert await partner.rows("users") == (1,)


async def test_somebody_who_is_no_patient_has_no_case(partner: Software) -> None:
    jane = await make_account(partner.house, partner.organization_id, Role.CLINICIAN)
    assert refusal(await partner.send_case(email=jane.email)) == NOT_VALID
    assert await partner.rows("cases", "forms") == (0, 0)


async def test_a_form_of_a_title_is_made_once_and_never_changed(partner: Software) -> None:
    asked = question("TEXT", "Well")
    first = await partner.opened(questions=[asked])
    second = await partner.opened(questions=[question("NUMBER", 1), asked, asked])

    one, two = first["forms"][0], second["forms"][0]
    known = one["responses"][0]["question"]["id"]
    ids = [each["question"]["id"] for each in two["responses"]]
    assert one["form"] == two["form"]
    assert ids[1] == known
    assert len(set(ids)) == 3
    assert await partner.rows("forms") == (1,)
    answer = {"formTitle": None, "formId": one["form"]["id"]}
    unknown = [{"questionId": ids[0], "answer": 1}]
    assert refusal(await partner.send_case(**answer, questions=unknown)) == NOT_VALID
    twice = [{"questionId": known, "answer": "a"}] * 2
    assert refusal(await partner.send_case(**answer, questions=twice)) == NOT_VALID
    right = await partner.opened(**answer, questions=[{"questionId": known, "answer": "b"}])
    assert right["forms"][0]["responses"][0]["answer"] == "b"


async def test_a_form_of_others_is_not_known(
    house: House, portal: httpx.AsyncClient, partner: Software
) -> None:
    form = (await partner.opened())["forms"][0]
    other = await software(house, portal)
    questions = [{"questionId": form["responses"][0]["question"]["id"], "answer": "x"}]
    foreign = {"formTitle": None, "formId": form["form"]["id"], "questions": questions}

    assert refusal(await other.send_case(**foreign)) == NOT_VALID
    assert success(await partner.send_case(**foreign))


async def test_answers_are_protected_unless_they_are_said_not_to_be(partner: Software) -> None:
    answers = [question("FILE", file("a.pdf")), question("FILE", file("b.pdf"), phi=False)]
    case = await partner.opened(questions=answers)

    assert [each["isPHI"] for each in case["attachments"]] == [True, False]
    asked = [each["question"]["isPHI"] for each in case["forms"][0]["responses"]]
    assert asked == [True, False]


async def test_two_of_one_key_at_once_become_one_case(partner: Software) -> None:
    sent = {"idempotencyKey": "once", "questions": [question("FILE", file())]}
    answers = await asyncio.gather(*(partner.send_case(**sent) for _ in range(4)))

    assert len({success(each)["case"]["id"] for each in answers}) == 1
    await partner.house.receiving.close()
    assert await partner.rows(*KEPT) == (1, 1, 1, 1, 1)
    assert await partner.blobs() == 1
    assert [each for each in await partner.events() if each[0] == "case.opened"] == [
        ("case.opened", "done", "partner")
    ]


async def test_a_key_is_one_organisations(
    house: House, portal: httpx.AsyncClient, partner: Software
) -> None:
    other = await software(house, portal)
    first = await partner.opened(idempotencyKey="k")
    assert (await other.opened(idempotencyKey="k"))["id"] != first["id"]
    assert (await partner.opened(idempotencyKey="K"))["id"] != first["id"]


async def test_a_client_that_is_lost_leaves_nothing(house: House, partner: Software) -> None:
    content = json.dumps(body(questions=[question("FILE", file())])).encode()
    head = f"POST {OPEN} HTTP/1.1\r\nHost: x\r\ncv-api-key: {partner.headers['cv-api-key']}\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    async with serving(whole_server(house)) as (host, port):
        _, writer = await asyncio.open_connection(host, port)
        writer.write(head.encode() + content[:-1])
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        async with httpx.AsyncClient(base_url=f"http://{host}:{port}") as client:
            assert (await client.get(DETAIL, headers=partner.headers)).status_code == 400
    assert await partner.rows(*KEPT) == (0,) * 5
    assert await partner.blobs() == 0


async def test_pages_go_through_every_case_once(partner: Software) -> None:
    opened = [(await partner.opened())["id"] for _ in range(5)]
    at = utc_now()
    async with partner.house.db.transaction(partner.organization_id) as tx:
        await tx.execute("update cases set created_at = $1 where organization_id = $2", at,
                         partner.organization_id)  # fmt: skip
        await tx.execute("update cases set stage = 'REJECTED' where id = $1", UUID(opened[1]))

    pages = [success(await partner.listed(recordsPerPage="2"))]
    while pages[-1]["pageInfo"]["hasNextPage"]:
        after = pages[-1]["pageInfo"]["cursor"]["end"]
        pages.append(success(await partner.listed(recordsPerPage="2", after=after)))

    assert [case["id"] for page in pages for case in page["cases"]] == opened[::-1]
    assert [page["pageInfo"]["hasPreviousPage"] for page in pages] == [False, True, True]
    beyond = success(await partner.listed(after=opened[0]))
    assert beyond["pageInfo"] == {
        "cursor": {"start": None, "end": None}, "hasNextPage": False, "hasPreviousPage": True,
    }  # fmt: skip
    filtered = success(await partner.listed(after=opened[2], status="REJECTED"))
    assert [case["id"] for case in filtered["cases"]] == [opened[1]]
    assert not filtered["pageInfo"]["hasPreviousPage"]
    gone = await partner.get(CASES, startTime=at.isoformat(), endTime=_later(at))
    assert len(success(gone)["cases"]) == 5
    before = await partner.get(CASES, startTime=_earlier(at), endTime=at.isoformat())
    assert success(before)["cases"] == []


def _later(at: datetime) -> str:
    return (at + timedelta(seconds=1)).isoformat()


def _earlier(at: datetime) -> str:
    return (at - timedelta(days=60)).isoformat()


async def test_bytes_are_recorded_before_they_leave(partner: Software) -> None:
    case = await partner.opened(questions=[question("FILE", file())])
    query = {"includeAttachments": "true", "documentFormat": "base64"}
    (found,) = success(await partner.listed(**query))["cases"]

    assert base64.b64decode(found["attachments"][0]["content"]) == PDF
    assert ("file.opened", "done", "partner") in await partner.events()
    detail = await partner.get(DETAIL, caseId=case["id"], includeAttachments="true")
    assert base64.b64decode(detail.json()["caseDetail"]["attachments"][0]["content"]) == PDF


async def test_a_link_opens_its_file_as_long_as_the_key_lives(partner: Software) -> None:
    case = await partner.opened(questions=[question("FILE", file())])
    query = {"includeAttachments": "true", "documentFormat": "url"}
    detail = await partner.get(DETAIL, caseId=case["id"], **query)
    url = detail.json()["caseDetail"]["attachments"][0]["url"]

    assert (await partner.portal.get(url)).content == PDF
    links = Links(LINK_SECRET, lambda: utc_now() - timedelta(seconds=LIFE))
    late = links.sign(partner.actor, FileId(UUID(case["attachments"][0]["id"])))
    old = await partner.portal.get("/api/v1/files/content", params={"token": late})
    assert refusal(old) == NO_FILE
    house = partner.house
    key_id = partner.actor.api_key_id
    await revoke_api_key(house.db, house.audit, partner.organization_id, key_id)
    assert refusal(await partner.portal.get(url)) == NO_FILE
    events = await partner.events()
    assert ("file.linked", "done", "partner") in events
    assert ("file.opened", "refused", "partner") in events


async def test_another_key_sees_and_changes_nothing(
    house: House, portal: httpx.AsyncClient, partner: Software
) -> None:
    case = await partner.opened()
    other = await software(house, portal)

    assert success(await other.listed())["cases"] == []
    assert refusal(await other.listed(after=case["id"])) == NOT_VALID
    assert (await other.get(DETAIL, caseId=case["id"])).status_code == 404
    assert (await other.say(case["id"], attachments=[file()])).status_code == 404
    await house.receiving.close()
    assert await other.rows("files", "communications") == (0, 0)
    assert await other.blobs() == 0
    assert ("case.commented", "refused", "partner") in await other.events()
    assert ("case.shown", "refused", "partner") in await other.events()


async def test_what_is_said_is_recorded_with_its_files(partner: Software) -> None:
    case = await partner.opened()
    assert success(await partner.say(case["id"], attachments=[file()]))
    events = await partner.events()
    assert events[-2:] == [
        ("case.commented", "done", "partner"), ("file.received", "done", "partner"),
    ]  # fmt: skip
    shown = (await partner.get(DETAIL, caseId=case["id"])).json()["caseDetail"]
    (said,) = shown["communications"]
    assert said["attachments"] == shown["attachments"]


async def test_a_moved_file_leaves_behind_what_it_came_with(partner: Software) -> None:
    jane = await signed_in_clinician(partner.house, partner.organization_id)
    case = await partner.opened(questions=[question("FILE", file())])
    other = await jane.case()
    async with partner.house.db.transaction(partner.organization_id) as tx:
        await tx.execute(
            "update cases set clinician_id = $1 where id = $2", jane.user.id, UUID(case["id"])
        )
    house, moved = partner.house, FileId(UUID(case["attachments"][0]["id"]))
    actor = Clinician(partner.organization_id, jane.user.id)

    await change_file(house.db, house.audit, actor, moved, FileChange(case=other.id))

    shown = (await partner.get(DETAIL, caseId=case["id"])).json()["caseDetail"]
    assert shown["attachments"] == shown["forms"][0]["responses"][0]["answer"] == []


async def test_answers_with_files_over_the_budget_come_back_later(
    house: House, partner: Software, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "PATIENCE", 0.05)
    monkeypatch.setattr(partner_cases, "_COPIES", 1 << 40)
    await partner.opened(questions=[question("FILE", file())])
    query = {**around_now(), "includeAttachments": "true", "documentFormat": "base64"}
    async with client(app.build_app(house)) as portal:
        for _ in range(2):
            answer = await portal.get(CASES, headers=partner.headers, params=query)
            assert refusal(answer) == (429, "Too many requests", "RATE_LIMITED")
        monkeypatch.setattr(partner_cases, "_COPIES", 1)
        assert success(await portal.get(CASES, headers=partner.headers, params=query))


@pytest.mark.parametrize("said", ["true", 1, 0, "false"])
async def test_a_truth_is_no_text_and_no_number(
    house: House, portal: httpx.AsyncClient, said: object
) -> None:
    partner = await software(house, portal)
    case_id = (await partner.opened())["id"]
    asked = question("BOOLEAN", True)
    for refused in (
        await partner.send_case(questions=[{**asked, "phi": said}]),
        await partner.send_case(questions=[{**asked, "required": said}]),
        await partner.say(case_id, isRestricted=said),
        await partner.say(case_id, webhookNotify=said),
        await partner.say(case_id, attachments=[file(isPHI=said)]),
    ):
        assert refusal(refused) == NOT_VALID
    assert await partner.rows("cases", "communications", "files") == (1, 0, 0)
