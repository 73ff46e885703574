"""Writes the bodies of webhooks, in the same shapes as the partner calls answer, from what is kept
when they are sent.
"""

import msgspec

from casekeep.http.house import House
from casekeep.webhooks.model import Occurrence


class WebhookBodies:
    """Writes bodies over an assembled house."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def write(self, occurrence: Occurrence) -> bytes:
        """The body for something that happened."""
        case = {"id": occurrence.case_id, "status": occurrence.stage}
        return msgspec.json.encode({"event": occurrence.event, "payload": {"case": case}})
