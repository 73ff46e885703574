"""What a partner's software may ask about accounts: who the patients are, and whether somebody has
an email address or a phone number already. It never looks into another organisation.
"""

from casekeep.audit.actions import Action, Outcome
from casekeep.audit.log import AuditLog, Event
from casekeep.db.database import Database
from casekeep.identity import queries, queries_lookups
from casekeep.identity.actors import who
from casekeep.identity.contacts import Reached, clean_email, clean_phone
from casekeep.identity.limiting import Limiter, OverLimit
from casekeep.identity.limits import Claim, Counted, Limits
from casekeep.identity.model import Partner, PatientPage, User
from casekeep.kernel.clock import Clock, utc_now
from casekeep.kernel.cursors import cursor_at, read_cursor
from casekeep.kernel.errors import InputNotValid, TooManyRequests

LARGEST_PAGE = 200


class Lookups:
    """The one door to these questions; the second kind is limited for each key, so that one in the
    wrong hands does not tell fast who is a patient here.
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
        self._limit = (limits or Limits()).lookups_per_key

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
        claim = Claim(Counted.LOOKUPS_PER_KEY, str(partner.api_key_id), self._limit)
        try:
            async with self._db.transaction(partner.organization_id) as tx:
                await self._limiter.spend(tx, [claim])
                found = await queries.users_reached_at(tx, reached.email, reached.phone)
        except OverLimit as over:
            await self._record_limit(partner, over)
            raise TooManyRequests(over.retry_after) from None
        await self._note(partner, len(found))
        return found[0] if found else None

    async def _note(self, partner: Partner, count: int) -> None:
        event = Event(Action.USERS_LISTED, details={"count": count})
        await self._audit.note_listing(who(partner), event)

    async def _record_limit(self, partner: Partner, over: OverLimit) -> None:
        """Once for each key and window: what is refused can be asked for ever."""
        async with self._db.transaction(partner.organization_id) as tx:
            if await self._limiter.first_refusal(tx, over):
                details = {"limit": over.claim.kind}
                event = Event(Action.USERS_LISTED, Outcome.REFUSED, details=details)
                await self._audit.record(tx, who(partner), event)
