"""Makes one-time codes and sends them, in the background. What fails is logged by ids only: not the
code, not the address, not the text of an error.
"""

import hmac
import secrets
from datetime import timedelta
from uuid import UUID

import structlog

from casekeep.audit.actions import Action
from casekeep.audit.log import AuditLog, Event
from casekeep.db.database import Database
from casekeep.identity import queries_codes
from casekeep.identity.actors import stranger
from casekeep.identity.contacts import Reached
from casekeep.identity.limiting import Limiter, OverLimit
from casekeep.identity.limits import Claim, Counted, Limit
from casekeep.identity.model import User
from casekeep.kernel.clock import Clock
from casekeep.kernel.ids import OrganizationId
from casekeep.mail.channels import EmailChannel, TextChannel
from casekeep.mail.message import DeliveryFailed, Email, TextMessage

LIFE = timedelta(minutes=5)
ATTEMPTS = 5

_log = structlog.get_logger()
_SUBJECT = "Your sign-in code"
_TEXT = (
    "Your sign-in code is {code}.\n\nIt is valid for {minutes} minutes and works once. "
    "If you did not ask for it, you can ignore this message; never tell anybody the code."
)


def digest_of(pepper: bytes, organization_id: OrganizationId, user_id: UUID, code: str) -> bytes:
    """What is kept of a code: HMAC-SHA256 under the pepper, bound to whose code it is."""
    message = f"code|{organization_id}|{user_id}|{code}".encode("utf-8", "surrogatepass")
    return hmac.digest(pepper, message, "sha256")


class CodeSending:
    """The way of a code from a random number to a person's mailbox or phone."""

    def __init__(  # noqa: PLR0917 - assembled once, by `OneTimeCodes`
        self,
        db: Database,
        audit: AuditLog,
        email_channel: EmailChannel,
        text_channel: TextChannel,
        pepper: bytes,
        clock: Clock,
        *,
        limiter: Limiter,
        limit: Limit,
    ) -> None:
        """`limit`: of the codes sent in each organisation; requests that send none count nothing,
        or whoever invents addresses could stop everybody's codes.
        """
        self._db = db
        self._audit = audit
        self._email_channel = email_channel
        self._text_channel = text_channel
        self._pepper = pepper
        self._clock = clock
        self._limiter = limiter
        self._limit = limit

    async def send(self, organization_id: OrganizationId, reached: Reached) -> None:
        """Make a code for the patient who is reached there, if there is one, and send it. Never
        raises: nobody waits for it.
        """
        user: User | None = None
        try:
            user, code = await self._make(organization_id, reached)
            if user is not None:
                await self._deliver(reached, code)
        except OverLimit:
            _log.warning("code.dropped", organization_id=str(organization_id))
        except DeliveryFailed:
            await self._not_sent(user, "DeliveryFailed")
        except Exception as error:  # noqa: BLE001 - its text may hold anything, so only its kind is told
            await self._not_sent(user, type(error).__name__)

    async def _make(
        self, organization_id: OrganizationId, reached: Reached
    ) -> tuple[User | None, str]:
        now = self._clock()
        code = f"{secrets.randbelow(1_000_000):06d}"
        async with self._db.transaction(organization_id) as tx:
            user = await queries_codes.patient_reached_at(tx, reached.email, reached.phone)
            if user is not None:
                digest = digest_of(self._pepper, organization_id, user.id, code)
                by_phone = reached.phone is not None
                fresh = queries_codes.FreshCode(
                    user.id, digest, ATTEMPTS, now, now + LIFE, by_phone
                )
                await queries_codes.replace_code(tx, fresh)
                event = Event(Action.CODE_SENT, subject_id=user.id)
                await self._audit.record(tx, stranger(organization_id), event)
                # The row that all share is locked last. Over the limit the code before this one
                # stays what it is.
                await self._limiter.spend(
                    tx, [Claim(Counted.CODES_PER_ORGANIZATION, "", self._limit)]
                )
        return user, code

    async def _deliver(self, reached: Reached, code: str) -> None:
        text = _TEXT.format(code=code, minutes=int(LIFE.total_seconds() // 60))
        if reached.email is not None:
            await self._email_channel.send(Email(reached.email, _SUBJECT, text))
        elif reached.phone is not None:
            await self._text_channel.send(TextMessage(reached.phone, text))

    async def _not_sent(self, user: User | None, cause: str) -> None:
        _log.warning("code.not_sent", user_id=str(user.id) if user else None, cause=cause)
        if user is None:
            return
        event = Event(Action.CODE_NOT_SENT, subject_id=user.id)
        try:
            await self._audit.record_refusal(stranger(user.organization_id), event)
        except Exception as error:  # noqa: BLE001 - the log has it; there is nobody left to tell
            _log.error("code.not_recorded", user_id=str(user.id), cause=type(error).__name__)
