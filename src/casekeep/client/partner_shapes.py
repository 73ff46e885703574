"""What the partner calls answer with, as frozen data. Where the contract says attachment and
submitter, this package says file and patient, as the house does.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal, TypedDict, cast
from uuid import UUID

import msgspec

from .patient_shapes import Gender, PageInfo, Uploader

Time = Annotated[datetime, msgspec.Meta(tz=True)]
Form = Literal["base64", "url"]
"""How the bytes of files come along: inside the answer, or behind a URL that lives a while."""


class CasePatient(msgspec.Struct, frozen=True, rename="camel"):
    """The patient of a case."""

    id: UUID
    email: str | None
    first_name: str | None
    last_name: str | None
    phone_number: str | None = None
    role: str | None = None
    is_active: bool | None = None
    created_at: Time | None = None
    updated_at: Time | None = None


class PartnerFile(msgspec.Struct, frozen=True, rename="camel"):
    """A file of a case; `content` or `url` only when it was asked for."""

    id: UUID
    file_name: str
    is_phi: bool = msgspec.field(name="isPHI")
    is_restricted: bool
    is_deleted: bool
    created_at: Time
    uploaded_by: Uploader | None
    content: bytes | None = None
    url: str | None = None


class Author(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """Who said something; `id`, given by the server, if it is a user of the organisation."""

    email: str
    first_name: str | None = None
    last_name: str | None = None
    id: UUID | None = None


class Communication(msgspec.Struct, frozen=True, rename="camel"):
    """Something that was said in a case, and the files that came with it."""

    id: UUID
    text: str
    is_restricted: bool
    created_at: Time
    author: Author
    files: list[PartnerFile] = msgspec.field(name="attachments", default_factory=list[PartnerFile])


class FormInfo(msgspec.Struct, frozen=True):
    """A form."""

    id: UUID
    title: str
    description: str | None = None


class AskedQuestion(msgspec.Struct, frozen=True):
    """A question as the case was asked it; `index` counts from 0."""

    id: str
    index: int
    text: str
    type: str
    is_phi: bool = msgspec.field(name="isPHI")
    required: bool
    options: list[str] = []


class FormResponse(msgspec.Struct, frozen=True):
    """A question and its answer; that of a `FILE` question tells the `id` and `fileName` of files
    that are among the case's.
    """

    question: AskedQuestion
    answer: Any


class FilledForm(msgspec.Struct, frozen=True):
    """A form and what was answered to it."""

    form: FormInfo
    responses: list[FormResponse]


class PartnerCase(msgspec.Struct, frozen=True, rename="camel"):
    """A case as a partner sees it, with everything in it. `short_id` is its number."""

    id: UUID
    short_id: str
    status: str
    created_at: Time
    updated_at: Time
    title: str | None = None
    is_archived: bool = False
    patient: CasePatient | None = msgspec.field(name="submitter", default=None)
    assigned_to: Uploader | None = None
    files: list[PartnerFile] = msgspec.field(name="attachments", default_factory=list[PartnerFile])
    communications: list[Communication] = msgspec.field(default_factory=list[Communication])
    forms: list[FilledForm] = msgspec.field(default_factory=list[FilledForm])


class PartnerUser(msgspec.Struct, frozen=True, rename="camel"):
    """A patient of the organisation. `is_active`: whether they can sign in."""

    id: UUID
    email: str | None
    first_name: str | None
    last_name: str | None
    phone_number: str | None = None
    role: str | None = None
    is_active: bool | None = None
    created_at: Time | None = None


class About(TypedDict, total=False):
    """What a partner may say of a user: what is left out stays as it is."""

    first_name: str
    last_name: str
    dob: date
    gender: Gender
    phone_number: str
    address: str | None
    address2: str | None
    city: str | None
    state: str | None
    country: str | None
    postal_code: str | None
    allergies: str | None
    current_medications: str | None
    health_conditions: str | None
    language_preferences: Sequence[str]
    communication: Mapping[str, bool]


class Known(msgspec.Struct, frozen=True, rename="camel"):
    """Whether the organisation has a user of that email or phone, and since when."""

    code: Literal["EMAIL_EXISTS", "PHONE_NUMBER_EXISTS", "USER_NOT_FOUND"]
    created_at: Time | None = None

    @property
    def exists(self) -> bool:
        """Whether there is one."""
        return self.code != "USER_NOT_FOUND"


class Question(msgspec.Struct, frozen=True, omit_defaults=True):
    """A question of a form and its answer. `type`: the contract's word, such as `TEXT`; `phi` says
    that the answer is protected; `options` are those to choose from.
    """

    question: str
    type: str
    answer: Any
    required: bool | None = None
    phi: bool | None = None
    hint: str | None = None
    placeholder: str | None = None
    options: Sequence[str] | None = None


class Answer(msgspec.Struct, frozen=True, rename="camel"):
    """The answer to a question of a form that exists already."""

    question_id: str
    answer: Any


class FileContent(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """A small file that travels inside a call: with a communication, or as the answer to a question
    of the type `FILE` (which takes no marks: the question has them).
    """

    file_name: str
    content: bytes
    is_restricted: bool | None = None
    is_phi: bool | None = msgspec.field(name="isPHI", default=None)


def answers_with_file(question: Question | Answer) -> bool:
    """Whether the answer is a file, or some."""
    answer = question.answer
    given = cast("Sequence[object]", answer) if isinstance(answer, list | tuple) else (answer,)
    return any(isinstance(each, FileContent) for each in given)


class ShippingAddress(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """Where things are sent to."""

    address_line1: str
    city: str
    state: str
    country: str
    postal_code: str
    address_line2: str | None = None


class CaseData(msgspec.Struct, frozen=True):
    """A case, one level down."""

    case: PartnerCase


class CaseAnswer(msgspec.Struct, frozen=True):
    """A case, in the envelope."""

    data: CaseData


class CasesCursor(msgspec.Struct, frozen=True):
    """The id of the last case of a page: the next one begins after it."""

    end: str | None


class CasesPageInfo(msgspec.Struct, frozen=True, rename="camel"):
    """Where the next page begins."""

    cursor: CasesCursor
    has_next_page: bool


class CasesData(msgspec.Struct, frozen=True, rename="camel"):
    """A page of cases."""

    cases: list[PartnerCase]
    page_info: CasesPageInfo


class CasesAnswer(msgspec.Struct, frozen=True):
    """A page of cases, in the envelope."""

    data: CasesData


class DetailAnswer(msgspec.Struct, frozen=True, rename="camel"):
    """A case, as the detail call has it: without `data`."""

    case_detail: PartnerCase


class CaseId(msgspec.Struct, frozen=True):
    """The id of a case."""

    id: UUID


class LatestAnswer(msgspec.Struct, frozen=True):
    """The id of a patient's newest case."""

    case: CaseId


class CommunicationData(msgspec.Struct, frozen=True):
    """A communication, one level down."""

    communication: Communication


class CommunicationAnswer(msgspec.Struct, frozen=True):
    """A communication, in the envelope."""

    data: CommunicationData


class UserAnswer(msgspec.Struct, frozen=True):
    """A user, in the envelope."""

    data: PartnerUser


class UsersData(msgspec.Struct, frozen=True, rename="camel"):
    """A page of users."""

    users: list[PartnerUser]
    page_info: PageInfo


class UsersAnswer(msgspec.Struct, frozen=True):
    """A page of users, in the envelope."""

    data: UsersData


class KnownAnswer(msgspec.Struct, frozen=True):
    """Whether there is a user, in the envelope."""

    data: Known


PartnerCaseRef = PartnerCase | UUID
"""A case, or its id."""


def partner_case_id_of(case: PartnerCaseRef) -> str:
    """How a case stands in a path or a query."""
    return str(case if isinstance(case, UUID) else case.id)
