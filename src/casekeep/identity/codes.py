"""One-time codes: how a patient signs in without a password. A code is kept as a keyed hash only,
is never logged, and neither its sending nor its refusal tells whether an account exists.
"""

import asyncio
import hmac
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import UUID

from casekeep.audit.actions import Action, Outcome
from casekeep.audit.log import AuditLog, Event
from casekeep.db.database import Database
from casekeep.identity import queries_codes
from casekeep.identity.actors import stranger
from casekeep.identity.code_sending import CodeSending, digest_of
from casekeep.identity.contacts import Reached
from casekeep.identity.limiting import Limiter, OverLimit, Spent
from casekeep.identity.limits import Claim, Counted, Limits, subject_of_address
from casekeep.identity.model import Audience, Tokens
from casekeep.identity.queries_codes import ClaimedAttempt
from casekeep.identity.signing_in import SignIn
from casekeep.kernel.clock import Clock, utc_now
from casekeep.kernel.errors import CodeNotValid, TooManyRequests
from casekeep.kernel.ids import OrganizationId
from casekeep.mail.channels import EmailChannel, TextChannel

Spawn = Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]

_NOBODY = UUID(int=0)


class OneTimeCodes:
    """Sends codes, and trades a right one for a sign-in to the patient portal."""

    def __init__(  # noqa: PLR0917 - assembled once, in the order of the house
        self,
        db: Database,
        sign_in: SignIn,
        audit: AuditLog,
        email_channel: EmailChannel,
        text_channel: TextChannel,
        pepper: bytes,
        clock: Clock = utc_now,
        spawn: Spawn = asyncio.create_task,
        *,
        limits: Limits | None = None,
    ) -> None:
        """`pepper`: the key of the codes' hashes, the same in every process; never in the
        database, so that a copy of it cannot be searched for six digits.
        """
        self._db = db
        self._sign_in = sign_in
        self._audit = audit
        self._pepper = pepper
        self._clock = clock
        self._spawn = spawn
        self._limits = limits or Limits()
        self._limiter = Limiter(pepper, clock)
        self._sending = CodeSending(
            db,
            audit,
            email_channel,
            text_channel,
            pepper,
            clock,
            limiter=self._limiter,
            limit=self._limits.codes_per_organization,
        )
        self._on_their_way: set[asyncio.Task[None]] = set()

    async def request(
        self,
        organization_id: OrganizationId,
        *,
        email: str | None = None,
        phone: str | None = None,
        address: str = "",
    ) -> None:
        """Have a code sent to whoever is reached there, if anybody is; returns before it is known.

        `address`: where the request came from. Raises InputNotValid and TooManyRequests, both
        without a look at the accounts.
        """
        reached = Reached.at(email, phone)
        limits, subject = self._limits, subject_of_address(address)
        claims = [
            Claim(Counted.CODES_PER_PAIR, f"{subject}|{reached}", limits.codes_per_pair),
            Claim(Counted.CODES_PER_IDENTIFIER, str(reached), limits.codes_per_identifier),
        ]
        if address:
            claims.append(Claim(Counted.CODES_PER_ADDRESS, subject, limits.codes_per_address))
        async with (
            self._within_limits(organization_id),
            self._db.transaction(organization_id) as tx,
        ):
            await self._limiter.spend(tx, claims)
            await self._audit.record(tx, stranger(organization_id), Event(Action.CODE_REQUESTED))
        task = self._spawn(self._sending.send(organization_id, reached))
        self._on_their_way.add(task)
        task.add_done_callback(self._on_their_way.discard)

    async def verify(
        self,
        organization_id: OrganizationId,
        *,
        email: str | None = None,
        phone: str | None = None,
        code: str,
        address: str = "",
    ) -> Tokens:
        """Trade a code for a sign-in. Raises CodeNotValid after the same work for every cause,
        InputNotValid for an identifier that cannot be one, and TooManyRequests.
        """
        reached = Reached.at(email, phone)
        claimed, spent = await self._claim(organization_id, reached, address)
        owner, expected = (claimed.user.id, claimed.code_hash) if claimed else (_NOBODY, bytes(32))
        right = hmac.compare_digest(digest_of(self._pepper, organization_id, owner, code), expected)
        if claimed and right:
            with suppress(CodeNotValid):
                return await self._use(claimed, spent)
        event = Event(Action.CODE_FAILED, subject_id=claimed.user.id if claimed else None)
        await self._audit.record_refusal(stranger(organization_id), event)
        raise CodeNotValid

    async def close(self) -> None:
        """Wait until every code on its way has been sent."""
        while self._on_their_way:
            await asyncio.gather(*self._on_their_way, return_exceptions=True)

    async def _claim(
        self, organization_id: OrganizationId, reached: Reached, address: str
    ) -> tuple[ClaimedAttempt | None, list[Spent]]:
        """Pay for a guess before it is made. It is counted for everybody, and commits alike."""
        limits, subject = self._limits, subject_of_address(address)
        claims = [
            Claim(Counted.GUESSES_PER_PAIR, f"{subject}|{reached}", limits.guesses_per_pair),
            Claim(Counted.GUESSES_PER_IDENTIFIER, str(reached), limits.guesses_per_identifier),
        ]
        if address:
            claims.append(Claim(Counted.GUESSES_PER_ADDRESS, subject, limits.guesses_per_address))
        async with (
            self._within_limits(organization_id),
            self._db.transaction(organization_id) as tx,
        ):
            spent = await self._limiter.spend(tx, claims)
            claimed = await queries_codes.claim_attempt(
                tx, reached.email, reached.phone, self._clock()
            )
        return claimed, spent

    @asynccontextmanager
    async def _within_limits(self, organization_id: OrganizationId) -> AsyncGenerator[None]:
        """Around a transaction that claims: a refusal is recorded once for each subject and window,
        known or not, in a transaction of its own. Raises TooManyRequests.
        """
        try:
            yield
        except OverLimit as over:
            async with self._db.transaction(organization_id) as tx:
                if await self._limiter.first_refusal(tx, over):
                    details = {"limit": over.claim.kind}
                    event = Event(Action.CODE_FAILED, Outcome.REFUSED, details=details)
                    await self._audit.record(tx, stranger(organization_id), event)
            raise TooManyRequests(over.retry_after) from None

    async def _use(self, claimed: ClaimedAttempt, spent: list[Spent]) -> Tokens:
        """A sign-in for the right code. Raises CodeNotValid when it was used or replaced a moment
        before. Rows are locked in the order of `_claim`, so that the two never wait in a circle.
        """
        user = claimed.user
        async with self._db.transaction(user.organization_id) as tx:
            for each in spent:
                await self._limiter.give_back(tx, each)
            # Before the code is used: a change of the profile holds the account first, too.
            await queries_codes.prove_phone(tx, user.id, claimed.code_hash)
            if not await queries_codes.use_code(tx, user.id, claimed.code_hash, self._clock()):
                raise CodeNotValid
            return await self._sign_in.open_within(tx, user, Audience.PATIENT_PORTAL)
