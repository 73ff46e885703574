"""The one place that decides who sees a case. Every path to a case, or to a file in one, asks here;
nothing else in the house may compare a case's people with an actor.
"""

from dataclasses import replace
from typing import assert_never

from casekeep.cases import queries
from casekeep.cases.model import CaseFacts
from casekeep.db.database import Tx
from casekeep.identity.model import Actor, Administrator, Clinician, Operator, Partner, Patient
from casekeep.kernel.errors import CaseNotVisible, RoleNotAllowed
from casekeep.kernel.ids import CaseRef, UserId


def may_see(actor: Actor, case: CaseFacts) -> bool:
    """Whether `actor` may see `case`: a clinician their own, a patient the one they are the patient
    of, the operator and the organisation's own software (a partner) every one of the organisation.
    Nobody sees a deleted or a foreign case.
    """
    if case.deleted or case.organization_id != actor.organization_id:
        return False
    match actor:
        case Clinician():
            return case.clinician_id == actor.user_id
        case Patient():
            return case.patient_id == actor.user_id
        case Operator() | Partner():
            return True
        case Administrator():
            return False
        case _:
            assert_never(actor)


def may_change(actor: Actor, case: CaseFacts) -> bool:
    """Whether `actor` may change, remove or analyse `case`: its clinician, or the operator."""
    return isinstance(actor, Clinician | Operator) and may_see(actor, case)


def may_restore(actor: Actor, case: CaseFacts) -> bool:
    """Whether `actor` may bring back `case`, which was removed: whoever might change it before."""
    return case.deleted and may_change(actor, replace(case, deleted=False))


def owner_for(actor: Actor) -> UserId | None:
    """Whose cases `actor` opens and lists: a clinician their own, the operator those of everybody
    (None). Raises RoleNotAllowed.
    """
    match actor:
        case Clinician():
            return actor.user_id
        case Operator():
            return None
        case Patient() | Administrator() | Partner():
            raise RoleNotAllowed
        case _:
            assert_never(actor)


def check_may_assign(actor: Actor) -> None:
    """Go on if `actor` may say which clinician a case belongs to: the operator alone. Raises
    RoleNotAllowed.
    """
    match actor:
        case Operator():
            return
        case Clinician() | Patient() | Administrator() | Partner():
            raise RoleNotAllowed
        case _:
            assert_never(actor)


async def visible_case(tx: Tx, actor: Actor, ref: CaseRef, *, lock: bool = False) -> CaseFacts:
    """The case of that id or number, if `actor` may see it.

    `lock`: hold the case's row until the transaction ends, so that it can be neither deleted nor
    given another file meanwhile. A case that is absent, deleted or somebody else's takes the same
    path. Raises CaseNotVisible.
    """
    facts = await queries.case_facts(tx, ref, lock=lock)
    if facts is None or not may_see(actor, facts):
        raise CaseNotVisible
    return facts


async def changeable_case(tx: Tx, actor: Actor, ref: CaseRef, *, lock: bool = True) -> CaseFacts:
    """The case of that id or number, if `actor` may change it. `lock`: hold its row until the
    transaction ends. Raises CaseNotVisible.
    """
    facts = await queries.case_facts(tx, ref, lock=lock)
    if facts is None or not may_change(actor, facts):
        raise CaseNotVisible
    return facts


async def restorable_case(tx: Tx, actor: Actor, ref: CaseRef) -> CaseFacts:
    """The removed case of that id or number, if `actor` may bring it back; its row is held until
    the transaction ends. Raises CaseNotVisible, also for one that was not removed.
    """
    facts = await queries.case_facts(tx, ref, lock=True)
    if facts is None or not may_restore(actor, facts):
        raise CaseNotVisible
    return facts
