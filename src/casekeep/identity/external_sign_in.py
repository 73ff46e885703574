"""Turns an access token of a trusted issuer into the account that it stands for. The first token of
a subject binds it to the account with its verified email address; from then on only the subject
counts, whatever address it has, so that a reassigned address hands no account over.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from unicodedata import is_normalized
from uuid import UUID

from casekeep.audit.actions import Action, Outcome
from casekeep.audit.log import AuditLog, Event
from casekeep.db.database import Database, Tx
from casekeep.identity import queries_issuers
from casekeep.identity.actors import actor_of, stranger, who
from casekeep.identity.contacts import clean_email
from casekeep.identity.external_tokens import ExternalClaims, Unproven, prove, read_unproven
from casekeep.identity.issuer_keys import IssuerKeys
from casekeep.identity.model import TrustedIssuer, User
from casekeep.kernel.clock import Clock
from casekeep.kernel.errors import InputNotValid, TokenNotValid
from casekeep.kernel.ids import IssuerId

_NOTED = 10_000


class Reason(StrEnum):
    """Why a genuine token opens no account."""

    EMAIL_NOT_VERIFIED = "email_not_verified"
    NO_ACCOUNT = "no_account"
    ACCOUNT_CLOSED = "account_closed"
    ACCOUNT_BOUND = "account_bound"
    """The account is another subject's of the same issuer."""


@dataclass(frozen=True, slots=True)
class External:
    """Whom a token stands for, by which issuer's word, and for how long."""

    user: User
    issuer_id: IssuerId
    expires_at: datetime


class ExternalSignIn:
    """Admits who comes with a trusted issuer's token."""

    def __init__(self, db: Database, audit: AuditLog, clock: Clock) -> None:
        self._db = db
        self._audit = audit
        self._clock = clock
        self._keys = IssuerKeys(clock)
        self._noted: set[tuple[IssuerId, str, Reason]] = set()

    async def admit(self, token: str) -> External:
        """The account behind a token. Raises TokenNotValid for every cause."""
        unproven = read_unproven(token)
        issuer = await self._issuer_of(unproven)
        key = await self._keys.find(issuer, unproven.key_id, unproven.algorithm)
        if key is None:
            raise TokenNotValid
        claims = prove(unproven, issuer, key, self._clock())
        async with self._db.transaction(issuer.organization_id) as tx:
            found = await self._account_of(tx, issuer, claims)
            if isinstance(found, Reason):
                await self._note_refusal(tx, issuer, claims.subject, found)
        if not isinstance(found, User):
            raise TokenNotValid
        return External(found, issuer.id, claims.expires_at)

    def revoked(self, revoked: UUID) -> None:
        """An issuer, perhaps this one, is trusted no more."""
        self._keys.forget(IssuerId(revoked))

    async def close(self) -> None:
        """Stop asking issuers for their keys."""
        await self._keys.close()

    async def _issuer_of(self, unproven: Unproven) -> TrustedIssuer:
        """Who trusts the issuer that the token names. Raises TokenNotValid, also for a token that
        could be of two organisations.
        """
        found = await queries_issuers.issuers_named(self._db, unproven.issuer, unproven.audiences)
        if len({organization_id for organization_id, _ in found}) != 1:
            raise TokenNotValid
        organization_id, issuer_id = found[0]
        async with self._db.transaction(organization_id) as tx:
            issuer = await queries_issuers.trusted_issuer(tx, issuer_id)
        if issuer is None:
            raise TokenNotValid
        return issuer

    async def _account_of(
        self, tx: Tx, issuer: TrustedIssuer, claims: ExternalClaims
    ) -> User | Reason | None:
        """The subject's account, or why it has none; None if the issuer was removed meanwhile."""
        if await queries_issuers.trusted_issuer(tx, issuer.id) is None:
            return None
        bound = await queries_issuers.bound_account(tx, issuer.id, claims.subject)
        if bound is None:
            return await self._bind(tx, issuer, claims)
        return bound.user if bound.is_open else Reason.ACCOUNT_CLOSED

    async def _bind(self, tx: Tx, issuer: TrustedIssuer, claims: ExternalClaims) -> User | Reason:
        is_verified = claims.email_is_verified
        if is_verified is None:
            is_verified = issuer.assumes_verified_email
        if claims.email is None or not is_verified:
            return Reason.EMAIL_NOT_VERIFIED
        user = await queries_issuers.open_account(tx, _searchable(claims.email))
        if user is None:
            return Reason.NO_ACCOUNT
        now = self._clock()
        if await queries_issuers.bind_subject(tx, issuer.id, claims.subject, user.id, now):
            event = Event(Action.SIGN_IN_SUCCEEDED, subject_id=issuer.id)
            await self._audit.record(tx, who(actor_of(user)), event)
            return user
        bound = await queries_issuers.bound_account(tx, issuer.id, claims.subject)
        return bound.user if bound and bound.is_open else Reason.ACCOUNT_BOUND

    async def _note_refusal(
        self, tx: Tx, issuer: TrustedIssuer, subject: str, reason: Reason
    ) -> None:
        """Once for each cause in a process: such a token can be sent for ever."""
        news = (issuer.id, subject, reason)
        if news in self._noted:
            return
        if len(self._noted) >= _NOTED:
            self._noted.clear()
        self._noted.add(news)
        event = Event(
            Action.SIGN_IN_FAILED,
            Outcome.REFUSED,
            subject_id=issuer.id,
            details={"reason": reason},
        )
        await self._audit.record(tx, stranger(issuer.organization_id), event)


def _searchable(email: str) -> str:
    """The address in the spelling that accounts have; an empty one, which nobody has, for what
    cannot be an address, or could become somebody else's: the sign of the kelvin is in lower case a
    plain k, and is another mailbox.
    """
    try:
        return clean_email(email) if is_normalized("NFKC", email) else ""
    except InputNotValid:
        return ""
