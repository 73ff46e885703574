"""A token or a key becomes an actor here, and nowhere else. What was proven is remembered for a
minute at most, and forgotten at once when it is revoked anywhere in the house.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

from casekeep.audit.actions import Action, Outcome
from casekeep.audit.log import AuditLog, Event
from casekeep.db.database import Database, Tx
from casekeep.identity import queries_api_keys, queries_sign_ins
from casekeep.identity.actors import actor_of, stranger
from casekeep.identity.external_sign_in import ExternalSignIn
from casekeep.identity.model import Administrator, Audience, Clinician, Partner, Patient, User
from casekeep.identity.opaque import Form, read_opaque
from casekeep.identity.remembering import Remembered
from casekeep.identity.revocations import Revocations
from casekeep.identity.tokens import AccessTokens, Claims
from casekeep.kernel.clock import Clock, Stretch, utc_now
from casekeep.kernel.errors import OrganizationNotKnown, TokenNotValid
from casekeep.kernel.ids import SignInId

REMEMBERED = 10_000
"""How many tokens of each audience, and how many keys, one process remembers at most."""
REMEMBERED_FOR = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Somebody whose token was checked. `sign_in_id` None: they signed in at a trusted issuer."""

    actor: Clinician | Administrator | Patient
    sign_in_id: SignInId | None
    user: User


class _Proof(NamedTuple):
    """What a token proved, on which ids that can be revoked it rests, and until when."""

    signed_in: SignedIn
    rests_on: tuple[UUID, ...]
    expires_at: datetime


class Gate:
    """Tells who is calling. Between `start` and `close` it remembers; otherwise it asks every
    time, and is as right.
    """

    def __init__(
        self,
        db: Database,
        tokens: AccessTokens,
        audit: AuditLog,
        clock: Clock = utc_now,
        *,
        bound: int = REMEMBERED,
    ) -> None:
        self._db = db
        self._tokens = tokens
        self._audit = audit
        self._clock = clock
        self._bound = bound
        self._ended: set[SignInId] = set()
        self._signed_in = {audience: Remembered[SignedIn](bound) for audience in Audience}
        self._clinicians = self._signed_in[Audience.CLINICIAN]
        self._patients = self._signed_in[Audience.PATIENT_PORTAL]
        self._partners = Remembered[Partner](bound)
        self._external = ExternalSignIn(db, audit, clock)
        self._revocations = Revocations(db, self)

    async def start(self) -> None:
        """Listen for revocations, and remember from then on."""
        await self._revocations.start()

    async def close(self) -> None:
        """Stop listening, and forget."""
        await self._revocations.close()
        self.deaf()
        await self._external.close()

    async def clinician(self, token: str | None) -> SignedIn:
        """The clinician or administrator behind an access token. Raises TokenNotValid."""
        return self._clinicians.get(_key(token), self._clock()) or await self._admit(
            token, Audience.CLINICIAN
        )

    async def patient(self, token: str | None) -> SignedIn:
        """The patient behind an access token of the portal. Raises TokenNotValid."""
        return self._patients.get(_key(token), self._clock()) or await self._admit(
            token, Audience.PATIENT_PORTAL
        )

    async def partner(self, api_key: str) -> Partner:
        """The organisation's software behind an API key. Raises OrganizationNotKnown."""
        return self._partners.get(_key(api_key), self._clock()) or await self._recognise(api_key)

    async def _admit(self, token: str | None, audience: Audience) -> SignedIn:
        if not token:
            raise TokenNotValid
        remembered = self._signed_in[audience]
        epoch = remembered.epoch
        signed_in, rests_on, expires_at = await self._prove(token, audience)
        now = self._clock()
        counts = Stretch(now, min(expires_at, now + REMEMBERED_FOR))
        remembered.put(_key(token), signed_in, rests_on, counts, epoch=epoch)
        return signed_in

    async def _prove(self, token: str, audience: Audience) -> _Proof:
        """A token of ours is tried first, and is no slower for the others."""
        try:
            claims = self._tokens.read(token, audience)
        except TokenNotValid:
            if audience is not Audience.CLINICIAN:
                raise
        else:
            user = await self._live(claims, audience)
            signed_in = SignedIn(actor_of(user), claims.sign_in_id, user)
            return _Proof(signed_in, (claims.sign_in_id,), claims.expires_at)
        external = await self._external.admit(token)
        signed_in = SignedIn(actor_of(external.user), None, external.user)
        return _Proof(signed_in, (external.issuer_id, external.user.id), external.expires_at)

    async def _live(self, claims: Claims, audience: Audience) -> User:
        """The user of the token's sign-in, while it holds. A genuine token of one that ended is
        recorded, once: it may be in the wrong hands.
        """
        async with self._db.transaction(claims.organization_id) as tx:
            user = await queries_sign_ins.live_sign_in(
                tx, claims.sign_in_id, claims.user_id, audience, self._clock()
            )
            if user is None and await self._is_news(tx, claims.sign_in_id):
                event = Event(Action.TOKEN_REPLAYED, Outcome.REFUSED, subject_id=claims.sign_in_id)
                await self._audit.record(tx, stranger(claims.organization_id), event)
        if user is None:
            raise TokenNotValid
        return user

    async def _is_news(self, tx: Tx, sign_in_id: SignInId) -> bool:
        """Whether an ended sign-in has not been seen here before."""
        if sign_in_id in self._ended or not await queries_sign_ins.exists(tx, sign_in_id):
            return False
        if len(self._ended) >= self._bound:
            self._ended.clear()
        self._ended.add(sign_in_id)
        return True

    async def _recognise(self, api_key: str) -> Partner:
        presented = read_opaque(api_key, Form.API_KEY)
        if presented is None:
            raise OrganizationNotKnown
        epoch, now = self._partners.epoch, self._clock()
        async with self._db.transaction(presented.organization_id) as tx:
            key = await queries_api_keys.live_key(tx, presented.digest)
            if key is None:
                raise OrganizationNotKnown
            if key.last_used_at is None or abs(now - key.last_used_at) >= timedelta(minutes=1):
                await queries_api_keys.touch(tx, key.id, now)
        partner = Partner(key.organization_id, key.id)
        counts = Stretch(now, now + REMEMBERED_FOR)
        self._partners.put(_key(api_key), partner, (key.id,), counts, epoch=epoch)
        return partner

    def revoked(self, revoked: UUID) -> None:
        """A sign-in has ended, a key was revoked, an account closed or an issuer dropped, somewhere
        in the house.
        """
        for remembered in (self._clinicians, self._patients, self._partners):
            remembered.forget(revoked)
        self._external.revoked(revoked)

    def forget(self, token: str) -> None:
        """Ask again when this token comes, as if it were new."""
        for remembered in self._signed_in.values():
            remembered.drop(_key(token))

    def hearing(self) -> None:
        """Revocations are heard from now on."""
        for remembered in (self._clinicians, self._patients, self._partners):
            remembered.open()

    def deaf(self) -> None:
        """Revocations may pass unheard."""
        for remembered in (self._clinicians, self._patients, self._partners):
            remembered.close()


def _key(secret: str | None) -> bytes:
    """Tokens are not kept, not even in memory."""
    return sha256((secret or "").encode("utf-8", "surrogatepass")).digest()
