"""Metadata, rename and delete of one file."""

from typing import NamedTuple
from uuid import uuid4

import httpx
import pytest

from casekeep.http.house import House
from tests.support.factories import make_case
from tests.support.house import SignedIn, signed_in_clinician, signed_in_patient
from tests.support.portal import FILES, NO_FILE, NOT_VALID, ids, keep_row, refusal, success


@pytest.fixture
async def patient(house: House) -> SignedIn:
    return await signed_in_patient(house)


async def test_metadata_is_the_item_of_the_list(
    house: House, portal: httpx.AsyncClient, patient: SignedIn
) -> None:
    clinician = await signed_in_clinician(house, patient.organization_id)
    case = await patient.case()
    file_id = await keep_row(house, case, uploaded_by=clinician.user.id, is_restricted=True)

    item = success(await portal.get(f"{FILES}/{file_id}/metadata", headers=patient.headers))

    assert [item] == success(await portal.get(FILES, headers=patient.headers))["files"]


async def test_rename_changes_the_label_everywhere(
    house: House, portal: httpx.AsyncClient, patient: SignedIn
) -> None:
    case = await patient.case()
    file_id = await keep_row(house, case, uploaded_by=patient.user.id)
    path = f"{FILES}/{file_id}/metadata"
    before = success(await portal.get(path, headers=patient.headers))

    renamed = await portal.patch(path, headers=patient.headers, json={"fileName": "検査結果.pdf"})

    assert success(renamed) == {**before, "fileName": "検査結果.pdf"}
    assert success(await portal.get(path, headers=patient.headers)) == success(renamed)
    signed = await portal.get(f"{FILES}/{file_id}/download", headers=patient.headers)
    assert success(signed)["fileName"] == "検査結果.pdf"


@pytest.mark.parametrize(
    "body", [{}, {"fileName": ""}, {"fileName": "x" * 256}, {"fileName": None}, {"fileName": 5},
             {"fileName": "   "}, {"fileName": "\x1c"}, {"fileName": "\ufeff"},
             {"file_name": "a.pdf"}, [], None]
)  # fmt: skip
async def test_a_name_that_is_none_is_refused(
    house: House, portal: httpx.AsyncClient, patient: SignedIn, body: object
) -> None:
    file_id = await keep_row(house, await patient.case(), uploaded_by=patient.user.id)

    path = f"{FILES}/{file_id}/metadata"

    assert refusal(await portal.patch(path, headers=patient.headers, json=body)) == NOT_VALID


async def test_a_deleted_file_is_gone_and_its_row_stays(
    house: House, portal: httpx.AsyncClient, patient: SignedIn
) -> None:
    case = await patient.case()
    kept = await keep_row(house, case, uploaded_by=patient.user.id)
    file_id = await keep_row(house, case, uploaded_by=patient.user.id)
    path = f"{FILES}/{file_id}"

    deleted = await portal.delete(path, headers=patient.headers)

    assert deleted.status_code == 200
    message = "File deleted successfully"
    assert deleted.json() == {"status": 200, "success": True, "message": message}
    assert refusal(await portal.delete(path, headers=patient.headers)) == NO_FILE
    assert refusal(await portal.get(f"{path}/metadata", headers=patient.headers)) == NO_FILE
    assert ids(await portal.get(FILES, headers=patient.headers)) == [str(kept)]
    async with house.db.transaction(patient.organization_id) as tx:
        row = await tx.fetch_row("select state, deleted_by from files where id = $1", file_id)
    assert row is not None
    assert tuple(row) == ("stored", patient.user.id)


class Call(NamedTuple):
    """One call about one file."""

    method: str
    path: str
    body: dict[str, str] | None = None

    async def on(
        self, portal: httpx.AsyncClient, caller: SignedIn, file_id: object
    ) -> tuple[int, str, str]:
        """The refusal that the call gets."""
        path = f"{FILES}/{file_id}{self.path}"
        return refusal(
            await portal.request(self.method, path, headers=caller.headers, json=self.body)
        )


CALLS = [
    Call("GET", "/metadata"),
    Call("GET", "/download"),
    Call("PATCH", "/metadata", {"fileName": "other.pdf"}),
    Call("DELETE", ""),
]


@pytest.mark.parametrize("call", CALLS)
async def test_somebody_elses_file_is_like_none(
    house: House,
    portal: httpx.AsyncClient,
    patient: SignedIn,
    call: Call,
) -> None:
    neighbour = await signed_in_patient(house, patient.organization_id)
    stranger = await signed_in_patient(house)
    case = await patient.case()
    unseen = [
        await keep_row(house, await neighbour.case(), uploaded_by=patient.user.id),
        await keep_row(house, await stranger.case(), uploaded_by=stranger.user.id),
        await keep_row(house, await make_case(house.db, patient.organization_id)),
        await keep_row(house, case, uploaded_by=patient.user.id, deleted=True),
        await keep_row(house, case, uploaded_by=patient.user.id, state="receiving"),
        uuid4(),
    ]

    for file_id in unseen:
        assert await call.on(portal, patient, file_id) == NO_FILE


@pytest.mark.parametrize("call", CALLS[2:])
async def test_a_file_that_somebody_else_added_can_be_seen_but_not_changed(
    house: House,
    portal: httpx.AsyncClient,
    patient: SignedIn,
    call: Call,
) -> None:
    clinician = await signed_in_clinician(house, patient.organization_id)
    case = await patient.case()
    theirs = await keep_row(house, case, uploaded_by=clinician.user.id)
    nobodys = await keep_row(house, case, uploaded_by=None)

    for file_id in (theirs, nobodys):
        assert await call.on(portal, patient, file_id) == NO_FILE
        seen = await portal.get(f"{FILES}/{file_id}/metadata", headers=patient.headers)
        assert success(seen)["fileName"] == "lab-result.pdf"


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("file_id", ["1", "null", "550e8400e29b41d4a716446655440000", "a%00b"])
async def test_an_id_that_is_no_uuid_is_refused(
    portal: httpx.AsyncClient,
    patient: SignedIn,
    call: Call,
    file_id: str,
) -> None:
    assert await call.on(portal, patient, file_id) == NOT_VALID
