"""Signing out counts at once in the process that did it, and only for the contract it is for."""

import pytest

from casekeep.identity.gate import Gate
from casekeep.identity.model import Audience
from casekeep.identity.signing_out import sign_out
from casekeep.kernel.errors import TokenNotValid
from tests.identity.conftest import Office

PORTAL = Audience.PATIENT_PORTAL


async def test_the_next_request_here_is_refused(office: Office) -> None:
    gate = Gate(office.db, office.tokens, office.audit, office.clock)
    gate.hearing()  # it remembers, and no news will ever come
    tokens = await office.sign_in.open_for(await office.patient(), PORTAL)
    await gate.patient(tokens.access_token)
    await sign_out(office.sign_in, gate, refresh_token=tokens.refresh_token, audience=PORTAL)
    with pytest.raises(TokenNotValid):
        await gate.patient(tokens.access_token)


async def test_a_token_of_the_other_contract_ends_nothing(office: Office) -> None:
    gate = await office.gate()
    tokens = await office.sign_in.open_for(await office.clinician(), Audience.CLINICIAN)
    await sign_out(office.sign_in, gate, refresh_token=tokens.refresh_token, audience=PORTAL)
    await gate.clinician(tokens.access_token)
    again = await office.sign_in.refresh(tokens.refresh_token, Audience.CLINICIAN)
    await sign_out(
        office.sign_in, gate, refresh_token=again.refresh_token, audience=Audience.CLINICIAN
    )
    with pytest.raises(TokenNotValid):
        await gate.clinician(again.access_token)
