"""Names the actors for the audit trail, by kind and id: never by name."""

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
from casekeep.kernel.ids import OrganizationId


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
