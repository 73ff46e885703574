"""Names the case of an upload that was begun before there was one."""

from casekeep.audit.actions import Action
from casekeep.audit.log import Event
from casekeep.cases.access import visible_case
from casekeep.cases.refusing import asked_case, asked_number, recording_refusal
from casekeep.files.uploads import queries
from casekeep.files.uploads.finishing import finish_upload
from casekeep.files.uploads.kit import Kit, own_upload
from casekeep.files.uploads.model import Upload
from casekeep.identity.model import Actor, Clinician
from casekeep.kernel.errors import InputNotValid, RoleNotAllowed
from casekeep.kernel.ids import CaseRef, UploadId


async def claim_upload(kit: Kit, actor: Actor, upload_id: UploadId, case: CaseRef) -> Upload:
    """Put one's own upload, which has no case yet, into a case that the actor sees; if all bytes
    are here, the file is made of them.

    Raises UploadNotKnown, UploadGone, CaseNotVisible, RoleNotAllowed, InputNotValid for one that
    has a case, and what `finish_upload` raises.
    """
    asked = Event(
        Action.FILE_RECEIVED,
        case_id=asked_case(case),
        subject_id=upload_id,
        details=asked_number(case),
    )
    async with (
        recording_refusal(kit.audit, actor, asked),
        kit.db.transaction(actor.organization_id) as tx,
    ):
        if not isinstance(actor, Clinician):
            raise RoleNotAllowed
        await own_upload(tx, kit, actor, upload_id)
        case_id = (await visible_case(tx, actor, case, lock=True)).id
        if not await queries.set_case(tx, upload_id, case_id):
            raise InputNotValid("The upload has a case already")
    return await finish_upload(kit, actor, upload_id)
