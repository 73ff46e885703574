"""Opens a case that a partner's software sends: its patient, its form, its answers. It never
commits: the files that answer questions are kept in the same transaction, or none of it is.
"""

from collections.abc import Sequence
from datetime import date, datetime

from casekeep.audit.actions import Action
from casekeep.audit.log import AuditLog, Event
from casekeep.cases import queries, queries_forms
from casekeep.cases.answering import ask_form, ask_own, with_ids_of
from casekeep.cases.describing import LONGEST_NAME
from casekeep.cases.forms import Form
from casekeep.cases.model import Case
from casekeep.cases.opening import record_opened
from casekeep.cases.submission import Asked, NewForm, Submission, SubmittedCase
from casekeep.db.database import Tx
from casekeep.identity.accounts import find_or_create_patient
from casekeep.identity.actors import who
from casekeep.identity.model import Partner
from casekeep.kernel.errors import InputNotValid
from casekeep.kernel.ids import CaseId, FormId, UserId, new_id
from casekeep.kernel.texts import one_line, some_lines

LONGEST_TITLE = 200
"""Characters that a form's title may have."""
LONGEST_DESCRIPTION = 5000
"""Characters that a form's description may have."""


class SentBefore(Exception):
    """The same submission was sent before, and became a case."""

    def __init__(self, case_id: CaseId) -> None:
        super().__init__()
        self.case_id = case_id


async def judge_answers(tx: Tx, sent: Submission) -> tuple[Asked, ...]:
    """The questions of a submission with answers that fit them, before any file is received.

    Raises InputNotValid, and SentBefore for a submission that became a case already.
    """
    await _demand_first(tx, sent)
    if isinstance(sent.form, NewForm):
        return ask_own(sent.given)
    form = await queries_forms.form_by_id(tx, sent.form)
    if form is None:
        raise InputNotValid("formId is not known")
    return ask_form(form, sent.given)


async def open_submitted_case(
    tx: Tx,
    audit: AuditLog,
    partner: Partner,
    sent: Submission,
    asked: Sequence[Asked],
    *,
    at: datetime,
) -> Case:
    """Open the case of a submission, numbered within the organisation and dated `at`; its patient's
    account is created if it is new (portal contract, `POST /dynamic-case`).

    Of two that are sent under one key at once, one waits for the other. Raises SentBefore,
    InputNotValid, and what `find_or_create_patient` raises.
    """
    if sent.replay_sha256 is not None:
        await queries.wait_for_replay(tx, sent.replay_sha256)
        await _demand_first(tx, sent)
    new = _submitted(sent, at.date())
    patient_id = await _patient(tx, audit, partner, sent)
    form_id, asked = await _form(tx, audit, partner, sent, asked, at=at)
    case = await queries.insert_submitted_case(
        tx, new, patient_id=patient_id, form_id=form_id, at=at
    )
    await queries_forms.insert_answers(tx, case.id, asked)
    await record_opened(tx, audit, partner, case)
    return case


async def _demand_first(tx: Tx, sent: Submission) -> None:
    if sent.replay_sha256 is not None:
        earlier = await queries.case_of_replay(tx, sent.replay_sha256)
        if earlier is not None:
            raise SentBefore(earlier)


def _submitted(sent: Submission, today: date) -> SubmittedCase:
    names = (one_line(sent.first_name, "firstName"), one_line(sent.last_name, "lastName"))
    name = " ".join(names)
    if not all(names) or len(name) > LONGEST_NAME:
        raise InputNotValid(f"firstName and lastName must have 1 to {LONGEST_NAME} characters")
    dob, gender = sent.profile.dob, sent.profile.gender
    return SubmittedCase(
        CaseId(new_id()),
        name,
        None if dob is None else years_between(dob, today),
        None if gender is None else gender.value.lower(),
        sent.stage,
        sent.replay_sha256,
    )


def years_between(dob: date, today: date) -> int:
    """How many birthdays there were; of the 29th of February, the 1st of March is one.

    Raises InputNotValid for a birth in the future.
    """
    if dob > today:
        raise InputNotValid("dob is in the future")
    return today.year - dob.year - ((today.month, today.day) < (dob.month, dob.day))


async def _patient(tx: Tx, audit: AuditLog, partner: Partner, sent: Submission) -> UserId:
    return await find_or_create_patient(
        tx,
        audit,
        by=partner,
        email=sent.email,
        phone=sent.phone,
        first_name=sent.first_name,
        last_name=sent.last_name,
        profile=sent.profile,
    )


async def _form(
    tx: Tx,
    audit: AuditLog,
    partner: Partner,
    sent: Submission,
    asked: Sequence[Asked],
    *,
    at: datetime,
) -> tuple[FormId, Sequence[Asked]]:
    """The form of the case; if it is there already, the questions that both have keep its ids."""
    if not isinstance(sent.form, NewForm):
        return sent.form, asked
    questions = tuple(each.question for each in asked)
    title, description = _clean_form(sent.form)
    form = Form(FormId(new_id()), title, description, questions)
    if await queries_forms.insert_form(tx, form, at):
        await audit.record(tx, who(partner), Event(Action.FORM_CREATED, subject_id=form.id))
        return form.id, asked
    there = await queries_forms.form_by_title(tx, title)
    if there is None:
        raise LookupError("a form was there, and is gone")
    return there.id, with_ids_of(there, asked)


def _clean_form(new: NewForm) -> tuple[str, str | None]:
    title = one_line(new.title, "formTitle")
    description = some_lines(new.description or "", "formDescription") or None
    if not 1 <= len(title) <= LONGEST_TITLE:
        raise InputNotValid(f"formTitle must have 1 to {LONGEST_TITLE} characters")
    if len(description or "") > LONGEST_DESCRIPTION:
        raise InputNotValid(f"formDescription must have at most {LONGEST_DESCRIPTION} characters")
    return title, description
