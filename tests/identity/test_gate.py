import asyncio
import time
from datetime import timedelta
from typing import Any, Never

import pytest

from casekeep.db.database import Database
from casekeep.identity.actors import who
from casekeep.identity.api_keys import create_api_key
from casekeep.identity.gate import Gate
from casekeep.identity.model import (
    Administrator,
    Audience,
    Clinician,
    Operator,
    Partner,
    Patient,
    Role,
    Tokens,
    User,
)
from casekeep.identity.remembering import Remembered
from casekeep.identity.tokens import AccessTokens, Claims
from casekeep.kernel.clock import Stretch, utc_now
from casekeep.kernel.errors import OrganizationNotKnown, TokenNotValid
from casekeep.kernel.ids import ApiKeyId, SignInId, UserId, new_id
from tests.identity.conftest import SECRET, Office, TurnableClock, soon
from tests.support.factories import make_organization

PORTAL = Audience.PATIENT_PORTAL


async def signed_in_patient(office: Office) -> Tokens:
    return await office.sign_in.open_for(await office.patient(), PORTAL)


async def end_quietly(office: Office, sign_in_id: SignInId) -> None:
    """End a sign-in without telling any process: what a gate that cannot hear would live with."""
    async with office.db.transaction(office.organization_id) as tx:
        await tx.execute("update sign_ins set ended_at = now() where id = $1", sign_in_id)


async def test_each_role_is_its_own_actor(office: Office) -> None:
    gate = await office.gate()
    for role, audience, kind in (
        (Role.CLINICIAN, Audience.CLINICIAN, Clinician),
        (Role.ADMIN, Audience.CLINICIAN, Administrator),
        (Role.PATIENT, PORTAL, Patient),
    ):
        user = await office.user(role)
        tokens = await office.sign_in.open_for(user, audience)
        ask = gate.patient if audience is PORTAL else gate.clinician
        assert (await ask(tokens.access_token)).actor == kind(office.organization_id, user.id)


async def test_one_text_for_every_cause(office: Office) -> None:
    gate = await office.gate()
    patient = await signed_in_patient(office)
    elsewhere = await make_organization(office.db)
    user = patient.user
    foreign, _ = AccessTokens(SECRET + b"!", office.clock).issue(user, patient.sign_in_id, PORTAL)
    stranger = await office.patient(organization_id=elsewhere)
    mixed, _ = office.tokens.issue(stranger, patient.sign_in_id, PORTAL)
    other, _ = office.tokens.issue(await office.patient(), patient.sign_in_id, PORTAL)
    nowhere, _ = office.tokens.issue(user, SignInId(new_id()), PORTAL)
    clinician = await office.sign_in.open_for(await office.clinician(), Audience.CLINICIAN)
    texts: set[str] = set()
    for token in (None, "", "x", "a.b.c", foreign, mixed, other, nowhere, clinician.access_token):
        with pytest.raises(TokenNotValid) as refused:
            await gate.patient(token)
        texts.add(str(refused.value))
    with pytest.raises(TokenNotValid):
        await gate.clinician(patient.access_token)
    assert len(texts) == 1


async def test_a_remembered_token_expires_all_the_same(office: Office) -> None:
    gate = await office.gate()
    tokens = await signed_in_patient(office)
    await gate.patient(tokens.access_token)
    office.clock.turn(minutes=14, seconds=30)
    await gate.patient(tokens.access_token)
    office.clock.turn(seconds=31)
    with pytest.raises(TokenNotValid):
        await gate.patient(tokens.access_token)


async def test_a_remembered_token_is_a_lookup(office: Office) -> None:
    gate = await office.gate()
    patient = (await signed_in_patient(office)).access_token
    clinician = await office.sign_in.open_for(await office.clinician(), Audience.CLINICIAN)
    _, key = await create_api_key(office.db, office.audit, office.organization_id, "hot")
    for ask, proof in (
        (gate.patient, patient),
        (gate.clinician, clinician.access_token),
        (gate.partner, key),
    ):
        first = await ask(proof)
        best = 1.0
        for _ in range(20):
            began = time.perf_counter()
            for _ in range(100):
                assert await ask(proof) is first
            best = min(best, (time.perf_counter() - began) / 100)
        assert best < 20e-6


async def test_it_is_forgotten_after_a_minute_even_if_nobody_tells(office: Office) -> None:
    gate = await office.gate()
    tokens = await signed_in_patient(office)
    await gate.patient(tokens.access_token)
    await end_quietly(office, tokens.sign_in_id)
    await gate.patient(tokens.access_token)
    office.clock.turn(seconds=61)
    with pytest.raises(TokenNotValid):
        await gate.patient(tokens.access_token)


async def test_it_is_not_remembered_for_longer_when_the_clock_is_set_back(office: Office) -> None:
    gate = await office.gate()
    tokens = await signed_in_patient(office)
    office.clock.turn(minutes=5)
    await gate.patient(tokens.access_token)
    await end_quietly(office, tokens.sign_in_id)
    office.clock.turn(minutes=-5)
    with pytest.raises(TokenNotValid):
        await gate.patient(tokens.access_token)


async def test_a_gate_that_was_not_started_asks_every_time(office: Office) -> None:
    gate = Gate(office.db, office.tokens, office.audit, office.clock)
    tokens = await signed_in_patient(office)
    await gate.patient(tokens.access_token)
    await end_quietly(office, tokens.sign_in_id)
    with pytest.raises(TokenNotValid):
        await gate.patient(tokens.access_token)


class CuttableDatabase:
    """The door to the database, of which a test can cut the listening connection and hold back
    the next one.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self.transaction = db.transaction
        self.listeners: list[Any] = []
        self.may_connect = asyncio.Event()
        self.may_connect.set()
        self.asked = asyncio.Event()

    async def listening_connection(self) -> Any:
        self.asked.set()
        await self.may_connect.wait()
        self.listeners.append(await self._db.listening_connection())
        return self.listeners[-1]

    def cut(self) -> None:
        self.may_connect.clear()
        self.asked.clear()
        self.listeners[-1]._transport.abort()


async def test_nothing_remembered_counts_while_revocations_cannot_be_heard(office: Office) -> None:
    cuttable = CuttableDatabase(office.db)
    gate = Gate(cuttable, office.tokens, office.audit, office.clock)
    await gate.start()
    try:
        tokens, others = await signed_in_patient(office), await signed_in_patient(office)
        for each in (tokens, others):
            await gate.patient(each.access_token)
        cuttable.cut()
        await asyncio.wait_for(cuttable.asked.wait(), 2)
        assert len(gate._patients) == 0
        await gate.patient(others.access_token)
        assert len(gate._patients) == 0
        await end_quietly(office, tokens.sign_in_id)
        with pytest.raises(TokenNotValid):
            await gate.patient(tokens.access_token)
        cuttable.may_connect.set()
        async with asyncio.timeout(2):
            while len(gate._patients) == 0:
                await gate.patient(others.access_token)
                await asyncio.sleep(0.005)
        await office.sign_in.sign_out(others.refresh_token)
        await soon(lambda: gate.patient(others.access_token), TokenNotValid)
    finally:
        await gate.close()


async def test_a_revocation_during_the_look_up_is_not_overwritten(office: Office) -> None:
    gate = await office.gate()
    tokens = await signed_in_patient(office)
    look_up = gate._live

    async def slow(claims: Claims, audience: Audience) -> User:
        user = await look_up(claims, audience)
        gate.revoked(claims.sign_in_id)
        return user

    gate._live = slow
    await gate.patient(tokens.access_token)
    assert len(gate._patients) == 0


async def test_a_genuine_token_of_an_ended_sign_in_is_recorded_once(office: Office) -> None:
    gate = await office.gate()
    tokens = await signed_in_patient(office)
    await office.sign_in.sign_out(tokens.refresh_token)
    for _ in range(3):
        with pytest.raises(TokenNotValid):
            await gate.patient(tokens.access_token)
    assert (await office.audited()).count(("token.replayed", "refused")) == 1


async def test_what_is_remembered_is_bounded(office: Office) -> None:
    gate = await office.gate(bound=2)
    for _ in range(4):
        await gate.patient((await signed_in_patient(office)).access_token)
        _, key = await create_api_key(office.db, office.audit, office.organization_id, "one")
        await gate.partner(key)
    assert len(gate._patients) == len(gate._partners) == 2
    assert len(gate._patients._by_id) == len(gate._partners._by_id) == 2


def test_remembering_forgets_by_id_and_all_at_once() -> None:
    remembered = Remembered[str](10)
    now, mine, other = utc_now(), new_id(), new_id()
    counts = Stretch(now, now + timedelta(seconds=60))
    remembered.put(b"0", "unheard", (mine,), counts, epoch=remembered.epoch)
    assert len(remembered) == 0
    remembered.open()
    for key, rests_on in ((b"1", mine), (b"2", mine), (b"3", other), (b"3", other)):
        remembered.put(key, "proven", (rests_on,), counts, epoch=remembered.epoch)
    remembered.put(b"4", "proven", (other, mine), counts, epoch=remembered.epoch)
    remembered.forget(mine)
    assert remembered.get(b"4", now) is None
    assert remembered.get(b"1", now) is remembered.get(b"2", now) is None
    assert remembered.get(b"3", now) == "proven"
    assert remembered.get(b"3", counts.until) is None
    remembered.close()
    assert remembered.get(b"3", now) is None


async def test_a_database_that_cannot_be_reached_stops_no_start(office: Office) -> None:
    class Unreachable:
        async def listening_connection(self) -> Never:
            raise OSError

    gate = Gate(Unreachable(), office.tokens, office.audit, TurnableClock())
    await asyncio.wait_for(gate.start(), 2)
    with pytest.raises(OrganizationNotKnown):
        await gate.partner("nonsense")
    await gate.close()


def test_every_actor_has_a_name_in_the_audit() -> None:
    organization_id, some_id = new_id(), new_id()
    kinds = {
        who(actor).kind: who(actor).id
        for actor in (
            Clinician(organization_id, UserId(some_id)),
            Patient(organization_id, UserId(some_id)),
            Administrator(organization_id, UserId(some_id)),
            Partner(organization_id, ApiKeyId(some_id)),
            Operator(organization_id),
        )
    }
    assert kinds == {
        "clinician": some_id, "patient": some_id, "admin": some_id, "partner": some_id,
        "operator": None,
    }  # fmt: skip
