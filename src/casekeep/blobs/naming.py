"""What a blob is called in a store: `<organisation>/<two hex digits>/<file id>`, on a disk and in a
bucket alike, so that one can be copied to the other. Nothing but ids can enter a name.
"""

import re
from uuid import UUID

from casekeep.blobs.store import BlobKey
from casekeep.kernel.ids import FileId, OrganizationId

PARTIAL = ".partial"
"""Ends the name of what is not yet complete."""

SHARDS = tuple(f"{number:02x}" for number in range(256))

_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DEPTH = 3


def name_of(key: BlobKey) -> str:
    """The blob's name, with slashes between its three parts."""
    # Rebuilt from the number: nothing but the 36 characters of an id can enter a name.
    organization, file = UUID(int=key.organization_id.int), UUID(int=key.file_id.int)
    return f"{organization}/{SHARDS[file.node >> 40]}/{file}"


def id_in(text: str) -> UUID | None:
    """The id that `text` is, written as ids are written here; None for anything else."""
    return UUID(text) if _ID.fullmatch(text) else None


def key_in(name: str) -> BlobKey | None:
    """The key of a blob of this name; None for a name that no blob has."""
    parts = name.split("/")
    if len(parts) != _DEPTH:
        return None
    organization, file = id_in(parts[0]), id_in(parts[2])
    if organization is None or file is None:
        return None
    key = BlobKey(OrganizationId(organization), FileId(file))
    return key if name_of(key) == name else None
