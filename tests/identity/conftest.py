"""The identity room as a process has it: real parts over the run's database, mail in a folder of
its own, and a clock that a test can turn.
"""

import asyncio
import mailbox
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.message import Message
from pathlib import Path

import pytest
import pytest_asyncio

from casekeep.audit.log import AuditLog
from casekeep.db.database import Database
from casekeep.identity.accounts import create_user
from casekeep.identity.codes import OneTimeCodes
from casekeep.identity.gate import Gate
from casekeep.identity.model import Role, User
from casekeep.identity.signing_in import SignIn
from casekeep.identity.tokens import AccessTokens
from casekeep.kernel.clock import utc_now
from casekeep.kernel.errors import DomainError
from casekeep.kernel.ids import OrganizationId, new_id
from casekeep.mail.channels import open_email_channel, open_text_channel
from tests.support.factories import make_organization

SECRET = b"the tests' own secret, 32 bytes or more"
PASSWORD = "a long enough password"


@dataclass
class TurnableClock:
    """The time of the machine, and how far a test has turned it."""

    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        return utc_now() + self.ahead

    def turn(self, **by: float) -> None:
        self.ahead += timedelta(**by)


@dataclass
class Office:
    """One process's identity room, and a fresh organisation."""

    db: Database
    audit: AuditLog
    clock: TurnableClock
    tokens: AccessTokens
    sign_in: SignIn
    codes: OneTimeCodes
    outbox: Path
    organization_id: OrganizationId
    gates: list[Gate] = field(default_factory=list)

    async def gate(self, **options: int) -> Gate:
        """Another process's gate, started."""
        gate = Gate(self.db, self.tokens, self.audit, self.clock, **options)
        self.gates.append(gate)
        await gate.start()
        return gate

    async def clinician(self, **given: object) -> User:
        return await self.user(Role.CLINICIAN, password=PASSWORD, **given)

    async def patient(self, **given: object) -> User:
        return await self.user(Role.PATIENT, **given)

    async def user(self, role: Role, **given: object) -> User:
        values = {
            "organization_id": self.organization_id,
            "email": f"{new_id().hex}@example.org",
            "phone": None,
            "first_name": "Test",
            "last_name": role.value.title(),
            "password": None,
        } | given
        return await create_user(self.db, self.audit, role=role, **values)

    async def code_for(self, patient: User, **reached_at: str) -> str:
        """Ask for a code, and read it in the mailbox."""
        reached_at = reached_at or {"email": patient.email or ""}
        await self.codes.request(self.organization_id, **reached_at)
        await self.codes.close()
        text = self.sent()[-1].get_payload()
        found = re.search(r"\b\d{6}\b", str(text))
        assert found is not None
        return found[0]

    def sent(self) -> list[Message]:
        box = mailbox.Maildir(self.outbox)
        try:
            keys = sorted(
                box.keys(), key=lambda key: (self.outbox / "new" / key).stat().st_mtime_ns
            )
            return [box[key] for key in keys]
        finally:
            box.close()

    async def audited(self, organization_id: OrganizationId | None = None) -> list[tuple[str, str]]:
        """Actions and outcomes so far, in order."""
        organization_id = organization_id or self.organization_id
        async with self.db.transaction(organization_id) as tx:
            rows = await tx.fetch(
                "select action, outcome from audit_events where organization_id = $1 order by id",
                organization_id,
            )
        return [(row["action"], row["outcome"]) for row in rows]


@pytest_asyncio.fixture
async def office(db: Database, tmp_path: Path) -> AsyncIterator[Office]:
    clock, audit = TurnableClock(), AuditLog(db)
    tokens = AccessTokens(SECRET, clock)
    sign_in = SignIn(db, tokens, audit, clock)
    outbox = tmp_path / "outbox"
    codes = OneTimeCodes(
        db,
        sign_in,
        audit,
        open_email_channel(f"maildir:{outbox}", sender="Clinic <clinic@example.org>"),
        open_text_channel(f"maildir:{outbox}"),
        SECRET,
        clock,
    )
    made = Office(db, audit, clock, tokens, sign_in, codes, outbox, await make_organization(db))
    yield made
    await codes.close()
    for gate in made.gates:
        await gate.close()


async def soon(refused: Callable[[], Awaitable[object]], fact: type[DomainError]) -> None:
    """Wait until a call is refused with `fact`; fails after two seconds."""
    async with asyncio.timeout(2):
        while True:
            try:
                await refused()
            except fact:
                return
            await asyncio.sleep(0.005)


@pytest.fixture
def nobody() -> str:
    """An email address that no account has."""
    return f"{new_id().hex}@example.net"
