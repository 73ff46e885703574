"""The states that a file goes through from its first byte to its tombstone, and the steps between
them: one table, which every statement that changes a file's state is made from.
"""

from collections.abc import Mapping
from enum import StrEnum


class Life(StrEnum):
    """Where a file stands. Only a stored one is shown; only a removed one can come back."""

    RECEIVING = "receiving"
    """Its bytes are arriving."""
    STORED = "stored"
    """It was acknowledged."""
    REMOVED = "removed"
    """It is in the trash."""
    PURGING = "purging"
    """Its key is destroyed and its name forgotten; its bytes are to be destroyed."""
    PURGED = "purged"
    """Nothing is left but a tombstone: ids, and when it was removed."""
    DISCARDED = "discarded"
    """It was begun and not kept; its bytes go, and then its row."""


STEPS: Mapping[Life, frozenset[Life]] = {
    Life.RECEIVING: frozenset({Life.STORED, Life.DISCARDED}),
    Life.STORED: frozenset({Life.REMOVED}),
    Life.REMOVED: frozenset({Life.STORED, Life.PURGING}),
    Life.PURGING: frozenset({Life.PURGED}),
    Life.PURGED: frozenset(),
    Life.DISCARDED: frozenset(),
}
"""Where a file may go from where it is. The trigger of migration 0013 refuses every other step; a
row leaves the table from `discarded` alone.
"""

_IS = {
    Life.RECEIVING: "state = 'receiving'",
    Life.STORED: "state = 'stored' and deleted_at is null",
    Life.REMOVED: "state = 'stored' and deleted_at is not null",
    Life.PURGING: "state = 'purging'",
    Life.PURGED: "state = 'purged'",
    Life.DISCARDED: "state = 'discarded'",
}
_BECOMES = {
    (Life.RECEIVING, Life.STORED): "state = 'stored'",
    (Life.RECEIVING, Life.DISCARDED): "state = 'discarded'",
    (Life.STORED, Life.REMOVED): "deleted_at = {at}, deleted_by = {by}",
    (Life.REMOVED, Life.STORED): (
        "deleted_at = null, deleted_by = null, removed_by_schedule = false, restored_at = {at}"
    ),
    (Life.REMOVED, Life.PURGING): (
        "state = 'purging', name = null, url_path = null, media_type = null, size = null, "
        "sha256 = null, patient_id = null, uploaded_by = null, answer_id = null, "
        "communication_id = null"
    ),
    (Life.PURGING, Life.PURGED): "state = 'purged'",
}


def being(life: Life, alias: str = "") -> str:
    """The SQL condition of rows that stand at `life`. `alias`: of the table, if it has one."""
    if not alias:
        return _IS[life]
    return " and ".join(f"{alias}.{each}" for each in _IS[life].split(" and "))


def becoming(was: Life, to: Life, **given: str) -> str:
    """The SQL assignments of the step from `was` to `to`. `given`: the statement's own words for
    what the step is told, such as `at="$3"`. Raises ValueError for a step that no file takes.
    """
    if to not in STEPS[was]:
        raise ValueError(f"a file does not go from {was} to {to}")
    return _BECOMES[was, to].format(**given)
