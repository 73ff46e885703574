"""Where things lie in a depot: `blobs/<organisation>/<shard>/<file>`, which all backups share, and
a folder for each backup, named for its moment. Names hold ids and times, nothing else.
"""

import re
from datetime import UTC, datetime
from uuid import UUID

from casekeep.blobs.store import BlobKey

BLOBS = "blobs"
MANIFEST = "manifest.json"
BLOB_LIST = "blobs.jsonl.gz"

_NAME = "%Y-%m-%dT%H-%M-%SZ"
_NAMED = re.compile(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ")


def name_of(taken_at: datetime) -> str:
    """The name of a backup of this moment; names sort as their moments do."""
    return taken_at.astimezone(UTC).strftime(_NAME)


def is_name(name: str) -> bool:
    """Whether a folder of this name can be a backup."""
    return _NAMED.fullmatch(name) is not None


def moment_of(name: str) -> datetime:
    """The moment that a name stands for."""
    return datetime.strptime(name, _NAME).replace(tzinfo=UTC)


def table_path(table: str) -> str:
    """Where the rows of a table are, from the backup's folder."""
    return f"tables/{table}.gz"


def shard_of(file_id: UUID) -> str:
    """The folder of a file within its organisation's: the first two digits of its last part."""
    return f"{file_id.node >> 40:02x}"


def shard_path(organization_id: UUID, shard: str) -> str:
    """Where the blobs of one organisation's shard are."""
    return f"{BLOBS}/{organization_id}/{shard}"


def blob_path(key: BlobKey) -> str:
    """Where a blob is. Rebuilt from numbers: nothing but the characters of ids can enter it."""
    organization, file = UUID(int=key.organization_id.int), UUID(int=key.file_id.int)
    return f"{shard_path(organization, shard_of(file))}/{file}"
