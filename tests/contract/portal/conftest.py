"""The house and the portal edge over it."""

from tests.support.house import house, outbox
from tests.support.portal import portal

__all__ = ["house", "outbox", "portal"]
