"""Every call of an administrator, against the server."""

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import httpx
import pytest

from casekeep.client import (
    AsyncAdministratorClient,
    AsyncClinicianClient,
    CaseFile,
    Forbidden,
    NotFound,
    Refused,
    Tokens,
)
from casekeep.files.verifying.model import Checked, Damage, Judged
from casekeep.files.verifying.noting import note_judged
from casekeep.http.house import House
from casekeep.identity.model import Audience, Operator, Role
from casekeep.kernel.ids import FileId, new_id
from casekeep.retention.commanding import purge_file
from tests.client.conftest import pdf
from tests.support.house import SignedIn, make_account, purging, signed_in_clinician

BASE = "https://casekeep.test"
PATIENT = {"patient_name": "Pat Example", "patient_age": 44, "patient_gender": "female"}


@pytest.fixture
async def caller(house: House) -> SignedIn:
    """The clinician, to whose organisation both clients belong."""
    return await signed_in_clinician(house)


@pytest.fixture
async def clinician(
    caller: SignedIn, http: httpx.AsyncClient
) -> AsyncIterator[AsyncClinicianClient]:
    tokens = Tokens(caller.tokens.access_token, caller.tokens.refresh_token)
    async with AsyncClinicianClient(BASE, tokens=tokens, http=http) as client:
        yield client


@pytest.fixture
async def administrator(
    house: House, caller: SignedIn, http: httpx.AsyncClient
) -> AsyncIterator[AsyncAdministratorClient]:
    user = await make_account(house, caller.organization_id, Role.ADMIN)
    opened = await house.sign_in.open_for(user, Audience.CLINICIAN)
    tokens = Tokens(opened.access_token, opened.refresh_token)
    async with AsyncAdministratorClient(BASE, tokens=tokens, http=http) as client:
        yield client


async def kept(client: AsyncClinicianClient) -> CaseFile:
    made = await client.create_case(**PATIENT)
    return await client.upload(made.case, pdf(300), name="a.pdf")


async def test_a_hold_keeps_what_it_is_on(
    administrator: AsyncAdministratorClient, clinician: AsyncClinicianClient
) -> None:
    file, other = await kept(clinician), await kept(clinician)
    assert file.case_id is not None
    on_case = await administrator.hold_case(file.case_id, "litigation 2026/17")
    on_file = await administrator.hold_file(other, "audit")

    assert (on_case.file_id, on_file.file_id) == (None, other.file_id)
    assert on_case.placed_by == on_file.placed_by == (await administrator.account()).id
    assert (on_case.reason, on_case.lifted_at) == ("litigation 2026/17", None)
    assert [each async for each in administrator.holds(page_size=1)] == [on_file, on_case]
    for held in (file, other):
        with pytest.raises(Refused) as refused:
            await clinician.delete_file(held)
        assert refused.value.status == 409
    lifted = await administrator.lift_hold(on_case)
    assert await administrator.lift_hold(on_case.hold_id) == lifted
    assert lifted.lifted_at is not None
    await clinician.delete_file(file)
    assert [each async for each in administrator.holds()] == [on_file]
    assert [each async for each in administrator.holds(lifted=True)] == [on_file, lifted]


async def test_what_cannot_be_held(
    administrator: AsyncAdministratorClient, clinician: AsyncClinicianClient
) -> None:
    with pytest.raises(NotFound, match="Case not found"):
        await administrator.hold_case(999_999_999, "audit")
    with pytest.raises(NotFound, match="File not found"):
        await administrator.hold_file(uuid4(), "audit")
    with pytest.raises(NotFound, match="Hold not found"):
        await administrator.lift_hold(uuid4())
    file = await kept(clinician)
    with pytest.raises(Refused, match="reason"):
        await administrator.hold_file(file, " ")
    assert [each async for each in administrator.holds(lifted=True)] == []


async def test_what_is_damaged(
    house: House, caller: SignedIn, administrator: AsyncAdministratorClient
) -> None:
    checked, files = Checked(house.db, house.blobs, house.audit), [FileId(new_id()) for _ in "abc"]
    for file, damage in zip(files, (Damage.MISSING, Damage.ALTERED, Damage.ALTERED), strict=True):
        await note_judged(checked, caller.organization_id, [Judged(file, damage)], deep=True)
    await note_judged(checked, caller.organization_id, [Judged(files[2], None)], deep=True)

    async def found(**wanted: str) -> list[UUID]:
        listed = administrator.findings(**wanted, page_size=1)  # type: ignore[arg-type]
        return [finding.file_id async for finding in listed]

    assert await found() == files[::-1]
    assert await found(kind="altered") == files[:0:-1]
    assert await found(kind="altered", state="open") == [files[1]]
    (mended,) = [each async for each in administrator.findings(state="mended")]
    assert mended.mended_at is not None


async def test_a_certificate(
    house: House,
    caller: SignedIn,
    administrator: AsyncAdministratorClient,
    clinician: AsyncClinicianClient,
) -> None:
    file = await kept(clinician)
    with pytest.raises(NotFound, match="Certificate not found"):
        await administrator.certificate(file)
    await clinician.delete_file(file)
    await purge_file(purging(house), Operator(caller.organization_id), FileId(file.file_id))

    proof = await administrator.certificate(file)

    assert proof["certificate"]["file"]["id"] == str(file.file_id)
    assert set(proof) == {"certificate", "signature"}


async def test_a_clinician_is_no_administrator(
    caller: SignedIn, http: httpx.AsyncClient, clinician: AsyncClinicianClient
) -> None:
    file, tokens = await kept(clinician), clinician.tokens
    async with AsyncAdministratorClient(BASE, tokens=tokens, http=http) as client:
        with pytest.raises(Forbidden):
            await client.hold_file(file, "audit")
