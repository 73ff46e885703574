"""Assembles the house over a running database, and takes it down in the reverse order."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from casekeep.audit.log import AuditLog
from casekeep.blobs.organization_keys import OrganizationKeys
from casekeep.blobs.vault import Vault
from casekeep.bootstrap.channels import open_channels
from casekeep.bootstrap.database import secrets_folder
from casekeep.bootstrap.limits import upload_limits
from casekeep.bootstrap.sealing import open_deployment_keys
from casekeep.bootstrap.stores import open_store
from casekeep.db.addresses import Addresses
from casekeep.db.database import Database
from casekeep.db.passwords import kept_password
from casekeep.files.links import Links
from casekeep.files.model import SizeLimits
from casekeep.files.receiving import Receiving
from casekeep.files.sweeping import claim_receiver
from casekeep.files.uploads.kit import open_uploads
from casekeep.http.house import House
from casekeep.identity.codes import OneTimeCodes
from casekeep.identity.gate import Gate
from casekeep.identity.lookups import Lookups
from casekeep.identity.signing_in import SignIn
from casekeep.identity.tokens import AccessTokens
from casekeep.kernel.clock import utc_now
from casekeep.retention.certificates import Certificates
from casekeep.settings import MIB, Settings, origins_in
from casekeep.webhooks.addresses import Allowed, networks_of
from casekeep.webhooks.secrets import WebhookSecrets


@asynccontextmanager
async def open_house(settings: Settings, addresses: Addresses) -> AsyncGenerator[House, None]:
    """The assembled house over a running database; closes everything in the reverse order."""
    key = _deployment_key(settings)
    async with AsyncExitStack() as closing:
        db = await Database.connect(addresses.application_dsn, size=settings.database_connections)
        closing.push_async_callback(db.close)
        audit = AuditLog(db)
        audit.start()
        closing.push_async_callback(audit.close)
        tokens = AccessTokens(_derived(key, b"access tokens"), utc_now)
        gate = Gate(db, tokens, audit, utc_now)
        await gate.start()
        closing.push_async_callback(gate.close)
        sign_in = SignIn(db, tokens, audit, utc_now)
        email, texts = open_channels(settings)
        closing.push_async_callback(email.close)
        closing.push_async_callback(texts.close)
        codes = OneTimeCodes(
            db, sign_in, audit, email, texts, _derived(key, b"one-time codes"), utc_now
        )
        closing.push_async_callback(codes.close)
        store = open_store(settings)
        keys = OrganizationKeys(db, await open_deployment_keys(settings, db))
        blobs = Vault(store, keys, sealing=settings.sealing)
        receiver = await claim_receiver(db)
        closing.push_async_callback(receiver.close)
        limits = SizeLimits(settings.lab_limit_mib * MIB, settings.radiology_limit_mib * MIB)
        allowed = upload_limits(settings)
        receiving = Receiving(db, blobs, audit, limits, receiver.number, utc_now, allowed.quotas)
        closing.push_async_callback(receiving.close)
        uploads = open_uploads(db, blobs, audit, allowed, receiver.number, utc_now)
        closing.push_async_callback(uploads.receiving.close)
        yield House(
            db=db,
            blobs=blobs,
            audit=audit,
            gate=gate,
            sign_in=sign_in,
            codes=codes,
            lookups=Lookups(db, audit, _derived(key, b"lookups of accounts"), utc_now),
            receiving=receiving,
            uploads=uploads,
            links=Links(_derived(key, b"signed links"), utc_now),
            limits=limits,
            certificates=certificates_of(settings),
            public_url=settings.public_url.rstrip("/"),
            idle_timeout=settings.upload_idle_seconds,
            allowed_origins=origins_in(settings.allowed_origins),
            metrics_token=settings.metrics_token,
        )


def certificates_of(settings: Settings) -> Certificates:
    """What signs this deployment's certificates of destruction."""
    return Certificates(_derived(_deployment_key(settings), b"certificates of destruction"))


def webhook_secrets(settings: Settings) -> WebhookSecrets:
    """What opens the secrets of this deployment's webhooks."""
    return WebhookSecrets(_derived(_deployment_key(settings), b"webhook secrets"))


def reachable(settings: Settings) -> Allowed:
    """Where webhooks may lead."""
    return Allowed(networks_of(settings.webhook_private_networks))


def _deployment_key(settings: Settings) -> bytes:
    """The secret of this deployment: the setting, else one that is made once and kept."""
    return (settings.secret_key or kept_password(secrets_folder(settings), "deployment")).encode()


def _derived(key: bytes, purpose: bytes) -> bytes:
    """A key of its own for each purpose (HKDF, RFC 5869)."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"casekeep " + purpose).derive(key)
