"""SQL of forms and of what was answered to them: rows in, frozen data out. It decides nothing."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from casekeep.cases.forms import Answer, Answered, FilledForm, Question
from casekeep.db.database import Row, Tx
from casekeep.kernel.ids import CaseId

_ANSWERS = """
    select f.id as form_id, f.title, f.description, a.id, a.case_id, a.position, a.question,
           a.answer
    from case_answers a
    join cases c on c.organization_id = a.organization_id and c.id = a.case_id
    join forms f on f.organization_id = c.organization_id and f.id = c.form_id
    where a.organization_id = $1 and a.case_id = any($2)
    order by a.case_id, a.position"""

_read_question = msgspec.json.Decoder(Question).decode
_read_answer = msgspec.json.Decoder(Answer).decode


async def filled_forms_of(tx: Tx, case_ids: Sequence[UUID]) -> dict[CaseId, FilledForm]:
    """The forms of these cases, with what each was asked and answered."""
    rows_of: dict[CaseId, list[Row]] = {}
    for row in await tx.fetch(_ANSWERS, tx.organization_id, case_ids):
        rows_of.setdefault(row["case_id"], []).append(row)
    return {case_id: _filled(rows) for case_id, rows in rows_of.items()}


def _filled(rows: Sequence[Row]) -> FilledForm:
    first = rows[0]
    answers = tuple(_answered(row) for row in rows)
    return FilledForm(first["form_id"], first["title"], first["description"], answers)


def _answered(row: Row) -> Answered:
    answer = None if row["answer"] is None else _read_answer(row["answer"])
    question = _read_question(row["question"])
    return Answered(row["id"], row["case_id"], row["position"], question, answer)
