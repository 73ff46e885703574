"""The house, the clinician edge over it, and the whole server."""

from tests.support.clinician import clinician, root
from tests.support.house import house, outbox

__all__ = ["clinician", "house", "outbox", "root"]
