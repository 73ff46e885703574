"""The stranger: every call of both documents, made with the ids of a clinic by somebody who has no
right to them. Nothing may be given away, nothing may change, and what exists is refused like what
does not. A new call is walked as soon as it is in a document.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest

from casekeep.clinician_api.app import build_app as build_clinician_api
from casekeep.http.house import House
from casekeep.identity.model import Audience, Patient, Role
from casekeep.kernel.ids import OrganizationId
from casekeep.portal_api.app import build_app as build_portal_api
from tests.support.factories import make_organization
from tests.support.filling import Names, fill
from tests.support.house import (
    PASSWORD,
    Outbox,
    SignedIn,
    client,
    code_sent_to,
    make_account,
    signed_in_patient,
)
from tests.support.openapi import Call, broken_promises, calls_of, read_document
from tests.support.tenant import Clinic, Row, furnish
from tests.support.walking import Caller, Walk, forges, leaks, requests

ONLY_WHETHER = {"GET /api/v1/check-user"}
"""Calls whose answer is yes or no: the walk sees what they give away in how two answers differ."""


@dataclass(frozen=True)
class Edges:
    """A client of each edge, from an address of its own, since attempts are counted by it."""

    clinician: httpx.AsyncClient
    portal: httpx.AsyncClient

    def of(self, audience: Audience) -> httpx.AsyncClient:
        return self.clinician if audience is Audience.CLINICIAN else self.portal

    async def calls(self, audience: Audience) -> list[Call]:
        return calls_of(await read_document(self.of(audience)))


@pytest.fixture
async def edges(house: House) -> AsyncIterator[Edges]:
    apps = build_clinician_api(house), build_portal_api(house)
    async with client(apps[0]) as clinician, client(apps[1]) as portal:
        yield Edges(clinician, portal)


async def somebody(house: House, organization_id: OrganizationId, role: Role) -> SignedIn:
    if role is Role.PATIENT:
        return await signed_in_patient(house, organization_id)
    user = await make_account(house, organization_id, role)
    tokens = await house.sign_in.open_for(user, Audience.CLINICIAN)
    return SignedIn(house, organization_id, user, tokens, None, {})


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("of_the_clinic", [False, True], ids=["stranger", "colleague"])
async def test_nobody_else_comes_by_anything(
    house: House, edges: Edges, role: Role, of_the_clinic: bool
) -> None:
    clinic = await furnish(house, edges.clinician, edges.portal)
    before, words = await clinic.rows(), await clinic.words()
    if of_the_clinic:
        words -= {str(clinic.organization_id)}
    elsewhere = await make_organization(house.db)
    theirs = clinic.organization_id if of_the_clinic else elsewhere
    audience = Audience.PATIENT_PORTAL if role is Role.PATIENT else Audience.CLINICIAN
    caller = Caller(await somebody(house, theirs, role), audience, of_the_clinic)
    walk = Walk(edges.of(audience), clinic, words, caller.headers, [])
    forged = forges(clinic, Patient(theirs, caller.who.user.id), elsewhere)

    for call in sorted(await edges.calls(audience), key=makes_a_right):
        if not caller.may_call(call):
            for real, nothing in requests(call, clinic, forged):
                await walk.ask(real, nothing, alike=not caller.may_notice(real))

    assert not walk.complaints, "\n".join(dict.fromkeys(walk.complaints))
    assert walk.succeeded, "whoever may do nothing at all is no test of anything"
    check_untouched(clinic, before, await clinic.rows(), of_the_clinic=of_the_clinic)
    await clinic.check_bytes(edges.clinician)


def makes_a_right(call: Call) -> bool:
    """Whether who makes the call is a stranger no more: a colleague who opens a case of the patient
    is a clinician of theirs from then on, and sees what they sent without naming a case. It comes
    last, so that everything else is asked for without that right.
    """
    return call.path == "/cases/create_case"


def check_untouched(
    clinic: Clinic, before: set[Row], after: set[Row], *, of_the_clinic: bool
) -> None:
    """No row is gone or changed, and none came that hangs on the clinic's case. A colleague's own
    cases count up the organisation's numbers.
    """
    gone, new = before - after, after - before
    if of_the_clinic:
        gone = {row for row in gone if row[0] != "organizations"}
        new = {row for row in new if clinic.case_id in row[1]}
    assert not gone
    assert not new


@pytest.mark.parametrize("audience", list(Audience))
async def test_who_has_the_right_does_come_by_it(
    house: House, edges: Edges, outbox: Outbox, audience: Audience
) -> None:
    """Otherwise the walk above might be refused for the form of its requests; and what is read
    must be seen as given away, or the walk would see nothing.
    """
    complaints: list[str] = []
    clinic = await furnish(house, edges.clinician, edges.portal)
    for call in sorted(await edges.calls(audience), key=changes):
        if changes(call):
            clinic = await furnish(house, edges.clinician, edges.portal)
        staff = clinic.administrator if call.path.startswith("/admin/") else clinic.clinician
        owner = staff if audience is Audience.CLINICIAN else clinic.patient
        names = await real_names(clinic, owner, call, outbox)
        complaints += await rightful(edges.of(audience), clinic, owner, call, names)
    assert not complaints, "\n".join(complaints)


def changes(call: Call) -> bool:
    """Whether the call may leave a clinic as another one than it was."""
    return call.method not in {"GET", "HEAD"}


async def rightful(
    api: httpx.AsyncClient, clinic: Clinic, owner: SignedIn, call: Call, given: list[Names]
) -> list[str]:
    """What is wrong with the first success of somebody who has the right; none is wrong too."""
    words = await clinic.words()
    headers = owner.headers if call.proof else {}
    answers = []
    for asked in (each for names in given for each in fill(call, names)):
        answer = await asked.send(api, headers)
        if answer.is_success:
            reads = call.method in {"GET", "HEAD"} and str(call) not in ONLY_WHETHER
            unseen = reads and not leaks(answer, words, asked)
            blind = [f"{call}: nothing is recognised in {answer.text}"] if unseen else []
            return [*blind, *broken_promises(call, answer)]
        answers.append(f"{asked}: {answer.status_code} {answer.text[:300]}")
    return [f"{call}: nobody succeeds", *answers]


async def real_names(clinic: Clinic, owner: SignedIn, call: Call, outbox: Outbox) -> list[Names]:
    """The clinic's names with the secrets that only its own people know."""
    own = {"refresh_token": owner.tokens.refresh_token, "password": PASSWORD}
    if call.body and "code" in call.resolved(call.body[1]).get("properties", {}):
        email = str(clinic.patient.user.email)
        await clinic.house.codes.request(clinic.organization_id, email=email)
        own["code"] = await code_sent_to(clinic.house, outbox, email)
    return [
        {**names, **own, "token": clinic.link(names["file_id"])}
        for names in clinic.names(owner.tokens.refresh_token)
    ]


@pytest.mark.parametrize("audience", list(Audience))
async def test_every_route_is_in_its_document(
    house: House, edges: Edges, audience: Audience
) -> None:
    """What is in no document would be walked by nobody."""
    build = build_clinician_api if audience is Audience.CLINICIAN else build_portal_api
    served = {route.path_format for route in build(house).routes}
    described = {call.path for call in await edges.calls(audience)}

    assert described
    assert {path for path in served ^ described if "/openapi" not in path} == set()
