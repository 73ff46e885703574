"""The one place that decides about a single file, on top of the decision about its case. Lists,
metadata, links and bytes all ask here.
"""

from typing import assert_never

from msgspec.structs import replace

from casekeep.cases.access import may_see
from casekeep.files.model import FileFacts
from casekeep.identity.model import Actor, Administrator, Clinician, Operator, Partner, Patient


def may_read(actor: Actor, file: FileFacts) -> bool:
    """Whether `actor` may see and open `file`: one of a case that they see. A patient does not see
    restricted files while the organisation hides them, nor their general documents, which are for
    staff (portal contract, "Other rules"): for the clinicians who have a live case of theirs, and
    not for a partner.
    """
    if file.deleted or file.organization_id != actor.organization_id:
        return False
    if file.case is None:
        is_their_clinician = isinstance(actor, Clinician) and file.of_own_patient
        return is_their_clinician or isinstance(actor, Operator)
    if not may_see(actor, file.case):
        return False
    return not (isinstance(actor, Patient) and file.is_restricted and file.hides_restricted)


def may_change(actor: Actor, file: FileFacts) -> bool:
    """Whether `actor` may rename or remove `file`: a clinician in their own cases, a patient what
    they added themselves, a partner's software nothing. A general document stays as its patient
    sent it.
    """
    if not may_read(actor, file):
        return False
    match actor:
        case Clinician():
            return file.case is not None
        case Operator():
            return True
        case Patient():
            return file.uploaded_by == actor.user_id
        case Administrator() | Partner():
            return False
        case _:
            assert_never(actor)


def may_arrange(actor: Actor, file: FileFacts) -> bool:
    """Whether `actor` may say where `file` belongs and what it is marked as: a clinician whatever
    they may read, which a general document is too, so that it can be moved into a case.
    """
    return isinstance(actor, Clinician | Operator) and may_read(actor, file)


def may_restore(actor: Actor, file: FileFacts) -> bool:
    """Whether `actor` may bring back `file`, which was removed, whoever did: a clinician in their
    own cases, as long as the case itself is there.
    """
    restored = replace(file, deleted=False)
    return file.deleted and may_arrange(actor, restored) and may_change(actor, restored)
