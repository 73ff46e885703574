"""The house and the clinician edge over it."""

from tests.support.clinician import clinician
from tests.support.house import house, outbox

__all__ = ["clinician", "house", "outbox"]
