"""A client of both contracts for Python programs, blocking and for event loops. It knows the
contracts only, and nothing of the house.
"""

from ._async.administrator import AsyncAdministratorClient
from ._async.clinician import AsyncClinicianClient
from ._async.partner import AsyncPartnerClient
from ._async.patient import AsyncPatientClient
from ._sync.administrator import AdministratorClient
from ._sync.clinician import ClinicianClient
from ._sync.partner import PartnerClient
from ._sync.patient import PatientClient
from .administrator_shapes import Finding, Hold
from .clinician_shapes import (
    Account,
    Case,
    CaseDetail,
    CaseFile,
    CreatedCase,
    Insights,
    Trash,
)
from .errors import (
    ApiError,
    CasekeepError,
    DigestMismatch,
    DownloadBroken,
    Forbidden,
    Limited,
    NotFound,
    NotSignedIn,
    NotUnderstood,
    Refused,
    ServerFailed,
    Unreachable,
    ValidationFailed,
)
from .partner_shapes import (
    Answer,
    Author,
    Communication,
    FileContent,
    Known,
    PartnerCase,
    PartnerFile,
    PartnerUser,
    Question,
    ShippingAddress,
)
from .patient_shapes import Link, PatientFile, Profile, ReceivedFile
from .repeating import Repeats
from .sources import FileToSend
from .tokens import Tokens

__all__ = [
    "Account",
    "AdministratorClient",
    "Answer",
    "ApiError",
    "AsyncAdministratorClient",
    "AsyncClinicianClient",
    "AsyncPartnerClient",
    "AsyncPatientClient",
    "Author",
    "Case",
    "CaseDetail",
    "CaseFile",
    "CasekeepError",
    "ClinicianClient",
    "Communication",
    "CreatedCase",
    "DigestMismatch",
    "DownloadBroken",
    "FileContent",
    "FileToSend",
    "Finding",
    "Forbidden",
    "Hold",
    "Insights",
    "Known",
    "Limited",
    "Link",
    "NotFound",
    "NotSignedIn",
    "NotUnderstood",
    "PartnerCase",
    "PartnerClient",
    "PartnerFile",
    "PartnerUser",
    "PatientClient",
    "PatientFile",
    "Profile",
    "Question",
    "ReceivedFile",
    "Refused",
    "Repeats",
    "ServerFailed",
    "ShippingAddress",
    "Tokens",
    "Trash",
    "Unreachable",
    "ValidationFailed",
]
