"""Keeps what a partner's software says in a case on somebody's behalf. It never commits: the files
that come with it are kept in the same transaction, or none of it is.
"""

from dataclasses import dataclass
from datetime import datetime

from casekeep.audit.actions import Action
from casekeep.audit.log import AuditLog, Event
from casekeep.cases import queries_detail
from casekeep.cases.detail import Author, Communication
from casekeep.cases.model import CaseFacts
from casekeep.db.database import Tx
from casekeep.identity.actors import who
from casekeep.identity.contacts import clean_email
from casekeep.identity.model import Partner
from casekeep.kernel.errors import InputNotValid
from casekeep.kernel.ids import CommunicationId
from casekeep.kernel.texts import one_line, some_lines, without_controls
from casekeep.webhooks.announcing import announce
from casekeep.webhooks.model import WebhookEvent

LONGEST_TEXT = 10_000
"""Characters that a communication may have."""
LONGEST_AUTHOR_NAME = 200
MOST_IN_CASE = 1000
"""Communications that a case may have: lists of cases, and webhooks, tell all of them."""


@dataclass(frozen=True, slots=True)
class NewCommunication:
    """What is said, and by whom. `is_announced`: whether webhooks are told of it."""

    id: CommunicationId
    text: str
    is_restricted: bool
    author_email: str
    author_first_name: str | None
    author_last_name: str | None
    is_announced: bool = True


async def add_communication(
    tx: Tx,
    audit: AuditLog,
    partner: Partner,
    case: CaseFacts,
    new: NewCommunication,
    *,
    at: datetime,
) -> Communication:
    """Say something in a case that `partner` was found to see, and holds, dated `at`. An author
    whose address is that of a user of the organisation is that user. Raises InputNotValid.
    """
    text = some_lines(without_controls(new.text), "text")
    if not 1 <= len(text) <= LONGEST_TEXT:
        raise InputNotValid(f"text must have 1 to {LONGEST_TEXT} characters")
    if await queries_detail.count_communications(tx, case.id) >= MOST_IN_CASE:
        raise InputNotValid(f"a case may have {MOST_IN_CASE} communications")
    author = await _author(tx, new)
    said = Communication(new.id, case.id, text, new.is_restricted, author, at)
    await queries_detail.insert_communication(tx, said, partner.api_key_id)
    event = Event(Action.CASE_COMMENTED, case_id=case.id, subject_id=said.id)
    await audit.record(tx, who(partner), event)
    if new.is_announced:
        await announce(tx, WebhookEvent.CASE_COMMENTED, case.id, communication_id=said.id)
    return said


async def _author(tx: Tx, new: NewCommunication) -> Author:
    email = clean_email(new.author_email)
    names = [
        one_line(name or "", "a name") for name in (new.author_first_name, new.author_last_name)
    ]
    if any(len(name) > LONGEST_AUTHOR_NAME for name in names):
        raise InputNotValid(f"names have at most {LONGEST_AUTHOR_NAME} characters")
    user_id = await queries_detail.user_of_email(tx, email)
    return Author(user_id, email, names[0] or None, names[1] or None)
