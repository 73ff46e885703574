"""What a partner's software is told of a case, field by field: in the answers of the partner calls,
and in the bodies of webhooks alike.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

import msgspec

from casekeep.cases.detail import CaseDetail, Communication, Person
from casekeep.cases.forms import Answered, FilledForm, QuestionType
from casekeep.files.detail import FullCase
from casekeep.files.model import CaseFile
from casekeep.http.timestamps import milliseconds
from casekeep.identity.model import Role
from casekeep.kernel.ids import FileId

from .attachments import Timestamp, UploadedBy

_ROLES = {Role.PATIENT: "USER", Role.CLINICIAN: "CLINICIAN", Role.ADMIN: "ADMIN"}


class Submitter(msgspec.Struct, frozen=True, rename="camel"):
    """The patient of a case. `role` is `USER`, the published word for a patient."""

    id: UUID
    email: str | None
    first_name: str | None
    last_name: str | None
    phone_number: str | None
    role: str
    is_active: bool
    created_at: Timestamp
    updated_at: Timestamp


class AssignedTo(msgspec.Struct, frozen=True, rename="camel"):
    """The clinician of a case."""

    id: UUID
    first_name: str | None
    last_name: str | None


class PartnerCase(msgspec.Struct, frozen=True, rename="camel"):
    """A case. `shortId` is its number; `title` that of its form; `type` is always null."""

    id: UUID
    short_id: str
    type: None
    title: str | None
    status: str
    is_archived: bool
    created_at: Timestamp
    updated_at: Timestamp
    submitter: Submitter | None
    assigned_to: AssignedTo | None


class PartnerAttachment(msgspec.Struct, frozen=True, rename="camel"):
    """A file of a case. `content` is base64, `url` lives fifteen minutes; each only when asked
    for.
    """

    id: UUID
    file_name: str
    is_phi: bool = msgspec.field(name="isPHI")
    is_restricted: bool
    is_deleted: bool
    created_at: Timestamp
    uploaded_by: UploadedBy | None
    content: str | msgspec.UnsetType = msgspec.UNSET
    url: str | msgspec.UnsetType = msgspec.UNSET


class CommentAuthor(msgspec.Struct, frozen=True, rename="camel"):
    """Who said something; `id` if it is a user of the organisation."""

    id: UUID | None
    first_name: str | None
    last_name: str | None
    email: str


class PartnerComment(msgspec.Struct, frozen=True, rename="camel"):
    """Something that was said in a case, and the files that came with it."""

    id: UUID
    text: str
    is_restricted: bool
    created_at: Timestamp
    author: CommentAuthor
    attachments: list[PartnerAttachment]


class FormRef(msgspec.Struct, frozen=True, rename="camel"):
    """A form."""

    id: UUID
    title: str
    description: str | None


class AskedQuestion(msgspec.Struct, frozen=True, rename="camel"):
    """A question as the case was asked it; `index` counts from 0."""

    id: str
    index: int
    text: str
    type: QuestionType
    is_phi: bool = msgspec.field(name="isPHI")
    required: bool
    options: list[str]


class AnswerFile(msgspec.Struct, frozen=True, rename="camel"):
    """A file that is an answer; it is among the case's attachments."""

    id: UUID
    file_name: str


class FormResponse(msgspec.Struct, frozen=True, rename="camel"):
    """A question and its answer; that of a `FILE` question is a list of files."""

    question: AskedQuestion
    answer: str | int | float | bool | list[str | AnswerFile] | None


class FormResponses(msgspec.Struct, frozen=True, rename="camel"):
    """A form and what was answered to it."""

    form: FormRef
    responses: list[FormResponse]


class FullPartnerCase(PartnerCase, frozen=True, rename="camel"):
    """A case with everything in it."""

    attachments: list[PartnerAttachment]
    communications: list[PartnerComment]
    forms: list[FormResponses]


class Handed(NamedTuple):
    """The bytes of a file, or the way to them."""

    content: str | msgspec.UnsetType = msgspec.UNSET
    url: str | msgspec.UnsetType = msgspec.UNSET


HandedFiles = Mapping[FileId, Handed]
NOTHING = Handed()
NO_BYTES: HandedFiles = {}


def partner_case(case: CaseDetail) -> PartnerCase:
    """The wire shape of a case alone."""
    return PartnerCase(
        case.id,
        str(case.number),
        None,
        case.title,
        case.stage,
        case.is_archived,
        milliseconds(case.created_at),
        milliseconds(case.updated_at),
        _submitter(case.patient),
        _assigned_to(case.clinician),
    )


def full_partner_case(full: FullCase, handed: HandedFiles = NO_BYTES) -> FullPartnerCase:
    """The wire shape of a case with everything in it. `handed`: bytes or URLs, by file."""
    return FullPartnerCase(
        *msgspec.structs.astuple(partner_case(full.case)),
        attachments=partner_attachments(full.files, handed),
        communications=[
            partner_comment(each, _of_communication(full, each), handed)
            for each in full.communications
        ],
        forms=[_form_responses(form, full.files) for form in full.forms],
    )


def partner_attachment(each: CaseFile, handed: Handed = NOTHING) -> PartnerAttachment:
    """The wire shape of a file."""
    file, by = each.file, each.file.uploaded_by
    return PartnerAttachment(
        file.id,
        file.name,
        file.is_phi,
        file.is_restricted,
        each.facts.deleted,
        milliseconds(file.created_at),
        None if by is None else UploadedBy(by.id, by.first_name, by.last_name),
        handed.content,
        handed.url,
    )


def partner_attachments(
    files: Iterable[CaseFile], handed: HandedFiles = NO_BYTES
) -> list[PartnerAttachment]:
    """The wire shapes of files, in their order."""
    return [partner_attachment(each, handed.get(each.file.id, NOTHING)) for each in files]


def partner_comment(
    said: Communication, files: Iterable[CaseFile] = (), handed: HandedFiles = NO_BYTES
) -> PartnerComment:
    """The wire shape of a communication. `files`: those that came with it."""
    author = said.author
    return PartnerComment(
        said.id,
        said.text,
        said.is_restricted,
        milliseconds(said.created_at),
        CommentAuthor(author.id, author.first_name, author.last_name, author.email),
        partner_attachments(files, handed),
    )


def _submitter(patient: Person | None) -> Submitter | None:
    if patient is None:
        return None
    return Submitter(
        patient.id,
        patient.email,
        patient.first_name,
        patient.last_name,
        patient.phone,
        _ROLES[patient.role],
        patient.is_active,
        milliseconds(patient.created_at),
        milliseconds(patient.updated_at),
    )


def _assigned_to(clinician: Person | None) -> AssignedTo | None:
    if clinician is None:
        return None
    return AssignedTo(clinician.id, clinician.first_name, clinician.last_name)


def _of_communication(full: FullCase, said: Communication) -> list[CaseFile]:
    return [each for each in full.files if each.communication_id == said.id]


def _form_responses(form: FilledForm, files: Sequence[CaseFile]) -> FormResponses:
    return FormResponses(
        FormRef(form.id, form.title, form.description),
        [_response(each, files) for each in form.answers],
    )


def _response(asked: Answered, files: Sequence[CaseFile]) -> FormResponse:
    question = asked.question
    shown = AskedQuestion(
        question.id,
        asked.position - 1,
        question.text,
        question.type,
        question.is_phi,
        question.is_required,
        list(question.options),
    )
    if question.type is not QuestionType.FILE:
        answer = asked.answer
        return FormResponse(shown, [*answer] if isinstance(answer, list) else answer)
    given = [each.file for each in files if each.answer_id == asked.id]
    return FormResponse(shown, [AnswerFile(file.id, file.name) for file in given])
