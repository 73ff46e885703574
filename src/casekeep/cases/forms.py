"""A form and what was answered to it, as they leave the room: frozen data. A question keeps its id
for ever, and a case keeps the question as it was asked.
"""

from dataclasses import dataclass
from enum import StrEnum

import msgspec

from casekeep.kernel.ids import AnswerId, CaseId, FormId

Answer = str | int | float | bool | list[str] | None
"""What was answered; None is no answer, or one that is files."""


class QuestionType(StrEnum):
    """What kind of answer a question takes."""

    TEXT = "TEXT"
    TEXTAREA = "TEXTAREA"
    NUMBER = "NUMBER"
    DATE = "DATE"
    BOOLEAN = "BOOLEAN"
    SELECT = "SELECT"
    SINGLESELECT = "SINGLESELECT"
    MULTISELECT = "MULTISELECT"
    RADIO = "RADIO"
    CHECKBOX = "CHECKBOX"
    EMAIL = "EMAIL"
    PHONE = "PHONE"
    FILE = "FILE"


class Question(msgspec.Struct, frozen=True):
    """One question. It is kept in this very shape. `options`: what may be chosen; none: anything.
    `is_phi`: the answer is protected health information.
    """

    id: str
    text: str
    type: QuestionType
    is_required: bool
    is_phi: bool
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Form:
    """A form of the organisation."""

    id: FormId
    title: str
    description: str | None
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class Answered:
    """One question of a case and its answer. `position` counts from 1."""

    id: AnswerId
    case_id: CaseId
    position: int
    question: Question
    answer: Answer


@dataclass(frozen=True, slots=True)
class FilledForm:
    """The form of a case, with what this case was asked, in order."""

    id: FormId
    title: str
    description: str | None
    answers: tuple[Answered, ...]
