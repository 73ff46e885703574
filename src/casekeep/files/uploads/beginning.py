"""Begins an upload: who may, where it belongs and how large it may be is decided before the first
byte, and decided again when a file is made of it.
"""

from dataclasses import replace

from casekeep.audit.actions import Action
from casekeep.audit.log import Event
from casekeep.cases.access import visible_case
from casekeep.cases.refusing import asked_case, asked_number, recording_refusal
from casekeep.db.database import Tx
from casekeep.files import queries_quotas
from casekeep.files.arriving import too_large
from casekeep.files.names import clean_name
from casekeep.files.quotas import demand_room
from casekeep.files.uploads import queries
from casekeep.files.uploads.kit import Kit, own_upload
from casekeep.files.uploads.model import NewUpload, Upload
from casekeep.identity.actors import who
from casekeep.identity.model import Actor, Clinician, Patient
from casekeep.kernel.errors import FileEmpty, QuotaExceeded, RoleNotAllowed
from casekeep.kernel.ids import UploadId, new_id

_UNFINISHED = "unfinished uploads"


async def begin_upload(kit: Kit, actor: Actor, new: NewUpload) -> Upload:
    """An upload into a case that the actor sees; without one it is a patient's general document,
    or a clinician's for a case that is yet to be named.

    Raises CaseNotVisible, RoleNotAllowed, FileEmpty, FileTooLarge, QuotaExceeded.
    """
    asked = Event(Action.UPLOAD_BEGUN, case_id=asked_case(new.case), details=asked_number(new.case))
    upload_id = UploadId(new_id())
    async with (
        recording_refusal(kit.audit, actor, asked),
        kit.db.transaction(actor.organization_id) as tx,
    ):
        if not isinstance(actor, Clinician | Patient):
            raise RoleNotAllowed
        case_id = None
        if new.case is not None:
            case_id = (await visible_case(tx, actor, new.case, lock=True)).id
        demand_length(kit, new.name, new.length)
        await demand_place(tx, kit, actor, new.length or 0, begins=True)
        at = kit.clock()
        named = replace(new, name=clean_name(new.name))
        until = at + kit.limits.life
        await queries.insert(tx, upload_id, actor, case_id, named, at=at, expires_at=until)
        begun = Event(Action.UPLOAD_BEGUN, case_id=case_id, subject_id=upload_id)
        await kit.audit.record(tx, who(actor), begun)
        return await own_upload(tx, kit, actor, upload_id)


def demand_length(kit: Kit, name: str, length: int | None) -> None:
    """Go on if an upload may be that long, as far as it is known.

    Raises FileEmpty, FileTooLarge.
    """
    if length == 0:
        raise FileEmpty(f"{clean_name(name)}: the file is empty")
    if length is not None and length > kit.limits.size:
        raise too_large(clean_name(name), kit.limits.size)


async def demand_place(
    tx: Tx, kit: Kit, actor: Clinician | Patient, more: int, *, begins: bool
) -> None:
    """Go on if `more` unfinished bytes, and one more upload if it `begins`, are within the limits,
    and what is kept would still be within its quotas. Raises QuotaExceeded.
    """
    await queries_quotas.lock_counts(tx)
    own, all_ = await queries_quotas.unfinished(tx, actor.user_id)
    if not kit.limits.user.holds(own.size + more, own.count + begins):
        raise QuotaExceeded(f"You may have at most {kit.limits.user.of(_UNFINISHED)}")
    if not kit.limits.organization.holds(all_.size + more, all_.count + begins):
        bounds = kit.limits.organization.of(_UNFINISHED)
        raise QuotaExceeded(f"The organisation may have at most {bounds}")
    await demand_room(tx, kit.limits.quotas, actor, size=own.size + more, count=own.count + begins)
