"""The assembled parts that the HTTP edges use. Built once by `bootstrap`, never changed after."""

from dataclasses import dataclass

from casekeep.audit.log import AuditLog
from casekeep.blobs.vault import Vault
from casekeep.db.database import Database
from casekeep.files.links import Links
from casekeep.files.model import SizeLimits
from casekeep.files.receiving import Receiving
from casekeep.files.uploads.kit import Kit
from casekeep.identity.codes import OneTimeCodes
from casekeep.identity.gate import Gate
from casekeep.identity.lookups import Lookups
from casekeep.identity.signing_in import SignIn
from casekeep.retention.certificates import Certificates


@dataclass(frozen=True, slots=True)
class House:
    """Everything an edge may call. `public_url`: the origin that people use, without a slash at
    the end, or empty to answer with the origin of the request. `idle_timeout`: seconds that an
    upload may pause. `allowed_origins`: whose pages' software may call the edges from a browser.
    `metrics_token`: what a monitoring system proves itself with; empty if it needs no proof.
    """

    db: Database
    blobs: Vault
    audit: AuditLog
    gate: Gate
    sign_in: SignIn
    codes: OneTimeCodes
    lookups: Lookups
    receiving: Receiving
    uploads: Kit
    links: Links
    limits: SizeLimits
    certificates: Certificates
    public_url: str
    idle_timeout: float
    allowed_origins: frozenset[str] = frozenset()
    metrics_token: str = ""
