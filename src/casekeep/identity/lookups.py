"""What can be learned about accounts: a partner's software asks who the patients are, and whether
somebody has an email address or a phone number; a patient who wants a number learns whether it is
free. It never looks into another organisation.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from casekeep.audit.actions import Action, Outcome
from casekeep.audit.log import AuditLog, Event
from casekeep.db.database import Database, Tx
from casekeep.identity import queries, queries_lookups
from casekeep.identity.actors import who
from casekeep.identity.contacts import Reached, clean_email, clean_phone
from casekeep.identity.limiting import Limiter, OverLimit
from casekeep.identity.limits import Claim, Counted, Limits
from casekeep.identity.model import Partner, Patient, PatientPage, User
from casekeep.kernel.clock import Clock, utc_now
from casekeep.kernel.cursors import cursor_at, read_cursor
from casekeep.kernel.errors import InputNotValid, TooManyRequests

LARGEST_PAGE = 200


class Lookups:
    """The one door to these questions. Whether somebody is there is limited, for each key and for
    each patient, so that nobody goes through addresses or numbers to find who is a patient here.
    """

    def __init__(
        self,
        db: Database,
        audit: AuditLog,
        key: bytes,
        clock: Clock = utc_now,
        *,
        limits: Limits | None = None,
    ) -> None:
        """`key`: of the hashes under which lookups are counted, the same in every process."""
        self._db = db
        self._audit = audit
        self._limiter = Limiter(key, clock)
        self._limits = limits or Limits()

    async def list_patients(
        self,
        partner: Partner,
        *,
        email: str | None = None,
        phone: str | None = None,
        limit: int = LARGEST_PAGE,
        after: str | None = None,
    ) -> PatientPage:
        """A page of at most `limit` (1-200) patients, newest first, ties by id descending: of all,
        or of those with this email address and this phone number. Raises InputNotValid.
        """
        if not 1 <= limit <= LARGEST_PAGE:
            raise InputNotValid(f"limit must be 1 to {LARGEST_PAGE}")
        email = None if email is None else clean_email(email)
        phone = None if phone is None else clean_phone(phone)
        past = None if after is None else read_cursor(after)
        async with self._db.transaction(partner.organization_id) as tx:
            found = await queries_lookups.patients(
                tx, email=email, phone=phone, most=limit + 1, after=past
            )
        page = tuple(found[:limit])
        await self._note(partner, len(page))
        last = page[-1][0] if len(found) > limit else None
        return PatientPage(page, None if last is None else cursor_at(last.created_at, last.id))

    async def find_account(self, partner: Partner, reached: Reached) -> User | None:
        """Whoever is reached there, patient or not, with an open account or a closed one: nobody
        else can have that address or number. Raises TooManyRequests.
        """
        limit = self._limits.lookups_per_key
        claim = Claim(Counted.LOOKUPS_PER_KEY, str(partner.api_key_id), limit)
        async with self._counted(partner, claim, Action.USERS_LISTED) as tx:
            found = await queries.users_reached_at(tx, reached.email, reached.phone)
        await self._note(partner, len(found))
        return found[0] if found else None

    async def count_number(self, patient: Patient, phone: str) -> None:
        """Count that a patient wants a phone number, unless it is theirs: whether it is free they
        find out whatever comes of it. Raises TooManyRequests.
        """
        async with self._db.transaction(patient.organization_id) as tx:
            own = await queries.user(tx, patient.user_id)
        if own is None or own.phone != phone:
            limit = self._limits.numbers_per_patient
            claim = Claim(Counted.NUMBERS_PER_PATIENT, str(patient.user_id), limit)
            async with self._counted(patient, claim, Action.PROFILE_CHANGED):
                pass

    @asynccontextmanager
    async def _counted(
        self, actor: Partner | Patient, claim: Claim, action: Action
    ) -> AsyncGenerator[Tx]:
        """A transaction that has claimed an attempt. Raises TooManyRequests, which is recorded once
        for each subject and window: what is refused can be asked for ever.
        """
        try:
            async with self._db.transaction(actor.organization_id) as tx:
                await self._limiter.spend(tx, [claim])
                yield tx
        except OverLimit as over:
            async with self._db.transaction(actor.organization_id) as tx:
                if await self._limiter.first_refusal(tx, over):
                    event = Event(action, Outcome.REFUSED, details={"limit": claim.kind})
                    await self._audit.record(tx, who(actor), event)
            raise TooManyRequests(over.retry_after) from None

    async def _note(self, partner: Partner, count: int) -> None:
        event = Event(Action.USERS_LISTED, details={"count": count})
        await self._audit.note_listing(who(partner), event)
