"""Begins an upload whose first bytes come along. Nobody is told its address before they are here:
if they are not, nobody could go on with it, so it is given up, and no file is ever made of it.
"""

import structlog

from casekeep.files.uploads.beginning import begin_upload
from casekeep.files.uploads.continuing import receive_part
from casekeep.files.uploads.finishing import end_refused
from casekeep.files.uploads.kit import Kit, try_to_clear
from casekeep.files.uploads.model import Arrival, NewUpload, Upload
from casekeep.identity.model import Actor

log = structlog.get_logger()


async def begin_with_part(kit: Kit, actor: Actor, new: NewUpload, arrival: Arrival) -> Upload:
    """A new upload with bytes, or none. Raises what `begin_upload` and `receive_part` raise."""
    upload = await begin_upload(kit, actor, new)
    try:
        return await receive_part(kit, actor, upload.id, arrival)
    except Exception:
        await _give_up(kit, actor, upload)
        raise


async def _give_up(kit: Kit, actor: Actor, upload: Upload) -> None:
    """What cannot be given up now is out of time some day."""
    try:
        await end_refused(kit, actor, upload)
    except Exception as error:  # noqa: BLE001 - why the bytes were refused is what counts
        log.warning("upload.left", upload_id=str(upload.id), cause=type(error).__name__)
        return
    await try_to_clear(kit, upload.organization_id)
