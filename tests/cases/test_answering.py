"""What is too much to be asked and answered is refused before any of it is gone through."""

import time

import pytest

from casekeep.cases.answering import MOST_OPTIONS, MOST_TEXT, ask_form, ask_own
from casekeep.cases.forms import Answer, Form, Question, QuestionType
from casekeep.cases.submission import Given, NewQuestion
from casekeep.kernel.errors import InputNotValid
from casekeep.kernel.ids import FormId, new_id

HELD_UP = 1.0
"""Seconds; going through such a text character by character took more than ten."""


def given(kind: QuestionType, answer: Answer, *options: str) -> Given:
    return Given(NewQuestion("What?", kind, False, True, options), answer)


@pytest.mark.parametrize(
    "too_much",
    [
        [given(QuestionType.TEXT, "x" * 50_000_000)],
        [given(QuestionType.TEXT, "\u200b" * 20_000_000)],
        [given(QuestionType.MULTISELECT, ["x"] * 5_000_000)],
        [given(QuestionType.TEXT, "x" * 10_000)] * (MOST_TEXT // 10_000 + 1),
        [given(QuestionType.SELECT, "a", *(["x" * 500] * MOST_OPTIONS))] * 5,
    ],
    ids=["text", "unseen", "parts", "answers", "options"],
)
def test_what_is_too_much_holds_nobody_up(too_much: list[Given]) -> None:
    began = time.monotonic()
    with pytest.raises(InputNotValid, match=r"too much|too many"):
        ask_own(too_much)
    assert time.monotonic() - began < HELD_UP


def test_a_forms_answers_are_bounded_too() -> None:
    question = Question(str(new_id()), "What?", QuestionType.TEXT, False, True)
    form = Form(FormId(new_id()), "A form", None, (question,))
    with pytest.raises(InputNotValid, match="too much"):
        ask_form(form, [Given(question.id, "x" * (MOST_TEXT + 1))])


def test_as_much_as_may_be_is_taken() -> None:
    full = [given(QuestionType.TEXT, "x" * 10_000 if place < 99 else None) for place in range(500)]
    assert len(ask_own(full)) == len(full)
    parts = given(QuestionType.MULTISELECT, ["a"] * MOST_OPTIONS)
    assert ask_own([parts])[0].answer == ["a"] * MOST_OPTIONS
