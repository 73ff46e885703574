"""The administrators' calls about holds and destructions, and what a hold has a clinician told,
answer by answer, against golden documents.
"""

from hashlib import sha256
from secrets import token_bytes
from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx import AsyncClient

from casekeep.http.house import House
from casekeep.identity.model import Audience, Operator, Role
from casekeep.kernel.ids import FileId
from casekeep.retention.certificates import Certificates, published_keys
from casekeep.retention.commanding import purge_file
from casekeep.retention.queries import use_certificate_key
from tests.contract.clinician.test_golden import check
from tests.support.clinician import PDF, add_file, open_case
from tests.support.factories import make_organization
from tests.support.house import SignedIn, make_account, purging, signed_in_clinician

HOLDS = "/admin/holds"
REASON = "litigation 2026/17"


@pytest.fixture
async def clinician(house: House) -> SignedIn:
    return await signed_in_clinician(house)


@pytest.fixture
async def caller(house: House, clinician: SignedIn) -> SignedIn:
    """An administrator of the clinician's organisation."""
    name = {"first_name": "Ada", "last_name": "Admin"}
    user = await make_account(house, clinician.organization_id, Role.ADMIN, **name)
    tokens = await house.sign_in.open_for(user, Audience.CLINICIAN)
    headers = {"authorization": f"Bearer {tokens.access_token}"}
    return SignedIn(house, clinician.organization_id, user, tokens, None, headers)


async def place(root: AsyncClient, caller: SignedIn, **what: object) -> Any:
    body = {"reason": REASON, **what}
    answer = await root.post(HOLDS, headers=caller.headers, json=body)
    assert answer.status_code == 201, answer.text
    return answer


async def test_holds_are_placed_listed_and_lifted(
    root: AsyncClient, caller: SignedIn, clinician: SignedIn
) -> None:
    headers = caller.headers
    check("holds-empty-200", await root.get(HOLDS, headers=headers))
    case = (await open_case(root, clinician.headers))["case"]
    file = (await add_file(root, clinician.headers, case["id"])).json()["file"]["file_id"]
    known = {"case": case["case_id"], "file": file, "admin": str(caller.user.id)}
    on_case = await place(root, caller, case_id=case["id"])
    ids = {"hold": on_case.json()["hold"]["hold_id"]}
    check("place-hold-on-case-201", on_case, **ids, **known)
    on_file = await place(root, caller, file_id=file)
    ids = {"hold": on_file.json()["hold"]["hold_id"]}
    check("place-hold-on-file-201", on_file, **ids, **known)
    page = await root.get(HOLDS, headers=headers, params={"limit": "1"})
    check("holds-page-200", page, next=page.json()["next"], **ids, **known)
    lifted = await root.post(f"{HOLDS}/{ids['hold']}/lift", headers=headers)
    check("lift-hold-200", lifted, **ids, **known)
    everything = {"limit": "1", "lifted": "true"}
    page = await root.get(HOLDS, headers=headers, params=everything)
    check("holds-lifted-200", page, next=page.json()["next"], **ids, **known)


async def test_what_is_held_is_not_deleted(
    root: AsyncClient, caller: SignedIn, clinician: SignedIn
) -> None:
    headers = clinician.headers
    case, other = [(await open_case(root, headers))["case"] for _ in range(2)]
    file = (await add_file(root, headers, case["id"])).json()["file"]["file_id"]
    placed = (await place(root, caller, file_id=file)).json()["hold"]
    on = {"on": placed["placed_at"][:10]}
    of_file, of_case = f"/cases/file/{file}", f"/cases/cases/{case['id']}"
    check("held-file-409", await root.delete(of_file, headers=headers), **on)
    check("held-file-of-case-409", await root.delete(of_case, headers=headers), **on)
    await root.post(f"{HOLDS}/{placed['hold_id']}/lift", headers=caller.headers)
    await place(root, caller, case_id=case["case_id"])
    check("held-case-409", await root.delete(of_case, headers=headers), **on)
    moved = {"case_id": other["id"]}
    refused = await root.patch(of_file, headers=headers, json=moved)
    check("held-case-of-file-409", refused, **on)


async def test_a_certificate_of_destruction(
    house: House, root: AsyncClient, caller: SignedIn, clinician: SignedIn
) -> None:
    case = (await open_case(root, clinician.headers))["case"]
    file = (await add_file(root, clinician.headers, case["id"])).json()["file"]["file_id"]
    path = f"/admin/files/{file}/certificate"
    check("certificate-404", await root.get(path, headers=caller.headers))
    await root.delete(f"/cases/file/{file}", headers=clinician.headers)
    actor = Operator(caller.organization_id)
    await purge_file(purging(house), actor, FileId(UUID(file)))
    certificate = await root.get(path, headers=caller.headers)
    signature = certificate.json()["signature"]
    check(
        "certificate-200",
        certificate,
        file=file,
        case=case["case_id"],
        organization=str(caller.organization_id),
        clinician=str(clinician.user.id),
        sha256=sha256(PDF).hexdigest(),
        key_id=signature["key_id"],
        public_key=signature["public_key"],
        signature=signature["value"],
    )
    check("file-404", await root.get(f"/cases/file/{file}", headers=clinician.headers))
    published = await root.get("/.well-known/casekeep-certificates.json")
    key, *older = published.json()["keys"]
    assert key == {name: signature[name] for name in ("key_id", "algorithm", "public_key")}
    assert key not in older


async def test_keys_of_before_are_published_too(root: AsyncClient, house: House) -> None:
    """As after a change of the deployment's secret."""
    organization_id = await make_organization(house.db)
    before = Certificates(token_bytes(32))
    async with house.db.transaction(organization_id) as tx:
        await use_certificate_key(tx, before.public_key)
        await use_certificate_key(tx, before.public_key)
    keys = (await root.get("/.well-known/casekeep-certificates.json")).json()["keys"]
    assert keys[0] == published_keys([house.certificates.public_key])["keys"][0]
    assert keys.count(published_keys([before.public_key])["keys"][0]) == 1


async def test_refused_requests(root: AsyncClient, caller: SignedIn, clinician: SignedIn) -> None:
    headers = caller.headers
    check("token-401", await root.get(HOLDS))
    check("hold-404", await root.post(f"{HOLDS}/{uuid4()}/lift", headers=headers))
    check("hold-id-422", await root.post(f"{HOLDS}/abc/lift", headers=headers))
    check("holds-after-422", await root.get(HOLDS, headers=headers, params={"after": "abc"}))
    check("file-id-422", await root.get("/admin/files/abc/certificate", headers=headers))
    for name, body in (
        ("case-404", {"reason": REASON, "case_id": 999999}),
        ("file-404", {"reason": REASON, "file_id": str(uuid4())}),
        ("hold-nothing-400", {"reason": REASON}),
        ("hold-reason-400", {"reason": "   ", "case_id": 1}),
    ):
        check(name, await root.post(HOLDS, headers=headers, json=body))
    check("json-422", await root.post(HOLDS, headers=headers, content=b"{"))


async def test_only_administrators(root: AsyncClient, clinician: SignedIn) -> None:
    headers, body = clinician.headers, {"reason": REASON, "case_id": 1}
    for answer in (
        await root.get(HOLDS, headers=headers),
        await root.post(HOLDS, headers=headers, json=body),
        await root.post(f"{HOLDS}/{uuid4()}/lift", headers=headers),
        await root.get(f"/admin/files/{uuid4()}/certificate", headers=headers),
    ):
        check("role-403", answer)
