"""Puts together what destroys files for good, beside a server or for a command."""

from casekeep.audit.log import AuditLog
from casekeep.blobs.seals import destroy_keys
from casekeep.bootstrap.house import certificates_of
from casekeep.bootstrap.stores import open_replica, open_store, repairs_store
from casekeep.db.database import Database
from casekeep.kernel.clock import utc_now
from casekeep.retention.purging import Purging
from casekeep.settings import Settings


def purging_for(settings: Settings, db: Database, audit: AuditLog) -> Purging:
    """What purges in the database and every store that the settings name, the replica too."""
    replica = open_replica(settings)
    return Purging(
        db=db,
        audit=audit,
        stores=(repairs_store(settings), open_store(settings), *([replica] if replica else [])),
        destroy_keys=destroy_keys,
        certificates=certificates_of(settings),
        trash_days=settings.trash_days,
        clock=utc_now,
    )
