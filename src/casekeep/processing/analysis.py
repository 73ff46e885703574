"""The analysis of a case: reads every file that it has and compares it with what was received. No
transaction is open while bytes move, and no byte leaves the house.
"""

from hashlib import sha256

import structlog

from casekeep.audit.log import AuditLog
from casekeep.blobs.store import BlobAltered, BlobKey, BlobMissing, BlobStore
from casekeep.cases.analyzing import Result, finish_analysis
from casekeep.cases.model import AnalysisState
from casekeep.db.database import Database
from casekeep.files.model import StoredFile
from casekeep.files.showing import whole_case
from casekeep.identity.model import Operator
from casekeep.kernel.clock import Clock, utc_now
from casekeep.kernel.errors import CaseNotVisible
from casekeep.kernel.ids import CaseId, OrganizationId

_log = structlog.get_logger()


async def analyze_case(  # noqa: PLR0917 - the parts of the house, then what a job carries
    db: Database,
    blobs: BlobStore,
    audit: AuditLog,
    organization_id: OrganizationId,
    case_id: CaseId,
    clock: Clock = utc_now,
) -> None:
    """Take a case that is being analysed to `completed`, or to `failed` if one of its files is
    missing or altered. Whatever else somebody made of its state stays; doing it again is harmless.

    Raises StoreUnavailable, whereupon it is to be tried again.
    """
    house = Operator(organization_id)
    try:
        async with db.transaction(organization_id) as tx:
            case, files = await whole_case(tx, house, case_id)
    except CaseNotVisible:  # it was removed meanwhile
        return
    if case.analysis_state is not AnalysisState.PROCESSING:
        return
    whole = [await _is_whole(blobs, file) for file in files]
    result = Result(files=len(files), altered=whole.count(False))
    async with db.transaction(organization_id) as tx:
        await finish_analysis(tx, audit, house, case_id, result, at=clock())


async def give_up_analysis(
    db: Database,
    audit: AuditLog,
    organization_id: OrganizationId,
    case_id: CaseId,
    clock: Clock = utc_now,
) -> None:
    """Take a case whose analysis could not be done, however often it was tried, to `failed`, so
    that its clinician sees it and may ask again.
    """
    async with db.transaction(organization_id) as tx:
        await finish_analysis(tx, audit, Operator(organization_id), case_id, None, at=clock())


async def _is_whole(blobs: BlobStore, file: StoredFile) -> bool:
    """Whether the store holds exactly what was received."""
    key = BlobKey(file.organization_id, file.id)
    try:
        is_whole = await blobs.size(key) == file.size and await _digest(blobs, key, file.size) == (
            file.sha256
        )
    except (BlobMissing, BlobAltered):
        is_whole = False
    if not is_whole:
        _log.error("file.not_whole", file_id=str(file.id))
    return is_whole


async def _digest(blobs: BlobStore, key: BlobKey, size: int) -> bytes:
    digest = sha256()
    async for piece in blobs.read(key, 0, size):
        digest.update(piece)
    return digest.digest()
