"""SQL of forms and of what was answered to them: rows in, frozen data out. It decides nothing."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from casekeep.cases.forms import Answer, Answered, FilledForm, Form, Question
from casekeep.cases.submission import Asked
from casekeep.db.database import Row, Tx
from casekeep.kernel.ids import CaseId, FormId

_FORM = "select id, title, description, questions from forms where organization_id = $1 and "
_ANSWERS = """
    select f.id as form_id, f.title, f.description, a.id, a.case_id, a.position, a.question,
           a.answer
    from case_answers a
    join cases c on c.organization_id = a.organization_id and c.id = a.case_id
    join forms f on f.organization_id = c.organization_id and f.id = c.form_id
    where a.organization_id = $1 and a.case_id = any($2)
    order by a.case_id, a.position"""

_read_questions = msgspec.json.Decoder(tuple[Question, ...]).decode
_read_question = msgspec.json.Decoder(Question).decode
_read_answer = msgspec.json.Decoder(Answer).decode


async def form_by_id(tx: Tx, form_id: FormId) -> Form | None:
    """One form of the organisation."""
    row = await tx.fetch_row(_FORM + "id = $2", tx.organization_id, form_id)
    return None if row is None else _form(row)


async def form_by_title(tx: Tx, title: str) -> Form | None:
    """The form of that title."""
    row = await tx.fetch_row(_FORM + "title = $2", tx.organization_id, title)
    return None if row is None else _form(row)


async def forms(tx: Tx) -> tuple[Form, ...]:
    """Every form of the organisation, oldest first."""
    rows = await tx.fetch(_FORM + "true order by created_at, id", tx.organization_id)
    return tuple(_form(row) for row in rows)


async def insert_form(tx: Tx, form: Form, at: datetime) -> bool:
    """A new form; False if there is one of its title. Waits for one that is being made."""
    inserted = await tx.execute(
        """insert into forms (organization_id, id, title, description, questions, created_at)
           values ($1, $2, $3, $4, $5, $6) on conflict (organization_id, title) do nothing""",
        tx.organization_id,
        form.id,
        form.title,
        form.description,
        msgspec.json.encode(form.questions).decode(),
        at,
    )
    return inserted == 1


async def insert_answers(tx: Tx, case_id: CaseId, asked: Sequence[Asked]) -> None:
    """What a case was asked, in order, and what was answered."""
    answers = [None if each.answer is None else _text(each.answer) for each in asked]
    await tx.execute(
        """insert into case_answers (organization_id, case_id, id, position, question, answer)
           select $1, $2, id, position, question::jsonb, answer::jsonb
           from unnest($3::uuid[], $4::text[], $5::text[])
                with ordinality as a (id, question, answer, position)""",
        tx.organization_id,
        case_id,
        [each.id for each in asked],
        [_text(each.question) for each in asked],
        answers,
    )


async def filled_forms_of(tx: Tx, case_ids: Sequence[UUID]) -> dict[CaseId, FilledForm]:
    """The forms of these cases, with what each was asked and answered."""
    rows_of: dict[CaseId, list[Row]] = {}
    for row in await tx.fetch(_ANSWERS, tx.organization_id, case_ids):
        rows_of.setdefault(row["case_id"], []).append(row)
    return {case_id: _filled(rows) for case_id, rows in rows_of.items()}


def _text(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _form(row: Row) -> Form:
    return Form(row["id"], row["title"], row["description"], _read_questions(row["questions"]))


def _filled(rows: Sequence[Row]) -> FilledForm:
    first = rows[0]
    answers = tuple(_answered(row) for row in rows)
    return FilledForm(first["form_id"], first["title"], first["description"], answers)


def _answered(row: Row) -> Answered:
    answer = None if row["answer"] is None else _read_answer(row["answer"])
    question = _read_question(row["question"])
    return Answered(row["id"], row["case_id"], row["position"], question, answer)
