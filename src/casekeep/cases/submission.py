"""A case as a partner's software sends it: who the patient is, what was asked, what was answered.
Frozen data on its way in.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from enum import StrEnum

from casekeep.cases.forms import Answer, Question, QuestionType
from casekeep.identity.model import NewProfile
from casekeep.kernel.ids import AnswerId, CaseId, FormId


class SubmittedStage(StrEnum):
    """The stages that a case may be sent in."""

    OPEN = "OPEN"
    ABANDONED = "ABANDONED"


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file that came along. `read`: begins to give its bytes, which are decoded as they are
    asked for.
    """

    name: str
    read: Callable[[], AsyncIterator[bytes]]


@dataclass(frozen=True, slots=True)
class NewForm:
    """A form by its title: the organisation's of that title, or else a new one."""

    title: str
    description: str | None


@dataclass(frozen=True, slots=True)
class NewQuestion:
    """A question that came with its answer."""

    text: str
    type: QuestionType
    is_required: bool
    is_phi: bool
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Given:
    """An answer, to a question that came with it or to one of a form, by its id. `files`: what
    answers a question of type FILE.
    """

    question: NewQuestion | str
    answer: Answer
    files: tuple[SentFile, ...] = ()


@dataclass(frozen=True, slots=True)
class Submission:
    """Everything that was sent. `replay_sha256`: of the key by which it may be sent again."""

    first_name: str
    last_name: str
    email: str
    phone: str | None
    profile: NewProfile
    stage: SubmittedStage
    form: NewForm | FormId
    given: tuple[Given, ...]
    replay_sha256: bytes | None


@dataclass(frozen=True, slots=True)
class SubmittedCase:
    """The case that a submission becomes; `patient_age` in years."""

    id: CaseId
    patient_name: str
    patient_age: int | None
    patient_gender: str | None
    stage: SubmittedStage
    replay_sha256: bytes | None


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with an answer that was found to fit it, and the id that the answer will have."""

    id: AnswerId
    question: Question
    answer: Answer
    files: tuple[SentFile, ...]
