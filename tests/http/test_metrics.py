"""What a monitoring system reads, and who else may not."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

import httpx
import pytest

from casekeep.files.verifying.model import Checked, Damage, Judged
from casekeep.files.verifying.noting import note_judged
from casekeep.http.house import House
from casekeep.http.root import dispatcher
from casekeep.kernel.ids import FileId, new_id
from tests.http.test_root import apps
from tests.support.factories import make_case, make_file_row, make_organization

TOKEN = "a token of the tests, long enough"


@asynccontextmanager
async def asking(house: House, address: str = "127.0.0.1") -> AsyncIterator[httpx.AsyncClient]:
    app = dispatcher(apps(house))
    transport = httpx.ASGITransport(app, client=(address, 40000))
    async with AsyncExitStack() as closing:
        client = httpx.AsyncClient(transport=transport, base_url="http://casekeep.test")
        yield await closing.enter_async_context(client)


def value(text: str, name: str) -> float:
    (line,) = [each for each in text.splitlines() if each.startswith(f"{name} ")]
    return float(line.rpartition(" ")[2])


async def test_everything_is_counted_over_all_organisations(house: House) -> None:
    organization_id = await make_organization(house.db)
    case = await make_case(house.db, organization_id)
    async with asking(house) as client:
        before = (await client.get("/metrics")).text
    file_id = await make_file_row(house.db, case)
    checked = Checked(house.db, house.blobs, house.audit)
    await note_judged(checked, organization_id, [Judged(file_id, Damage.MISSING)], deep=True)
    async with asking(house) as client:
        answer = await client.get("/metrics")
        head = await client.head("/metrics")
    assert answer.status_code == head.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert head.content == b""
    text, missing = answer.text, 'casekeep_findings{kind="missing"}'
    assert value(text, "casekeep_files") > value(before, "casekeep_files")
    assert value(text, "casekeep_stored_bytes") > value(before, "casekeep_stored_bytes")
    assert value(text, missing) > value(before, missing)
    for name in (
        "uploads_unfinished",
        "uploads_in_parts",
        "scrub_files",
        "scrub_round_age_seconds",
    ):
        assert value(text, f"casekeep_{name}") >= 0
    assert value(text, "casekeep_audit_seal_lag_seconds") >= 0
    for state in ("queued", "running", "held"):
        assert value(text, f'casekeep_jobs{{state="{state}"}}') >= 0


async def test_no_id_and_no_name_is_told(house: House) -> None:
    organization_id = await make_organization(house.db, "Clinic of the Lake")
    checked = Checked(house.db, house.blobs, house.audit)
    found = [Judged(FileId(new_id()), Damage.ALTERED)]
    await note_judged(checked, organization_id, found, deep=True)
    async with asking(house) as client:
        text = (await client.get("/metrics")).text
    assert "Lake" not in text
    assert str(organization_id) not in text


@pytest.mark.parametrize(
    ("changed", "address", "headers"),
    [
        ({}, "203.0.113.9", {}),
        ({}, "127.0.0.1", {"x-forwarded-for": "203.0.113.9"}),
        ({}, "127.0.0.1", {"forwarded": "for=203.0.113.9"}),
        ({"public_url": "https://files.clinic.example"}, "127.0.0.1", {}),
        ({"metrics_token": TOKEN}, "127.0.0.1", {}),
        ({"metrics_token": TOKEN}, "127.0.0.1", {"authorization": f"Bearer {TOKEN}x"}),
        ({"metrics_token": TOKEN}, "127.0.0.1", {"authorization": f"Basic {TOKEN}"}),
    ],
)
async def test_whoever_may_not_read_finds_nothing(
    house: House, changed: dict[str, str], address: str, headers: dict[str, str]
) -> None:
    async with asking(replace(house, **changed), address) as client:
        answer = await client.get("/metrics", headers=headers)
        unknown = await client.get("/metrical", headers=headers)
    assert (answer.status_code, answer.text) == (unknown.status_code, unknown.text)
    assert answer.status_code == 404


async def test_a_token_is_enough_from_anywhere(house: House) -> None:
    proof = {"authorization": f"Bearer {TOKEN}", "x-forwarded-for": "203.0.113.9"}
    guarded = replace(house, metrics_token=TOKEN, public_url="https://files.clinic.example")
    async with asking(guarded, "203.0.113.9") as client:
        assert (await client.get("/metrics", headers=proof)).status_code == 200
        assert (await client.post("/metrics", headers=proof)).status_code == 405
