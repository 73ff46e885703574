"""The house and both edges over it."""

from tests.support.clinician import clinician
from tests.support.house import house, outbox
from tests.support.portal import portal

__all__ = ["clinician", "house", "outbox", "portal"]
