"""A whole house for tests over HTTP: the real parts over the run's database, bytes and mail in
folders of their own, and makers of people who are signed in. Shared by the edges' tests.
"""

import mailbox
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from email.message import Message
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio

from casekeep.audit.log import AuditLog
from casekeep.blobs.deployment_keys import DeploymentKey, DeploymentKeys
from casekeep.blobs.local import LocalStore
from casekeep.blobs.organization_keys import OrganizationKeys
from casekeep.blobs.seals import destroy_keys
from casekeep.blobs.vault import Vault
from casekeep.cases.model import CaseFacts
from casekeep.db.database import Database
from casekeep.files.links import Links
from casekeep.files.model import SizeLimits
from casekeep.files.receiving import Receiving
from casekeep.files.sweeping import claim_receiver
from casekeep.files.uploads.kit import open_uploads
from casekeep.files.uploads.model import UploadLimits
from casekeep.http.asgi import ASGIApp
from casekeep.http.house import House
from casekeep.identity.accounts import create_user
from casekeep.identity.api_keys import create_api_key
from casekeep.identity.codes import OneTimeCodes
from casekeep.identity.gate import Gate
from casekeep.identity.lookups import Lookups
from casekeep.identity.model import ApiKey, Audience, Patient, Role, Tokens, User
from casekeep.identity.signing_in import SignIn
from casekeep.identity.tokens import AccessTokens
from casekeep.kernel.clock import Clock, utc_now
from casekeep.kernel.ids import OrganizationId
from casekeep.mail.channels import open_email_channel, open_text_channel
from casekeep.retention.certificates import Certificates
from casekeep.retention.purging import Purging
from tests.support.factories import make_case, make_organization

TOKEN_SECRET = b"a secret of the tests, for access tokens"
LINK_SECRET = b"a secret of the tests, for signed links."
LOOKUP_SECRET = b"a secret of the tests, for lookups by key"
CODE_PEPPER = b"a secret of the tests, for codes by mail"
DEPLOYMENT_SECRET = b"the deployment key of the tests."
DEPLOYMENT_KEY = DeploymentKey.of(DEPLOYMENT_SECRET)
CERTIFICATE_SEED = b"a seed of the tests' certificates"[:32]
MIB = 1 << 20
UPLOAD_LIMITS = UploadLimits(size=4 * MIB)
PASSWORD = "a password of the tests"


@dataclass(frozen=True)
class Outbox:
    """What the house has sent: a maildir for mail and text messages alike."""

    folder: Path
    read: dict[str, Message] = field(default_factory=dict)
    """What was read of it before: one box takes the mail of a whole run."""

    def to(self, address: str) -> list[Message]:
        """Everything that was sent to an email address or a phone number, oldest first."""
        box = mailbox.Maildir(self.folder, create=True)
        try:
            keys = sorted(box.keys(), key=_delivery)
            self.read.update((key, box[key]) for key in keys if key not in self.read)
        finally:
            box.close()
        return [self.read[key] for key in keys if self.read[key]["To"] == address]


def _delivery(key: str) -> list[int]:
    """When a message came, by the name of its file: seconds, microseconds, process, count."""
    return [int(number) for number in re.findall(r"[0-9]+", key.partition("@")[0])[:4]]


async def code_sent_to(house: House, outbox: Outbox, address: str) -> str:
    """The newest one-time code for an email address or a phone number, once all are sent."""
    await house.codes.close()
    codes = re.findall(r"\b[0-9]{6}\b", text_of(outbox.to(address)[-1]))
    assert len(codes) == 1
    return codes[0]


def text_of(message: Message) -> str:
    """The body of a message without parts."""
    payload = message.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode(message.get_content_charset() or "utf-8")


@dataclass(frozen=True)
class SignedIn:
    """Somebody with a live sign-in, and what their client sends along."""

    house: House
    organization_id: OrganizationId
    user: User
    tokens: Tokens
    key: str | None
    headers: dict[str, str]

    async def case(self) -> CaseFacts:
        """A new case: the patient's own, or the clinician's own."""
        patient = self.user.role is Role.PATIENT
        return await make_case(
            self.house.db,
            self.organization_id,
            patient_id=self.user.id if patient else None,
            clinician_id=None if patient else self.user.id,
        )

    def patient(self) -> Patient:
        """The patient as the core knows them."""
        return Patient(self.organization_id, self.user.id)

    def with_headers(self, **headers: str | None) -> dict[str, str]:
        """The headers with some replaced (`cv_api_key="…"`), or left out (`None`)."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return {k: v for k, v in {**self.headers, **given}.items() if v is not None}


@pytest.fixture(scope="session")
def outbox(tmp_path_factory: pytest.TempPathFactory) -> Outbox:
    return Outbox(tmp_path_factory.mktemp("mail") / "outbox")


@pytest_asyncio.fixture(scope="session")
async def house(
    db: Database, outbox: Outbox, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[House]:
    """The assembled house, open for the whole run."""
    async with AsyncExitStack() as closing:
        yield await open_house(db, outbox, tmp_path_factory.mktemp("blobs"), closing)


async def open_house(
    db: Database, outbox: Outbox, blobs_root: Path, closing: AsyncExitStack
) -> House:
    """A house over a database, that `closing` closes."""
    audit = AuditLog(db)
    audit.start()
    closing.push_async_callback(audit.close)
    tokens = access_tokens()
    gate = Gate(db, tokens, audit, utc_now)
    await gate.start()
    closing.push_async_callback(gate.close)
    sign_in = SignIn(db, tokens, audit, utc_now)
    email = open_email_channel(f"maildir:{outbox.folder}", sender="Casekeep <no-reply@test>")
    closing.push_async_callback(email.close)
    texts = open_text_channel(f"maildir:{outbox.folder}")
    closing.push_async_callback(texts.close)
    codes = OneTimeCodes(db, sign_in, audit, email, texts, CODE_PEPPER, utc_now)
    closing.push_async_callback(codes.close)
    receiver = await claim_receiver(db)
    closing.push_async_callback(receiver.close)
    blobs = Vault(LocalStore(blobs_root), OrganizationKeys(db, deployment_keys()))
    limits = SizeLimits(lab=1 * MIB, radiology=2 * MIB)
    return House(
        db=db,
        blobs=blobs,
        audit=audit,
        gate=gate,
        sign_in=sign_in,
        codes=codes,
        lookups=Lookups(db, audit, LOOKUP_SECRET, utc_now),
        receiving=Receiving(db, blobs, audit, limits, receiver.number, utc_now),
        uploads=open_uploads(db, blobs, audit, UPLOAD_LIMITS, receiver.number, utc_now),
        links=Links(LINK_SECRET, utc_now),
        limits=limits,
        certificates=Certificates(CERTIFICATE_SEED),
        public_url="",
        idle_timeout=5.0,
    )


def deployment_keys() -> DeploymentKeys:
    """The one key of the tests' deployment."""
    return DeploymentKeys(lambda: [DEPLOYMENT_KEY])


def purging(house: House) -> Purging:
    """What destroys files of a house, as a server has it."""
    return Purging(
        house.db, house.audit, (house.blobs,), destroy_keys, house.certificates, 30, utc_now
    )


def client(app: ASGIApp) -> httpx.AsyncClient:
    """A client of an edge; a failure inside is an answer, as it is for a real client."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(_address(), 50000))
    return httpx.AsyncClient(transport=transport, base_url="https://casekeep.test")


def _address() -> str:
    """An address that no other client has, since attempts are limited by address."""
    return f"2001:db8::{uuid4().hex[:4]}:{uuid4().hex[:4]}"


async def api_key(house: House, organization_id: OrganizationId) -> tuple[ApiKey, str]:
    """A new key of the organisation, and its secret."""
    return await create_api_key(house.db, house.audit, organization_id, "a partner of the tests")


async def signed_in_patient(
    house: House, organization_id: OrganizationId | None = None, **account: str | None
) -> SignedIn:
    """A patient with a key and a token; of a new organisation unless one is given.

    `account`: email, phone, first_name, last_name where a test cares.
    """
    organization_id = organization_id or await make_organization(house.db)
    user = await make_account(house, organization_id, Role.PATIENT, **account)
    tokens = await house.sign_in.open_for(user, Audience.PATIENT_PORTAL)
    _, key = await api_key(house, organization_id)
    headers = {"cv-api-key": key, "authorization": f"Bearer {tokens.access_token}"}
    return SignedIn(house, organization_id, user, tokens, key, headers)


async def signed_in_clinician(
    house: House, organization_id: OrganizationId | None = None, **account: str | None
) -> SignedIn:
    """A clinician with a token; of a new organisation unless one is given."""
    organization_id = organization_id or await make_organization(house.db)
    user = await make_account(house, organization_id, Role.CLINICIAN, **account)
    tokens = await house.sign_in.open_for(user, Audience.CLINICIAN)
    headers = {"authorization": f"Bearer {tokens.access_token}"}
    return SignedIn(house, organization_id, user, tokens, None, headers)


async def make_account(
    house: House, organization_id: OrganizationId, role: Role, **account: str | None
) -> User:
    """An account made as an operator makes it."""
    chosen: dict[str, str | None] = {
        "email": f"{uuid4().hex}@example.org",
        "phone": None,
        "first_name": "Jane",
        "last_name": "Doe",
        "password": None,
        **account,
    }
    return await create_user(
        house.db,
        house.audit,
        organization_id=organization_id,
        role=role,
        email=chosen["email"],
        phone=chosen["phone"],
        first_name=chosen["first_name"],
        last_name=chosen["last_name"],
        password=chosen["password"],
    )


def access_tokens(clock: Clock = utc_now) -> AccessTokens:
    """Reads and issues the house's own tokens, by a clock of one's own."""
    return AccessTokens(TOKEN_SECRET, clock)


def ago(**time: float) -> Clock:
    """A clock that is slow by `timedelta(**time)`."""
    return lambda: utc_now() - timedelta(**time)


def token_from(caller: SignedIn, clock: Clock, audience: Audience) -> str:
    """An access token for the caller's live sign-in, issued by another clock."""
    token, _ = access_tokens(clock).issue(caller.user, caller.tokens.sign_in_id, audience)
    return token
