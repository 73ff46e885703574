"""Which clinician has which case, as the operator is shown it: frozen, and no patient named."""

from dataclasses import dataclass
from datetime import datetime

from casekeep.cases.model import Stage
from casekeep.kernel.ids import CaseId, CaseNumber


@dataclass(frozen=True, slots=True)
class CaseLine:
    """A case in a list for the terminal. `clinician_email` None: it has no clinician, or one whose
    account has no address.
    """

    id: CaseId
    number: CaseNumber
    stage: Stage
    created_at: datetime
    clinician_email: str | None


@dataclass(frozen=True, slots=True)
class CaseLines:
    """Cases, newest first. `after`: the last one's id if there are more, else None."""

    cases: tuple[CaseLine, ...]
    after: CaseId | None
