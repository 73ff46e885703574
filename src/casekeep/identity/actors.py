"""Names the actors by kind and id, for the audit trail and for rows: never by name."""

from typing import assert_never
from uuid import UUID

from casekeep.audit.log import Who
from casekeep.identity.model import (
    Actor,
    Administrator,
    Clinician,
    Operator,
    Partner,
    Patient,
    Role,
    User,
)
from casekeep.kernel.ids import OrganizationId, UserId


def who(actor: Actor) -> Who:
    """The actor as the audit trail writes it."""
    match actor:
        case Clinician(organization_id, user_id):
            return Who(organization_id, "clinician", user_id)
        case Patient(organization_id, user_id):
            return Who(organization_id, "patient", user_id)
        case Administrator(organization_id, user_id):
            return Who(organization_id, "admin", user_id)
        case Partner(organization_id, api_key_id):
            return Who(organization_id, "partner", api_key_id)
        case Operator(organization_id):
            return Who(organization_id, "operator", None)


def acting_user(actor: Actor) -> UserId | None:
    """The user who acts, or None where no person's account does."""
    match actor:
        case Clinician() | Patient() | Administrator():
            return actor.user_id
        case Partner() | Operator():
            return None
        case _:
            assert_never(actor)


def viewer(actor: Actor) -> UUID | None:
    """The id that a case must name before what is in it is looked for, or None for the operator and
    a partner, who need none. It saves work and time; it is not the decision.
    """
    match actor:
        case Operator() | Partner():
            return None
        case Clinician() | Patient() | Administrator():
            return actor.user_id
        case _:
            assert_never(actor)


def stranger(organization_id: OrganizationId) -> Who:
    """Somebody who has proven nothing yet."""
    return Who(organization_id, "stranger", None)


def actor_of(user: User) -> Clinician | Administrator | Patient:
    """The actor that a signed-in user is."""
    match user.role:
        case Role.CLINICIAN:
            return Clinician(user.organization_id, user.id)
        case Role.PATIENT:
            return Patient(user.organization_id, user.id)
        case Role.ADMIN:
            return Administrator(user.organization_id, user.id)
