"""The clinician contract's shapes: snake_case, whole seconds, integer case ids."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar.params import PathParameter

from casekeep.cases.model import Case
from casekeep.files.model import StoredFile
from casekeep.http.reading import uuid_in
from casekeep.http.timestamps import seconds
from casekeep.identity.model import Tokens, User
from casekeep.kernel.ids import CaseId, CaseNumber, CaseRef, FileId

from .errors import FieldsNotValid, field_problem

Timestamp = Annotated[
    str,
    msgspec.Meta(description="ISO 8601, UTC, whole seconds", examples=["2026-03-04T10:30:15Z"]),
]
CaseInPath = Annotated[
    str,
    PathParameter(
        schema_extra={
            "pattern": "^([0-9]{1,18}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$"
        }
    ),
]
"""A case in a path: its number, or its UUID. Whatever it is, the call reads it."""
IdInPath = Annotated[str, PathParameter(schema_extra={"format": "uuid"})]
"""Any other id in a path; the call reads it too."""
_LARGEST_NUMBER = 2**63 - 1
_LONGEST_NUMBER = 19  # digits; Python refuses to read thousands of them


class FileOut(msgspec.Struct, frozen=True):
    """One file of a case: exactly these eight fields."""

    file_id: UUID
    case_id: int | None
    file_name: str
    file_type: str
    file_size: int
    file_url: str
    file_category: str
    uploaded_at: Timestamp


class FilesOut(msgspec.Struct, frozen=True):
    """`GET /cases/files/{case_id}`."""

    files: list[FileOut]


class FileOnly(msgspec.Struct, frozen=True):
    """`GET /cases/file/{file_id}`, and a restored file."""

    file: FileOut


class FileAdded(msgspec.Struct, frozen=True):
    """`POST /cases/upload`, and a changed file."""

    message: str
    file: FileOut


class Message(msgspec.Struct, frozen=True):
    """An act without a result of its own."""

    message: str


class CaseOut(msgspec.Struct, frozen=True):
    """A case, whole."""

    id: int
    case_id: UUID
    user_id: UUID | None
    doctor_id: UUID | None
    patient_name: str
    patient_age: int | None
    patient_gender: str | None
    case_summary: str | None
    status: str
    created_at: Timestamp
    updated_at: Timestamp


class CaseCreated(msgspec.Struct, frozen=True):
    """`POST /cases/create_case`."""

    message: str
    case: CaseOut
    uploaded_files: list[FileOut]


class CaseOnly(msgspec.Struct, frozen=True):
    """`POST /cases/cases/{case_id}/restore`."""

    case: CaseOut


class CaseChanged(msgspec.Struct, frozen=True):
    """An act on a case, and the case after it."""

    message: str
    case: CaseOut


class CasesOut(msgspec.Struct, frozen=True):
    """`GET /cases/all_cases`, when no page is asked for: every case."""

    cases: list[CaseOut]


class CasesPage(msgspec.Struct, frozen=True):
    """`GET /cases/all_cases`, page by page. `total` counts the cases on all pages; `page` is null
    where `after` led; `next` is the `after` of the next page, null on the last one.
    """

    cases: list[CaseOut]
    total: int
    page: int | None
    limit: int
    next: str | None


class TrashOut(msgspec.Struct, frozen=True):
    """`GET /cases/trash`: what was deleted last, the newest deletion first."""

    cases: list[CaseOut]
    files: list[FileOut]


class UserOut(msgspec.Struct, frozen=True):
    """The account behind a token, in the shape that GoTrue clients read."""

    id: UUID
    email: str | None
    role: str
    user_metadata: dict[str, str | None]


class GrantError(msgspec.Struct, frozen=True):
    """How GoTrue tells a failed grant."""

    error: str
    error_description: str


class TokensOut(msgspec.Struct, frozen=True):
    """`POST /auth/v1/token`. `expires_in` in seconds, `expires_at` in Unix seconds."""

    access_token: str
    token_type: str
    expires_in: int
    expires_at: int
    refresh_token: str
    user: UserOut


def file_out(file: StoredFile) -> FileOut:
    """The wire shape of a file."""
    return FileOut(
        file.id,
        file.case_number,
        file.name,
        file.media_type,
        file.size,
        file.url_path,
        file.category.value,
        seconds(file.created_at),
    )


def case_out(case: Case) -> CaseOut:
    """The wire shape of a case."""
    return CaseOut(
        case.number,
        case.id,
        case.clinician_id,
        case.clinician_id,
        case.patient_name,
        case.patient_age,
        case.patient_gender,
        case.summary,
        case.analysis_state.value,
        seconds(case.created_at),
        seconds(case.updated_at),
    )


def user_out(user: User) -> UserOut:
    """The wire shape of an account."""
    names = {"first_name": user.first_name, "last_name": user.last_name}
    return UserOut(user.id, user.email, user.role.value, names)


def tokens_out(tokens: Tokens) -> TokensOut:
    """The wire shape of a sign-in."""
    return TokensOut(
        tokens.access_token,
        "bearer",
        tokens.expires_in,
        int(tokens.expires_at.timestamp()),
        tokens.refresh_token,
        user_out(tokens.user),
    )


def read_case_ref(text: str, where: str = "path") -> CaseRef:
    """Either kind of case id. Raises FieldsNotValid for neither kind (the contract's 422)."""
    is_number = text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER
    if is_number and int(text) <= _LARGEST_NUMBER:
        return CaseNumber(int(text))
    return CaseId(read_uuid(text, "case_id", "Input should be a case number or a UUID", where))


def read_file_id(text: str) -> FileId:
    """A file's id in a path. Raises FieldsNotValid."""
    return FileId(read_uuid(text, "file_id", "Input should be a UUID"))


def read_uuid(text: str, field: str, message: str, where: str = "path") -> UUID:
    """A UUID in its usual form. Raises FieldsNotValid."""
    read = uuid_in(text)
    if read is None:
        raise FieldsNotValid(field_problem(where, field, message, text))
    return read
