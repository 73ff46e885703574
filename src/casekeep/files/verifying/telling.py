"""Tells an organisation's administrators, by mail, that files of theirs are damaged: how many and
how, never which. Once for what is new, and once a day at most.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta

import structlog

from casekeep.files.verifying import queries
from casekeep.files.verifying.model import Checked, Damage
from casekeep.kernel.ids import OrganizationId
from casekeep.mail.channels import EmailChannel
from casekeep.mail.message import DeliveryFailed, Email

AT_MOST_EVERY = timedelta(days=1)

_SUBJECT = "Stored files need attention"
_TEXT = (
    "A check of the files that Casekeep keeps for your organisation found what was not known "
    "before: {found}.\n\nNo damaged byte is handed out as if it were whole. The list is at "
    "/admin/findings; whoever runs the server can look closer, and repair from a replica, with "
    "'casekeep verify --deep --repair'."
)

_log = structlog.get_logger()


async def tell_administrators(
    checked: Checked, email: EmailChannel, organization_id: OrganizationId
) -> bool:
    """Tell them what nobody was told of yet; whether there was anything to tell, and somebody was
    reached. What nobody could be told of is told the next time. Raises nothing of the mail's.
    """
    now = checked.clock()
    async with checked.db.transaction(organization_id) as tx:
        counts, last_told_at = await queries.untold(tx)
        addresses = await queries.administrators(tx)
    told_lately = last_told_at is not None and abs(now - last_told_at) < AT_MOST_EVERY
    if not counts or told_lately:
        return False
    if not await _send(email, addresses, _TEXT.format(found=_in_words(counts))):
        return False
    async with checked.db.transaction(organization_id) as tx:
        await queries.mark_told(tx, now)
    return True


async def _send(email: EmailChannel, addresses: Sequence[str], text: str) -> int:
    """How many were reached."""
    reached = 0
    for address in addresses:
        try:
            await email.send(Email(address, _SUBJECT, text))
            reached += 1
        except DeliveryFailed:
            _log.warning("findings.not_told")
    return reached


def _in_words(counts: Mapping[Damage, int]) -> str:
    return ", ".join(f"{count} {damage.value}" for damage, count in counts.items())
