"""Every call of the clinician contract, against the server."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from casekeep.client import (
    AsyncClinicianClient,
    ClinicianClient,
    NotFound,
    Refused,
    Tokens,
    ValidationFailed,
)
from casekeep.http.house import House
from casekeep.kernel.clock import utc_now
from tests.acceptance.running import Server
from tests.client.conftest import pdf
from tests.support.house import SignedIn, signed_in_clinician, signed_in_patient
from tests.support.portal import keep_row

BASE = "https://casekeep.test"
PATIENT = {"patient_name": "Pat Example", "patient_age": 44, "patient_gender": "female"}


@pytest.fixture
async def caller(house: House) -> SignedIn:
    return await signed_in_clinician(house)


@pytest.fixture
async def client(caller: SignedIn, http: httpx.AsyncClient) -> AsyncIterator[AsyncClinicianClient]:
    tokens = Tokens(caller.tokens.access_token, caller.tokens.refresh_token)
    async with AsyncClinicianClient(BASE, tokens=tokens, http=http) as opened:
        yield opened


async def test_all_pages_are_one_list(caller: SignedIn, client: AsyncClinicianClient) -> None:
    made = [(await caller.case()).id for _ in range(205)]

    listed = [case.case_id async for case in client.cases(page_size=50)]
    ascending = [case.case_id async for case in client.cases(sort_by="id", sort_order="asc")]

    assert sorted(listed) == sorted(made)
    assert len(listed) == len(made)
    assert ascending == made


async def test_pages_are_fetched_while_they_are_looked_at(
    caller: SignedIn, client: AsyncClinicianClient, http: httpx.AsyncClient
) -> None:
    for _ in range(6):
        await caller.case()
    asked: list[httpx.URL] = []

    async def note(request: httpx.Request) -> None:
        asked.append(request.url)

    http.event_hooks = {"request": [note]}
    async for _ in client.cases(page_size=2):
        break

    assert len(asked) == 1


async def test_a_search(client: AsyncClinicianClient) -> None:
    today, word = utc_now().date(), uuid4().hex
    made = await client.create_case(**PATIENT, case_summary=word)
    await client.create_case(**PATIENT)

    found = [case async for case in client.cases(search=word, status="pending")]
    found += [case async for case in client.cases(search=word, start_date=today, end_date=today)]
    late = [case async for case in client.cases(start_date=datetime.now(UTC) + timedelta(days=1))]

    assert found == [made.case, made.case]
    assert not late


async def test_the_life_of_a_case(client: AsyncClinicianClient) -> None:
    made = await client.create_case(**PATIENT, case_summary="first")
    changed = await client.update_case(made.case, patient_age=45, status="archived", stage="OPEN")
    emptied = await client.update_case(made.case.id, case_summary="")
    shown = await client.case(made.case.case_id)

    assert (changed.patient_age, changed.status) == (45, "archived")
    assert (emptied.case_summary, emptied.patient_name) == (None, "Pat Example")
    assert (shown.case.case_id, shown.files, shown.insights) == (made.case.case_id, [], None)
    await client.delete_case(made.case)
    with pytest.raises(NotFound, match="Case not found"):
        await client.case(made.case)
    assert [case.id for case in (await client.trash()).cases] == [made.case.id]
    assert (await client.restore_case(made.case)).id == made.case.id
    assert (await client.analyze(made.case)).status == "processing"


async def test_what_is_wrong_is_told(client: AsyncClinicianClient) -> None:
    made = await client.create_case(**PATIENT)

    with pytest.raises(Refused, match="No data provided for update"):
        await client.update_case(made.case)
    with pytest.raises(ValidationFailed) as refused:
        await client.update_case(made.case, patient_age=900)
    assert [each["loc"] for each in refused.value.problems] == [["body", "patient_age"]]


async def test_the_life_of_a_file(client: AsyncClinicianClient, tmp_path: Path) -> None:
    one, other = await client.create_case(**PATIENT), await client.create_case(**PATIENT)
    file = await client.upload(one.case, pdf(300), name="a.pdf", is_restricted=True)

    changed = await client.update_file(
        file, file_name="b.pdf", category="radiology", is_phi=False, case=other.case
    )

    assert (changed.file_name, changed.file_category) == ("b.pdf", "radiology")
    assert changed.case_id == other.case.id
    assert await client.file(file.file_id) == changed
    assert (await client.download(changed, tmp_path)).read_bytes() == pdf(300)
    with pytest.raises(NotFound, match="File not found"):
        await client.delete_file(file, case=one.case)
    await client.delete_file(file, case=other.case)
    assert [each.file_id for each in (await client.trash()).files] == [file.file_id]
    assert (await client.restore_file(file)).file_id == file.file_id
    assert [each.file_id for each in await client.files(other.case)] == [file.file_id]


async def test_general_documents(caller: SignedIn, client: AsyncClinicianClient) -> None:
    patient = await signed_in_patient(caller.house, caller.organization_id)
    made = await client.create_case(**PATIENT, patient_email=patient.user.email)

    assert await client.documents(made.case) == []


def test_the_blocking_client_reads_pages_too(server: Server, tokens: Tokens) -> None:
    with ClinicianClient(server.url, tokens=tokens) as client:
        word = uuid4().hex
        made = [client.create_case(**PATIENT, case_summary=word).case for _ in range(5)]

        assert list(client.cases(search=word, page_size=2)) == made[::-1]


async def test_keeping_rows_is_seen(caller: SignedIn, client: AsyncClinicianClient) -> None:
    case = await caller.case()
    made = [await keep_row(caller.house, case, name=f"{n}.pdf") for n in range(3)]

    assert {file.file_id for file in await client.files(case.number)} == set(made)
