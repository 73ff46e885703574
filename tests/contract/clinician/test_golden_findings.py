"""The administrators' call about damaged files, answer by answer, against golden documents."""

import pytest
from httpx import AsyncClient

from casekeep.files.verifying.model import Checked, Damage, Judged
from casekeep.files.verifying.noting import note_judged
from casekeep.http.house import House
from casekeep.identity.model import Audience, Role
from casekeep.kernel.ids import FileId, new_id
from tests.contract.clinician.test_golden import check
from tests.support.house import SignedIn, make_account, signed_in_clinician

PATH = "/admin/findings"


@pytest.fixture
async def clinician(house: House) -> SignedIn:
    return await signed_in_clinician(house)


@pytest.fixture
async def caller(house: House, clinician: SignedIn) -> SignedIn:
    """An administrator of the clinician's organisation."""
    user = await make_account(house, clinician.organization_id, Role.ADMIN)
    tokens = await house.sign_in.open_for(user, Audience.CLINICIAN)
    headers = {"authorization": f"Bearer {tokens.access_token}"}
    return SignedIn(house, clinician.organization_id, user, tokens, None, headers)


async def note(house: House, caller: SignedIn, file_id: FileId, damage: Damage | None) -> None:
    checked = Checked(house.db, house.blobs, house.audit)
    await note_judged(checked, caller.organization_id, [Judged(file_id, damage)], deep=True)


async def test_what_is_and_was_damaged(house: House, root: AsyncClient, caller: SignedIn) -> None:
    headers = caller.headers
    check("findings-empty-200", await root.get(PATH, headers=headers))
    first, second = FileId(new_id()), FileId(new_id())
    for file_id, damage in (
        (first, Damage.ALTERED),
        (first, None),
        (second, Damage.MISSING),
    ):
        await note(house, caller, file_id, damage)
    page = await root.get(PATH, headers=headers, params={"limit": "1"})
    check("findings-page-200", page, second=str(second))
    after = {"limit": "1", "after": page.json()["next"]}
    last = await root.get(PATH, headers=headers, params=after)
    check("findings-last-page-200", last, first=str(first))
    for params, found in (
        ({"state": "open"}, [second]),
        ({"state": "mended"}, [first]),
        ({"kind": "missing"}, [second]),
        ({"kind": "missing", "state": "mended"}, []),
    ):
        answer = await root.get(PATH, headers=headers, params=params)
        assert [each["file_id"] for each in answer.json()["findings"]] == [*map(str, found)]


async def test_refused_requests(root: AsyncClient, caller: SignedIn) -> None:
    check("token-401", await root.get(PATH))
    for name, params in (
        ("findings-kind-422", {"kind": "lost"}),
        ("findings-state-422", {"state": "lost"}),
        ("findings-limit-422", {"limit": "0"}),
        ("findings-after-id-422", {"after": "abc"}),
    ):
        check(name, await root.get(PATH, headers=caller.headers, params=params))


async def test_only_administrators(root: AsyncClient, clinician: SignedIn) -> None:
    check("role-403", await root.get(PATH, headers=clinician.headers))
