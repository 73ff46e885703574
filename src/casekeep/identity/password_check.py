"""Finds out whose password it is, without telling whether there is such an account: the same
look-ups, checks and writes are made for everybody, known or not.
"""

import asyncio
from uuid import uuid4

import structlog

from casekeep.audit.actions import Action
from casekeep.audit.log import AuditLog, Detail, Event
from casekeep.db.database import Database
from casekeep.identity import queries
from casekeep.identity.actors import stranger
from casekeep.identity.contacts import clean_email
from casekeep.identity.limiting import Limiter, OverLimit, Spent
from casekeep.identity.limits import Claim, Counted, Limits, subject_of_address
from casekeep.identity.model import User
from casekeep.identity.passwords import verify_password
from casekeep.kernel.errors import InputNotValid, SignInRefused, TooManyRequests
from casekeep.kernel.ids import OrganizationId, UserId

CANDIDATES = 3
"""How many accounts of one email address, in different organisations, a password is tried on.
Always as many checks are made, so that their time tells nothing."""

_Candidate = tuple[OrganizationId, UserId]
_log = structlog.get_logger()


class PasswordCheck:
    """Tries an email address and a password, within limits."""

    def __init__(self, db: Database, audit: AuditLog, limiter: Limiter, limits: Limits) -> None:
        self._db = db
        self._audit = audit
        self._limiter = limiter
        self._limits = limits

    async def owner_of(self, email: str, password: str, address: str) -> User:
        """The clinician or administrator whose email and password these are; the oldest of
        several. `address`: where the request came from, if known.

        Raises SignInRefused, after the same work for every cause, and TooManyRequests.
        """
        email = _searchable(email)
        spent = await self._spend(email, address)
        candidates = await queries.password_owners(self._db, email, most=CANDIDATES)
        user = await self._try(password, candidates)
        if user is None:
            await self._record_failure(email, candidates, {})
            raise SignInRefused
        for each in spent:
            await self._limiter.give_back_anywhere(self._db, each)
        return user

    async def _spend(self, email: str, address: str) -> list[Spent]:
        """Claim an attempt for the address, for the email from there, and for the email: whoever is
        stopped before the last cannot use up somebody's attempts. Raises TooManyRequests.
        """
        limits, subject = self._limits, subject_of_address(address)
        claims = [
            Claim(Counted.PASSWORDS_PER_PAIR, f"{subject}|{email}", limits.passwords_per_pair),
            Claim(Counted.PASSWORDS_PER_EMAIL, email, limits.passwords_per_email),
        ]
        if address:
            claims.insert(
                0, Claim(Counted.PASSWORDS_PER_ADDRESS, subject, limits.passwords_per_address)
            )
        try:
            return await self._limiter.spend_anywhere(self._db, claims)
        except OverLimit as over:
            if over.just_reached:
                await self._note_limit(email, over.claim.kind)
            raise TooManyRequests(over.retry_after) from None

    async def _note_limit(self, email: str, kind: Counted) -> None:
        """Once for each subject and window. An address belongs to no organisation: only the log
        has it. What was tried on an email goes where failures go, with the same work for nobody's.
        """
        _log.warning("limit.reached", kind=kind)
        if kind is not Counted.PASSWORDS_PER_ADDRESS:
            candidates = await queries.password_owners(self._db, email, most=CANDIDATES)
            await self._record_failure(email, candidates, {"limit": kind})

    async def _try(self, password: str, candidates: list[_Candidate]) -> User | None:
        nobody = (OrganizationId(uuid4()), UserId(uuid4()))
        padded = candidates + [nobody] * (CANDIDATES - len(candidates))
        found = [await self._look_up(candidate) for candidate in padded]
        matches = await asyncio.gather(
            *(verify_password(each[1] if each else None, password) for each in found)
        )
        right = [each[0] for each, match in zip(found, matches, strict=True) if each and match]
        return right[0] if right else None

    async def _look_up(self, candidate: _Candidate) -> tuple[User, str] | None:
        organization_id, user_id = candidate
        async with self._db.transaction(organization_id) as tx:
            return await queries.user_and_password(tx, user_id)

    async def _record_failure(
        self, email: str, candidates: list[_Candidate], details: dict[str, Detail]
    ) -> None:
        """Record the failure with everybody it was tried on. Nobody's audit takes one for an
        address of nobody; a counted miss is written instead, in as many round trips, so that the
        time is the same.
        """
        for organization_id, user_id in candidates:
            event = Event(Action.SIGN_IN_FAILED, subject_id=user_id, details=details)
            await self._audit.record_refusal(stranger(organization_id), event)
        limit = self._limits.passwords_per_email
        for number in range(CANDIDATES - len(candidates)):
            claim = Claim(Counted.MISSES, f"{number}|{email}", limit)
            async with self._db.transaction(OrganizationId(uuid4())) as tx:
                await self._limiter.count_miss(tx, claim)


def _searchable(email: str) -> str:
    """The address as accounts have it; what cannot be an address is looked up like any other."""
    try:
        return clean_email(email)
    except InputNotValid:
        return "nobody@invalid"
