"""The house, the clinician edge over it, the whole server, and an issuer to be trusted."""

from tests.support.clinician import clinician, root
from tests.support.house import house, outbox
from tests.support.issuer import issuer

__all__ = ["clinician", "house", "issuer", "outbox", "root"]
