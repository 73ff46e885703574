"""Judges answers by their questions: whether one was needed, whether it is of the kind that was
asked for, whether it could be chosen. Refusals name the question by its place, never by its text.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from uuid import uuid4

import msgspec

from casekeep.cases.forms import Answer, Form, Question, QuestionType
from casekeep.cases.submission import Asked, Given, NewQuestion
from casekeep.kernel.errors import InputNotValid
from casekeep.kernel.ids import AnswerId, new_id
from casekeep.kernel.texts import some_lines

LONGEST_QUESTION = 2000
"""Characters that a question may have."""
LONGEST_ANSWER = 10_000
"""Characters that an answer may have."""
LONGEST_OPTION = 500
"""Characters that an option may have."""
MOST_OPTIONS = 500
MOST_QUESTIONS = 500
MOST_TEXT = 1_000_000
"""Characters that all questions, options and answers of a case may have together: every list of
cases tells all of them.
"""

_LARGEST_NUMBER = 10**15
_CHOSEN = {
    QuestionType.SELECT,
    QuestionType.SINGLESELECT,
    QuestionType.MULTISELECT,
    QuestionType.RADIO,
    QuestionType.CHECKBOX,
}


def ask_own(given: Sequence[Given]) -> tuple[Asked, ...]:
    """Answers to the questions that came with them. Raises InputNotValid."""
    _demand_little(given)
    return tuple(
        _asked(_question(each.question, place), each, place)
        for place, each in enumerate(given, start=1)
    )


def ask_form(form: Form, given: Sequence[Given]) -> tuple[Asked, ...]:
    """Answers to a form's questions, in the order of the form; those that nobody answered too.

    Raises InputNotValid, also for a question that the form has not, or that is answered twice.
    """
    _demand_little(given)
    answers = {each.question: each for each in given}
    if len(answers) != len(given) or answers.keys() - {each.id for each in form.questions}:
        raise InputNotValid("questionId must be one of the form's questions, each once")
    return tuple(
        _asked(question, answers.get(question.id, Given(question.id, None)), place)
        for place, question in enumerate(form.questions, start=1)
    )


def with_ids_of(form: Form, asked: Sequence[Asked]) -> tuple[Asked, ...]:
    """The same, but a question that the form has too, word by word, has the form's id for it."""
    ids = {(each.text, each.type): each.id for each in form.questions}
    return tuple(replace(each, question=_with_known_id(each.question, ids)) for each in asked)


def _demand_little(given: Sequence[Given]) -> None:
    """Before any of it is gone through."""
    if any(isinstance(each.answer, list) and len(each.answer) > MOST_OPTIONS for each in given):
        raise InputNotValid("an answer has too many parts")
    if sum(len(text) for each in given for text in _texts(each)) > MOST_TEXT:
        raise InputNotValid("the questions and answers have too much text")


def _texts(given: Given) -> Iterator[str]:
    if isinstance(given.question, NewQuestion):
        yield given.question.text
        yield from given.question.options
    if isinstance(given.answer, str):
        yield given.answer
    elif isinstance(given.answer, list):
        yield from given.answer


def _with_known_id(question: Question, ids: dict[tuple[str, QuestionType], str]) -> Question:
    """Each known id goes to one question: the next of the same words keeps its own."""
    known = ids.pop((question.text, question.type), question.id)
    return msgspec.structs.replace(question, id=known)


def _question(new: NewQuestion | str, place: int) -> Question:
    if not isinstance(new, NewQuestion):
        raise InputNotValid(f"question {place} is not asked, only named")
    text = some_lines(new.text, f"question {place}")
    options = tuple(some_lines(each, f"an option of question {place}") for each in new.options)
    if not 1 <= len(text) <= LONGEST_QUESTION:
        raise InputNotValid(f"question {place} must have 1 to {LONGEST_QUESTION} characters")
    if len(options) > MOST_OPTIONS or any(len(each) > LONGEST_OPTION for each in options):
        raise InputNotValid(f"question {place} has too many options, or too long ones")
    return Question(str(uuid4()), text, new.type, new.is_required, new.is_phi, options)


def _asked(question: Question, given: Given, place: int) -> Asked:
    answer = _clean(given.answer, place)
    if given.files and question.type is not QuestionType.FILE:
        raise InputNotValid(f"the answer to question {place} may not be a file")
    if answer is None and question.is_required and not given.files:
        raise InputNotValid(f"question {place} needs an answer")
    if answer is not None and not _FITS[question.type](answer):
        raise InputNotValid(f"the answer to question {place} is not of its type")
    if not _can_be_chosen(question, answer):
        raise InputNotValid(f"the answer to question {place} is not among its options")
    return Asked(AnswerId(new_id()), question, answer, given.files)


def _clean(answer: Answer, place: int) -> Answer:
    """The answer as it is kept; one that says nothing is none."""
    if isinstance(answer, str):
        return _clean_text(answer, place) or None
    if isinstance(answer, list):
        return [text for each in answer if (text := _clean_text(each, place))] or None
    return answer


def _clean_text(text: str, place: int) -> str:
    cleaned = some_lines(text, f"the answer to question {place}")
    if len(cleaned) > LONGEST_ANSWER:
        raise InputNotValid(f"the answer to question {place} is too long")
    return cleaned


def _can_be_chosen(question: Question, answer: Answer) -> bool:
    if question.type not in _CHOSEN or not question.options:
        return True
    chosen = [answer] if isinstance(answer, str) else answer if isinstance(answer, list) else []
    return set(chosen) <= {*question.options}


def _is_text(answer: Answer) -> bool:
    return isinstance(answer, str)


def _is_number(answer: Answer) -> bool:
    if isinstance(answer, bool) or not isinstance(answer, int | float):
        return False
    return abs(answer) < _LARGEST_NUMBER


def _is_date(answer: Answer) -> bool:
    if not isinstance(answer, str):
        return False
    try:
        return date.fromisoformat(answer).isoformat() == answer
    except ValueError:
        return False


def _is_yes_or_no(answer: Answer) -> bool:
    return isinstance(answer, bool)


def _is_list(answer: Answer) -> bool:
    return isinstance(answer, list)


def _is_ticked(answer: Answer) -> bool:
    """One box is ticked or not; of several, some are."""
    return _is_yes_or_no(answer) or _is_list(answer)


def _is_nothing(_: Answer) -> bool:
    """Only files answer such a question."""
    return False


_FITS: dict[QuestionType, Callable[[Answer], bool]] = {
    QuestionType.TEXT: _is_text,
    QuestionType.TEXTAREA: _is_text,
    QuestionType.NUMBER: _is_number,
    QuestionType.DATE: _is_date,
    QuestionType.BOOLEAN: _is_yes_or_no,
    QuestionType.SELECT: _is_text,
    QuestionType.SINGLESELECT: _is_text,
    QuestionType.MULTISELECT: _is_list,
    QuestionType.RADIO: _is_text,
    QuestionType.CHECKBOX: _is_ticked,
    QuestionType.EMAIL: _is_text,
    QuestionType.PHONE: _is_text,
    QuestionType.FILE: _is_nothing,
}
