"""Which id of an actor the files room writes down, and which it looks for."""

from typing import assert_never
from uuid import UUID

from casekeep.identity.model import Actor, Administrator, Clinician, Operator, Partner, Patient
from casekeep.kernel.ids import UserId


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
    """The id that a case must name before its files are looked for, or None for the operator and a
    partner, who need none. It saves work and time; it is not the decision.
    """
    match actor:
        case Operator() | Partner():
            return None
        case Clinician() | Patient() | Administrator():
            return actor.user_id
        case _:
            assert_never(actor)
