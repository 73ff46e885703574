"""Puts the parts together; the only module that knows them all. A server process calls
`application()`; the command line opens the same house with `open_house`.
"""

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import NamedTuple

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from casekeep.audit.log import AuditLog
from casekeep.audit.sealing import seal_forever
from casekeep.blobs.local import LocalStore
from casekeep.clinician_api.app import build_app as build_clinician_api
from casekeep.db.addresses import Addresses, EmbeddedServer, external_addresses
from casekeep.db.database import Database
from casekeep.db.migrating import check_application_role, migrate_database
from casekeep.db.passwords import kept_password
from casekeep.files.links import Links
from casekeep.files.model import SizeLimits
from casekeep.files.receiving import Receiving
from casekeep.files.sweeping import claim_receiver, sweep_forever
from casekeep.http.house import House
from casekeep.http.root import Apps, Root
from casekeep.identity.codes import OneTimeCodes
from casekeep.identity.gate import Gate
from casekeep.identity.signing_in import SignIn
from casekeep.identity.tokens import AccessTokens
from casekeep.kernel.clock import utc_now
from casekeep.mail.channels import (
    EmailChannel,
    TextChannel,
    open_email_channel,
    open_text_channel,
)
from casekeep.pages.app import build_app as build_pages
from casekeep.portal_api.app import build_app as build_portal_api
from casekeep.settings import MIB, Settings, SettingsNotValid, load_settings

_SWEEP_SECONDS = 30.0
_SEAL_SECONDS = 10.0


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
        blobs = LocalStore(Path(settings.data) / "blobs")
        receiver = await claim_receiver(db)
        closing.push_async_callback(receiver.close)
        limits = SizeLimits(settings.lab_limit_mib * MIB, settings.radiology_limit_mib * MIB)
        yield House(
            db=db,
            blobs=blobs,
            audit=audit,
            gate=gate,
            sign_in=sign_in,
            codes=codes,
            receiving=Receiving(db, blobs, audit, limits, receiver.number, utc_now),
            links=Links(_derived(key, b"signed links"), utc_now),
            limits=limits,
            public_url=settings.public_url.rstrip("/"),
            idle_timeout=settings.upload_idle_seconds,
        )


def open_channels(settings: Settings) -> tuple[EmailChannel, TextChannel]:
    """The ways out for mail and text messages. Raises SettingsNotValid."""
    outbox = f"maildir:{Path(settings.data) / 'outbox'}"
    try:
        email = open_email_channel(settings.mail_url or outbox, sender=settings.mail_from)
        return email, open_text_channel(settings.sms_url or outbox)
    except ValueError as error:
        raise SettingsNotValid(str(error)) from None


def application() -> Root:
    """The ASGI application of one server process; its settings come from the environment."""
    settings = load_settings()
    return Root(lambda: _serving(settings))


@asynccontextmanager
async def _serving(settings: Settings) -> AsyncGenerator[Apps, None]:
    async with open_house(settings, find_addresses(settings)) as house:
        tasks = [
            asyncio.create_task(sweep_forever(house.db, house.blobs, _SWEEP_SECONDS)),
            asyncio.create_task(seal_forever(house.db, every=_SEAL_SECONDS)),
        ]
        try:
            yield Apps(
                house, build_clinician_api(house), build_portal_api(house), build_pages(settings)
            )
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


class RunningDatabase(NamedTuple):
    """Where a database is, and the migrations that were applied to it just now."""

    addresses: Addresses
    migrated: tuple[str, ...]


@contextmanager
def running_database(settings: Settings, *, keep: bool) -> Generator[RunningDatabase, None, None]:
    """A database that is up, migrated, and safe to serve from. `keep`: this process stays, and
    takes over the embedded server when the one that runs it leaves.

    Raises DatabaseNotUsable.
    """
    with ExitStack() as closing:
        if settings.database_url:
            addresses = find_addresses(settings)
        else:
            server = closing.enter_context(EmbeddedServer(Path(settings.data)))
            addresses = server.start_or_join(keep=keep)
        yield RunningDatabase(addresses, asyncio.run(_bring_up_to_date(settings, addresses)))


async def _bring_up_to_date(settings: Settings, addresses: Addresses) -> tuple[str, ...]:
    made_by_hand = bool(settings.database_app_url)
    done = await migrate_database(
        addresses.owner_dsn, None if made_by_hand else addresses.application_dsn
    )
    await check_application_role(addresses.application_dsn)
    return done.applied


def find_addresses(settings: Settings) -> Addresses:
    """Where the database of a running server is: the external one, or the embedded one."""
    if settings.database_url:
        return external_addresses(
            settings.database_url, settings.database_app_url, secrets_folder(settings)
        )
    return EmbeddedServer(Path(settings.data)).join()


def secrets_folder(settings: Settings) -> Path:
    """The folder of this deployment's secrets."""
    return Path(settings.data) / "secrets"


def _deployment_key(settings: Settings) -> bytes:
    """The secret of this deployment: the setting, else one that is made once and kept."""
    return (settings.secret_key or kept_password(secrets_folder(settings), "deployment")).encode()


def _derived(key: bytes, purpose: bytes) -> bytes:
    """A key of its own for each purpose (HKDF, RFC 5869)."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"casekeep " + purpose).derive(key)
