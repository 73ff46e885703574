"""`POST /dynamic-case`: a partner's software opens a case with the answers to a form."""

from datetime import date
from hashlib import sha256
from typing import Annotated, Any, TypeVar

import msgspec
from litestar import Response, post
from litestar.params import JSONBody

from casekeep.cases.answering import (
    LONGEST_OPTION,
    LONGEST_QUESTION,
    MOST_OPTIONS,
    MOST_QUESTIONS,
)
from casekeep.cases.forms import Answer, QuestionType
from casekeep.cases.submission import (
    Given,
    NewForm,
    NewQuestion,
    SentFile,
    Submission,
    SubmittedStage,
)
from casekeep.cases.submitting import LONGEST_DESCRIPTION, LONGEST_TITLE
from casekeep.files.handing import show_case
from casekeep.files.submitting import Desk, submit_case
from casekeep.http.connections import house_of
from casekeep.http.openapi import CheckedBody
from casekeep.identity.model import Gender, NewProfile
from casekeep.identity.profile_texts import LONGEST_ADDRESS, LONGEST_PLACE, LONGEST_POSTAL_CODE
from casekeep.kernel.errors import InputNotValid
from casekeep.kernel.ids import FormId

from .envelope import Success, answer
from .errors import (
    CASE_NOT_FOUND,
    FILE_REFUSED,
    NO_STORAGE,
    NOT_PROVEN,
    NOT_VALID,
    TOO_LARGE,
    TOO_MANY,
    TOO_MUCH,
)
from .openapi import refusals
from .partner_cases import counter_of
from .partner_files import FileIn, sent_files
from .partner_wire import FullPartnerCase, full_partner_case
from .proof import KeyRequest
from .reading import read_strictly, read_uuid

E = TypeVar("E", Gender, QuestionType, SubmittedStage)

_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
_Email = Annotated[str, msgspec.Meta(max_length=320, description="An email address")]
_Phone = Annotated[str, msgspec.Meta(max_length=20, description="E.164, such as +15551234567")]
_Line = Annotated[str, msgspec.Meta(max_length=LONGEST_ADDRESS)]
_Place = Annotated[str, msgspec.Meta(max_length=LONGEST_PLACE)]
_PostalCode = Annotated[str, msgspec.Meta(max_length=LONGEST_POSTAL_CODE)]


def _words(*words: str) -> dict[str, Any]:
    return {"extra": {"enum": [*words]}}


_Uuid = Annotated[str, msgspec.Meta(extra_json_schema={"extra": {"format": "uuid"}})]
_Date = Annotated[str, msgspec.Meta(extra_json_schema={"extra": {"format": "date"}})]
_Gender = Annotated[str, msgspec.Meta(extra_json_schema=_words(*Gender))]
_Stage = Annotated[str, msgspec.Meta(extra_json_schema=_words(*SubmittedStage))]
_Type = Annotated[str, msgspec.Meta(extra_json_schema=_words(*QuestionType))]
_Option = Annotated[str, msgspec.Meta(max_length=LONGEST_OPTION)]


class ShippingAddress(msgspec.Struct, frozen=True, rename="camel"):
    """The patient's address. `country` in two letters."""

    address_line1: _Line = msgspec.field(name="addressLine1")
    city: _Place
    state: _Place
    country: _Place
    postal_code: _PostalCode
    address_line2: _Line | None = msgspec.field(name="addressLine2", default=None)


class AnsweredQuestion(msgspec.Struct, frozen=True, rename="camel"):
    """With `formTitle`: a question (`question`, `type`) and its answer. With `formId`: the
    `questionId` of one of the form's questions and the answer to it.

    A `FILE` is answered by a file or by a list of files. `phi`: whether the answer is protected
    health information; it is, unless this says that it is not. Words are taken in upper or lower
    case.
    """

    answer: str | int | float | bool | FileIn | list[str | FileIn] | None = None
    question: Annotated[str, msgspec.Meta(max_length=LONGEST_QUESTION)] | None = None
    type: _Type | None = None
    required: bool = False
    phi: bool = True
    options: Annotated[list[_Option], msgspec.Meta(max_length=MOST_OPTIONS)] | None = None
    question_id: str | None = None


class DynamicCase(msgspec.Struct, frozen=True, rename="camel"):
    """A patient, and a form with its answers: exactly one of `formTitle` and `formId`.

    `idempotencyKey`: the same one again answers the first case, and opens none; nothing else of the
    second request is looked at.
    """

    first_name: _Name
    last_name: _Name
    email: _Email
    questions: Annotated[
        list[AnsweredQuestion], msgspec.Meta(min_length=1, max_length=MOST_QUESTIONS)
    ]
    form_title: Annotated[str, msgspec.Meta(max_length=LONGEST_TITLE)] | None = None
    form_description: Annotated[str, msgspec.Meta(max_length=LONGEST_DESCRIPTION)] | None = None
    form_id: _Uuid | None = None
    dob: _Date | None = None
    gender: _Gender | None = None
    phone_number: _Phone | None = None
    shipping_address: ShippingAddress | None = None
    language_preferences: Annotated[list[str], msgspec.Meta(max_length=20)] | None = None
    status: _Stage | None = None
    idempotency_key: Annotated[str, msgspec.Meta(min_length=1, max_length=255)] | None = None


class Opened(msgspec.Struct, frozen=True):
    """The case that was opened."""

    case: FullPartnerCase


class OpenedAnswer(Success, frozen=True):
    """A case that was opened."""

    data: Opened


@post(
    "/dynamic-case",
    name="open_case",
    status_code=200,
    operation_class=CheckedBody,
    responses=refusals(
        *(NOT_VALID, FILE_REFUSED, NOT_PROVEN, CASE_NOT_FOUND),
        *(TOO_LARGE, TOO_MUCH, TOO_MANY, NO_STORAGE),
    ),
    summary="Open a case",
    response_description="The case that was opened",
    tags=["Partner cases"],
)
async def dynamic_case(request: KeyRequest, data: JSONBody[DynamicCase]) -> Response[OpenedAnswer]:
    """Open a case with the answers to a form; its files are kept with it, or nothing is. If the
    idempotency key was that of a case that is deleted by now, it is not found.
    """
    house, data = house_of(request), await read_strictly(request, DynamicCase)
    desk = Desk(house.db, house.audit, house.receiving)
    case_id = await submit_case(desk, request.auth, _submission(data))
    full, _ = await show_case(counter_of(request), request.auth, case_id)
    return answer(OpenedAnswer(200, success=True, data=Opened(full_partner_case(full))))


def _submission(data: DynamicCase) -> Submission:
    """Raises InputNotValid."""
    key = data.idempotency_key
    return Submission(
        data.first_name,
        data.last_name,
        data.email,
        data.phone_number,
        _profile(data),
        _word(SubmittedStage, data.status or SubmittedStage.OPEN, "status"),
        _form(data),
        tuple(_given(each, by_id=data.form_id is not None) for each in data.questions),
        None if key is None else sha256(key.encode()).digest(),
    )


def _form(data: DynamicCase) -> NewForm | FormId:
    match data.form_title, data.form_id:
        case str(title), None:
            return NewForm(title, data.form_description)
        case None, str(form_id):
            return FormId(read_uuid(form_id))
        case _:
            raise InputNotValid("exactly one of formTitle and formId is needed")


def _profile(data: DynamicCase) -> NewProfile:
    at = data.shipping_address
    return NewProfile(
        dob=None if data.dob is None else _date(data.dob),
        gender=None if data.gender is None else _word(Gender, data.gender, "gender"),
        address=at and at.address_line1,
        address2=at and at.address_line2,
        city=at and at.city,
        state=at and at.state,
        country=at and at.country,
        postal_code=at and at.postal_code,
        language_preferences=tuple(data.language_preferences or ()),
    )


def _given(asked: AnsweredQuestion, *, by_id: bool) -> Given:
    value, files = _parted(asked.answer)
    if by_id:
        if asked.question_id is None:
            raise InputNotValid("with formId, each answer needs a questionId")
        return Given(asked.question_id, value, files)
    if asked.question is None or asked.type is None:
        raise InputNotValid("with formTitle, each answer needs a question and a type")
    question = NewQuestion(
        asked.question,
        _word(QuestionType, asked.type, "type"),
        asked.required,
        asked.phi,
        tuple(asked.options or ()),
    )
    return Given(question, value, files)


def _parted(
    given: str | float | FileIn | list[str | FileIn] | None,
) -> tuple[Answer, tuple[SentFile, ...]]:
    """An answer as a value and files, of which one is nothing. Raises InputNotValid for both, and
    for more parts than any answer may have, before they are gone through.
    """
    if isinstance(given, FileIn):
        return None, sent_files([given])
    if not isinstance(given, list):
        return given, ()
    if len(given) > MOST_OPTIONS:
        raise InputNotValid("an answer has too many parts")
    files = [each for each in given if isinstance(each, FileIn)]
    texts = [each for each in given if isinstance(each, str)]
    if files and texts:
        raise InputNotValid("an answer is texts or files, not both")
    return texts or None, sent_files(files)


def _date(text: str) -> date:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.isoformat() != text:
        raise InputNotValid("dob must be a date such as 1980-01-31")
    return found


def _word(words: type[E], text: str, field: str) -> E:
    try:
        return words(text.upper())
    except ValueError:
        raise InputNotValid(f"{field} must be one of its words") from None
