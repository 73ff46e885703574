"""What the clinician contract answers with, as frozen data. Times are aware; ids are typed."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

Time = Annotated[datetime, msgspec.Meta(tz=True)]
Category = Literal["lab", "radiology"]
Status = Literal["pending", "processing", "completed", "failed", "archived"]
Stage = Literal[
    "OPEN", "ASSIGNED", "IN_PROGRESS", "APPROVED", "REJECTED", "NO_DECISION", "ABANDONED"
]
SortBy = Literal["created_at", "updated_at", "patient_name", "status", "id"]
SortOrder = Literal["asc", "desc"]


class Case(msgspec.Struct, frozen=True):
    """A case. `id` is its number, which tells it apart within its organisation."""

    id: int
    case_id: UUID
    user_id: UUID | None
    clinician_id: UUID | None = msgspec.field(name="doctor_id")
    patient_name: str
    patient_age: int | None
    patient_gender: str | None
    case_summary: str | None
    status: str
    created_at: Time
    updated_at: Time


class CaseFile(msgspec.Struct, frozen=True):
    """A file of a case. `file_size` is in bytes; `file_url` is what `download` takes."""

    file_id: UUID
    case_id: int | None
    file_name: str
    file_type: str
    file_size: int
    file_url: str
    file_category: str
    uploaded_at: Time


class PatientContext(msgspec.Struct, frozen=True):
    """Whom a summary is about."""

    name: str | None = None
    age: int | None = None
    gender: str | None = None


class CaseSummary(msgspec.Struct, frozen=True):
    """What the documents of a case say."""

    comprehensive_summary: str | None = None
    key_findings: list[str] = []
    patient_context: PatientContext | None = None
    clinician_notes: str | None = msgspec.field(name="doctor_notes", default=None)
    lab_summary: str | None = None
    radiology_summary: str | None = None
    confidence_score: float | None = None


class SoapNote(msgspec.Struct, frozen=True):
    """Subjective, objective, assessment, plan."""

    subjective: str | None = None
    objective: str | None = None
    assessment: str | None = None
    plan: str | None = None
    confidence_score: float | None = None


class Diagnosis(msgspec.Struct, frozen=True):
    """A diagnosis and what speaks for it."""

    primary_diagnosis: str | None = None
    icd_code: str | None = None
    description: str | None = None
    confidence_score: float | None = None
    supporting_evidence: list[str] = []


class Insights(msgspec.Struct, frozen=True):
    """What an analysis found. A confidence that nobody measured is None."""

    case_summary: CaseSummary | None = None
    soap_note: SoapNote | None = None
    primary_diagnosis: Diagnosis | None = None
    overall_confidence_score: float | None = None
    generated_at: Time | None = None


class CaseDetail(msgspec.Struct, frozen=True):
    """A case with its files, and with insights once there are any."""

    case: Case
    files: list[CaseFile]
    insights: Insights | None = msgspec.field(name="ai_insights", default=None)


class CreatedCase(msgspec.Struct, frozen=True):
    """A case that was opened just now."""

    case: Case
    uploaded_files: list[CaseFile]


class Trash(msgspec.Struct, frozen=True):
    """What was deleted and can be restored."""

    cases: list[Case]
    files: list[CaseFile]


class Account(msgspec.Struct, frozen=True):
    """Who is signed in."""

    id: UUID
    email: str | None
    role: str
    user_metadata: dict[str, Any] = {}


class Granted(msgspec.Struct, frozen=True):
    """A sign-in, on the wire: never to be shown."""

    access_token: str
    refresh_token: str
    expires_in: int
    user: Account


class CasePage(msgspec.Struct, frozen=True):
    """A page of cases, on the wire."""

    cases: list[Case]
    next: str | None = None


class FileList(msgspec.Struct, frozen=True):
    """Files, on the wire."""

    files: list[CaseFile]


class OneFile(msgspec.Struct, frozen=True):
    """A file, on the wire."""

    file: CaseFile


class OneCase(msgspec.Struct, frozen=True):
    """A case, on the wire."""

    case: Case


CaseRef = Case | UUID | int
"""A case, or either kind of its id."""
FileRef = CaseFile | UUID
"""A file, or its id."""


def case_id_of(case: CaseRef) -> str:
    """How a case stands in a path."""
    return str(case.case_id if isinstance(case, Case) else case)


def file_id_of(file: FileRef) -> str:
    """How a file stands in a path."""
    return str(file.file_id if isinstance(file, CaseFile) else file)
