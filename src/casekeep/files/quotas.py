"""How much one user, and one organisation, may keep. Who counts holds a lock until the transaction
ends, so that no two acts take the same room.
"""

from dataclasses import dataclass

from casekeep.db.database import Tx
from casekeep.files import queries_quotas
from casekeep.files.model import readable
from casekeep.identity.actors import acting_user
from casekeep.identity.model import Actor
from casekeep.kernel.errors import QuotaExceeded


@dataclass(frozen=True, slots=True)
class Allowed:
    """The most that somebody may have, in bytes and in pieces; 0: as much as they like."""

    size: int = 0
    count: int = 0

    def holds(self, size: int, count: int) -> bool:
        """Whether so much is within it."""
        return (not self.size or size <= self.size) and (not self.count or count <= self.count)

    def __str__(self) -> str:
        """The bounds that there are, in words: `100 files and 50 MB`."""
        return self.of("files")

    def of(self, things: str) -> str:
        """The same, of things by that name, a plural."""
        named = things.removesuffix("s") if self.count == 1 else things
        bounds = [f"{self.count} {named}"] if self.count else []
        return " and ".join([*bounds, *([readable(self.size)] if self.size else [])])


ANY = Allowed()


@dataclass(frozen=True, slots=True)
class Quotas:
    """What may be kept. A file counts until it is purged, in the trash too."""

    user: Allowed = ANY
    organization: Allowed = ANY

    @property
    def are_set(self) -> bool:
        """Whether there is anything to count for."""
        return self != NO_QUOTAS


NO_QUOTAS = Quotas()


async def demand_room(
    tx: Tx, quotas: Quotas, actor: Actor, *, size: int = 0, count: int = 0
) -> None:
    """Go on if what is kept, as `tx` sees it, and `count` files of `size` bytes together are within
    the quotas. Call it while holding the case, if there is one. Raises QuotaExceeded.
    """
    if not quotas.are_set:
        return
    await queries_quotas.lock_counts(tx)
    own, all_ = await queries_quotas.kept(tx, acting_user(actor))
    if not quotas.user.holds(own.size + size, own.count + count):
        raise QuotaExceeded(f"You may keep at most {quotas.user}")
    if not quotas.organization.holds(all_.size + size, all_.count + count):
        raise QuotaExceeded(f"The organisation may keep at most {quotas.organization}")
