"""Every partner call, against the server."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from casekeep.client import (
    Answer,
    AsyncPartnerClient,
    Author,
    FileContent,
    NotFound,
    NotSignedIn,
    PartnerCase,
    Question,
    Refused,
    ShippingAddress,
)
from casekeep.http.house import House
from casekeep.kernel.clock import utc_now
from casekeep.kernel.ids import OrganizationId
from tests.client.conftest import pdf
from tests.support.factories import make_case, make_organization
from tests.support.house import api_key

BASE = "https://casekeep.test"
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Office:
    """An organisation and its software."""

    organization_id: OrganizationId
    client: AsyncPartnerClient


@pytest.fixture
async def office(house: House, http: httpx.AsyncClient) -> AsyncIterator[Office]:
    organization_id = await make_organization(house.db)
    _, key = await api_key(house, organization_id)
    async with AsyncPartnerClient(BASE, key, http=http) as client:
        yield Office(organization_id, client)


@pytest.fixture
def client(office: Office) -> AsyncPartnerClient:
    return office.client


async def opened(client: AsyncPartnerClient, email: str, key: str | None = None) -> PartnerCase:
    return await client.open_case(
        first_name="Pat",
        last_name="Example",
        email=email,
        form_title="Intake",
        questions=[
            Question("What hurts?", "TEXT", "My knee", required=True),
            Question("Which?", "SELECT", "left", options=["left", "right"]),
            Question("A picture", "FILE", FileContent("knee.pdf", pdf(400)), phi=True),
        ],
        dob=date(1980, 1, 31),
        gender="OTHER",
        phone_number=f"+49151{uuid4().int % 10**8:08}",
        shipping_address=ShippingAddress("Street 1", "Berlin", "BE", "DE", "10115"),
        language_preferences=["de", "en"],
        idempotency_key=key,
    )


async def test_opening_a_case(client: AsyncPartnerClient, tmp_path: Path) -> None:
    email, key = f"{uuid4().hex}@example.org", uuid4().hex
    made = await opened(client, email, key)

    assert (await opened(client, email, key)).id == made.id
    assert (made.status, made.title) == ("OPEN", "Intake")
    assert made.patient is not None
    assert (made.patient.email, made.patient.first_name) == (email, "Pat")
    (form,) = made.forms
    assert [each.question.text for each in form.responses] == ["What hurts?", "Which?", "A picture"]
    assert [each.answer for each in form.responses[:2]] == ["My knee", "left"]
    assert [each.question.options for each in form.responses][1] == ["left", "right"]
    whole = await client.case(made, files="base64")
    assert [(file.file_name, file.content) for file in whole.files] == [("knee.pdf", pdf(400))]
    (linked,) = (await client.case(email=email, files="url")).files
    assert linked.content is None
    assert (await client.download(linked, tmp_path)).read_bytes() == pdf(400)
    with pytest.raises(ValueError, match="files='url'"):
        await client.download(made.files[0], tmp_path)
    assert await client.latest_case_id(email) == made.id


async def test_answering_a_form_that_exists(client: AsyncPartnerClient) -> None:
    first = await opened(client, f"{uuid4().hex}@example.org")
    form = first.forms[0]
    again = await client.open_case(
        first_name="Sam",
        last_name="Example",
        email=f"{uuid4().hex}@example.org",
        form_id=form.form.id,
        questions=[Answer(form.responses[0].question.id, "My elbow")],
        status="ABANDONED",
    )

    assert again.status == "ABANDONED"
    assert again.forms[0].form == form.form
    assert again.forms[0].responses[0].answer == "My elbow"


async def test_saying_something(client: AsyncPartnerClient) -> None:
    made = await opened(client, f"{uuid4().hex}@example.org")
    author = Author("nurse@example.org", "Nora", "Nurse")

    said = await client.add_communication(
        made, "Please call back", author, files=[FileContent("note.pdf", pdf(300), is_phi=False)]
    )

    assert (said.text, said.is_restricted) == ("Please call back", False)
    assert (said.author.email, said.author.first_name) == ("nurse@example.org", "Nora")
    assert [(file.file_name, file.is_phi) for file in said.files] == [("note.pdf", False)]
    assert [each.id for each in (await client.case(made.id)).communications] == [said.id]


async def test_files_go_with_the_digest_of_their_body(
    client: AsyncPartnerClient, http: httpx.AsyncClient
) -> None:
    sent: list[bool] = []

    async def note(request: httpx.Request) -> None:
        sent.append("content-digest" in request.headers)

    http.event_hooks = {"request": [note]}
    made = await opened(client, f"{uuid4().hex}@example.org")
    author = Author("nurse@example.org")
    await client.add_communication(made, "With", author, files=[FileContent("a.pdf", pdf(300))])
    await client.add_communication(made, "Without", author)

    assert sent == [True, True, False]


async def test_long_spans_are_one_list(house: House, office: Office) -> None:
    now, ages = utc_now(), [0, 59, 60, 61, 119, 120, 121, 300]
    made = {age: (await make_case(house.db, office.organization_id)).id for age in [*ages, 301, -1]}
    async with house.db.transaction(office.organization_id) as tx:
        for age, case in made.items():
            await tx.execute(
                "update cases set created_at = $3 where organization_id = $1 and id = $2",
                office.organization_id,
                case,
                now - age * DAY,
            )
    since, until = now - 300 * DAY, now + DAY

    listed = [case.id async for case in office.client.cases(since, until, page_size=2)]

    assert listed == [made[age] for age in ages]
    of_none = office.client.cases(since, until, statuses=["APPROVED", "REJECTED"], files="url")
    assert not [case async for case in of_none]
    with pytest.raises(ValueError, match="later"):
        assert not [case async for case in office.client.cases(until, since)]


async def test_users(client: AsyncPartnerClient) -> None:
    email, phone = f"{uuid4().hex}@example.org", f"+49151{uuid4().int % 10**8:08}"
    assert not (await client.check_user(email=email)).exists

    made = await client.create_user(
        email, first_name="Pat", dob=date(1980, 1, 31), phone_number=phone, allergies="nuts"
    )
    changed = await client.update_user(email, last_name="Example", city=None)

    assert (made.first_name, made.phone_number) == ("Pat", phone)
    assert (changed.id, changed.last_name) == (made.id, "Example")
    assert (await client.check_user(email=email)).code == "EMAIL_EXISTS"
    assert (await client.check_user(phone_number=phone)).code == "PHONE_NUMBER_EXISTS"
    assert [user.id async for user in client.users(phone_number=phone)] == [made.id]
    with pytest.raises(Refused):
        await client.create_user(email)
    with pytest.raises(NotFound):
        await client.update_user("nobody@example.org", city="Berlin")


async def test_users_of_many_pages(client: AsyncPartnerClient) -> None:
    made = [(await client.create_user(f"{uuid4().hex}@example.org")).id for _ in range(7)]

    assert [user.id async for user in client.users(page_size=3)] == made[::-1]


async def test_what_is_refused(http: httpx.AsyncClient, client: AsyncPartnerClient) -> None:
    with pytest.raises(NotFound):
        await client.case(uuid4())
    with pytest.raises(NotFound):
        await client.latest_case_id("nobody@example.org")
    async with AsyncPartnerClient(BASE, "a wrong key", http=http) as stranger:
        with pytest.raises(NotSignedIn):
            await stranger.latest_case_id("nobody@example.org")
