"""Opens, renews and ends sign-ins. One sign-in is one family of refresh tokens, each good for one
use; wrong credentials cost the same time and say the same, whoever they name.
"""

from datetime import timedelta

from casekeep.audit.actions import Action, Outcome
from casekeep.audit.log import AuditLog, Event
from casekeep.db.database import Database, Tx
from casekeep.identity import queries, queries_sign_ins
from casekeep.identity.actors import actor_of, stranger, who
from casekeep.identity.limiting import Limiter
from casekeep.identity.limits import Limits
from casekeep.identity.model import Audience, Tokens, User
from casekeep.identity.opaque import Form, Opaque, new_opaque, read_opaque
from casekeep.identity.password_check import PasswordCheck
from casekeep.identity.queries_sign_ins import LiveSignIn
from casekeep.identity.tokens import LIVES, AccessTokens
from casekeep.kernel.clock import Clock, utc_now
from casekeep.kernel.errors import RefreshNotValid, RefreshReplayed
from casekeep.kernel.ids import OrganizationId, SignInId

_UNUSED_FOR = {Audience.PATIENT_PORTAL: timedelta(days=30), Audience.CLINICIAN: timedelta(days=7)}
_AT_MOST = {Audience.PATIENT_PORTAL: timedelta(days=90), Audience.CLINICIAN: timedelta(days=30)}


class SignIn:
    """The one door to a sign-in."""

    def __init__(
        self,
        db: Database,
        tokens: AccessTokens,
        audit: AuditLog,
        clock: Clock = utc_now,
        *,
        limits: Limits | None = None,
    ) -> None:
        self._db = db
        self._tokens = tokens
        self._audit = audit
        self._clock = clock
        limiter = Limiter(tokens.key_for("limits of sign-in by password"), clock)
        self._passwords = PasswordCheck(db, audit, limiter, limits or Limits())

    async def with_password(self, email: str, password: str, address: str = "") -> Tokens:
        """Sign a clinician or an administrator in. `address`: where the request came from.

        Raises SignInRefused, after the same work for every cause, and TooManyRequests.
        """
        user = await self._passwords.owner_of(email, password, address)
        return await self.open_for(user, Audience.CLINICIAN)

    async def open_for(self, user: User, audience: Audience) -> Tokens:
        """A new sign-in for somebody who has proven who they are."""
        async with self._db.transaction(user.organization_id) as tx:
            return await self.open_within(tx, user, audience)

    async def open_within(self, tx: Tx, user: User, audience: Audience) -> Tokens:
        """Like `open_for`, in the transaction that used up the proof."""
        now = self._clock()
        expires_at = now + _AT_MOST[audience]
        sign_in_id = await queries_sign_ins.insert_sign_in(tx, user.id, audience, now, expires_at)
        details = {"audience": audience}
        event = Event(Action.SIGN_IN_SUCCEEDED, subject_id=sign_in_id, details=details)
        await self._audit.record(tx, who(actor_of(user)), event)
        return await self._hand_out(tx, LiveSignIn(sign_in_id, user, expires_at), audience)

    async def refresh(
        self,
        refresh_token: str,
        audience: Audience,
        *,
        organization_id: OrganizationId | None = None,
    ) -> Tokens:
        """Trade a refresh token for new tokens; of parallel calls with one token, one succeeds.

        `organization_id`: the only one whose tokens are taken, if given. Raises RefreshReplayed,
        after ending the whole sign-in, for a token used before (RFC 9700, 4.14.2), and
        RefreshNotValid.
        """
        presented = read_opaque(refresh_token, Form.REFRESH_TOKEN)
        if presented is None or organization_id not in (None, presented.organization_id):
            raise RefreshNotValid
        async with self._db.transaction(presented.organization_id) as tx:
            outcome = await self._rotate(tx, presented, audience)
        if isinstance(outcome, Tokens):
            return outcome
        raise outcome

    async def sign_out(
        self,
        refresh_token: str | None = None,
        sign_in: tuple[OrganizationId, SignInId] | None = None,
        *,
        audience: Audience | None = None,
    ) -> SignInId | None:
        """End a sign-in, named by any of its refresh tokens or by its id; which it was. Its access
        tokens stop working in a moment everywhere (`signing_out.sign_out`: here at once). Nothing
        happens when there is none. `audience`: the only one whose tokens are taken, if given.
        """
        if sign_in is not None:
            organization_id, sign_in_id = sign_in
            async with self._db.transaction(organization_id) as tx:
                await self._end(tx, sign_in_id)
            return sign_in_id
        presented = read_opaque(refresh_token or "", Form.REFRESH_TOKEN)
        if presented is None:
            return None
        async with self._db.transaction(presented.organization_id) as tx:
            facts = await queries_sign_ins.token_facts(tx, presented.digest)
            if facts is None or audience not in (None, facts.audience):
                return None
            await self._end(tx, facts.sign_in_id)
        return facts.sign_in_id

    async def end_all_of(self, user: User, *, but: SignInId | None = None) -> tuple[SignInId, ...]:
        """End every sign-in of a user, `but` one if given; which they were."""
        async with self._db.transaction(user.organization_id) as tx:
            now = self._clock()
            ended = await queries_sign_ins.end_all(tx, user.id, "signed_out", now, but=but)
            events = [Event(Action.SIGN_IN_ENDED, subject_id=each) for each in ended]
            await self._audit.record(tx, who(actor_of(user)), *events)
        return ended

    async def _rotate(
        self, tx: Tx, presented: Opaque, audience: Audience
    ) -> Tokens | RefreshReplayed | RefreshNotValid:
        """New tokens, or why not: returned, not raised, so that ending the family commits.

        A replay is recorded when it ended something. A token of a sign-in that has ended (by
        sign-out, or by the replay before) is refused without a record: nothing comes of it, and it
        can be sent for ever.
        """
        live = await queries_sign_ins.rotate(tx, presented.digest, audience, self._clock())
        if live is not None:
            event = Event(Action.TOKEN_REFRESHED, subject_id=live.id)
            await self._audit.record(tx, who(actor_of(live.user)), event)
            return await self._hand_out(tx, live, audience)
        facts = await queries_sign_ins.token_facts(tx, presented.digest)
        if facts is None or facts.audience is not audience or not facts.rotated:
            return RefreshNotValid()
        ended = await queries_sign_ins.end(tx, facts.sign_in_id, "token_replayed", self._clock())
        if ended is not None:
            event = Event(Action.TOKEN_REPLAYED, Outcome.REFUSED, subject_id=facts.sign_in_id)
            await self._audit.record(tx, stranger(tx.organization_id), event)
        return RefreshReplayed()

    async def _hand_out(self, tx: Tx, live: LiveSignIn, audience: Audience) -> Tokens:
        now = self._clock()
        refresh_token, digest = new_opaque(tx.organization_id, Form.REFRESH_TOKEN)
        refreshable_until = min(now + _UNUSED_FOR[audience], live.expires_at)
        await queries_sign_ins.insert_refresh_token(tx, live.id, digest, now, refreshable_until)
        access_token, expires_at = self._tokens.issue(live.user, live.id, audience)
        return Tokens(
            access_token,
            refresh_token,
            int(LIVES[audience].total_seconds()),
            expires_at,
            live.user,
            live.id,
        )

    async def _end(self, tx: Tx, sign_in_id: SignInId) -> None:
        user_id = await queries_sign_ins.end(tx, sign_in_id, "signed_out", self._clock())
        user = await queries.user(tx, user_id) if user_id else None
        if user is not None:
            event = Event(Action.SIGN_IN_ENDED, subject_id=sign_in_id)
            await self._audit.record(tx, who(actor_of(user)), event)
