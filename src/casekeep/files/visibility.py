"""The one place that decides about a single file, on top of the decision about its case. Lists,
metadata, links and bytes all ask here.
"""

from typing import assert_never

from casekeep.cases.access import may_see
from casekeep.files.model import FileFacts
from casekeep.identity.model import Actor, Administrator, Clinician, Operator, Partner, Patient


def may_read(actor: Actor, file: FileFacts) -> bool:
    """Whether `actor` may see and open `file`: one of a case that they see. A patient does not see
    restricted files while the organisation hides them, nor their general documents, which are for
    staff (portal contract, "Other rules") and not for a partner either.
    """
    if file.deleted or file.organization_id != actor.organization_id:
        return False
    if file.case is None:
        return isinstance(actor, Operator)
    if not may_see(actor, file.case):
        return False
    return not (isinstance(actor, Patient) and file.is_restricted and file.hides_restricted)


def may_change(actor: Actor, file: FileFacts) -> bool:
    """Whether `actor` may rename or remove `file`: a clinician in their own cases, a patient what
    they added themselves, a partner's software nothing.
    """
    if not may_read(actor, file):
        return False
    match actor:
        case Clinician() | Operator():
            return True
        case Patient():
            return file.uploaded_by == actor.user_id
        case Administrator() | Partner():
            return False
        case _:
            assert_never(actor)
