"""A clinical case as it leaves the room: frozen data."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from casekeep.kernel.ids import CaseId, CaseNumber, OrganizationId, UserId


class AnalysisState(StrEnum):
    """How far the analysis of a case has come (the clinician contract's `status`)."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    ARCHIVED = "archived"


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """What the decision about a case needs, and no more."""

    id: CaseId
    number: CaseNumber
    organization_id: OrganizationId
    clinician_id: UserId | None
    patient_id: UserId | None
    deleted: bool


@dataclass(frozen=True, slots=True)
class Case:
    """A case, whole. `patient_age` in years."""

    id: CaseId
    number: CaseNumber
    organization_id: OrganizationId
    clinician_id: UserId | None
    patient_id: UserId | None
    patient_name: str
    patient_age: int | None
    patient_gender: str | None
    summary: str | None
    stage: str
    analysis_state: AnalysisState
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class NewCase:
    """What a clinician says of a new case; the texts are cleaned, the age is 0-150 years.

    `patient_email` / `patient_phone` link the case to a patient's account, which is created if it
    is new.
    """

    patient_name: str
    patient_age: int
    patient_gender: str
    summary: str | None = None
    patient_email: str | None = None
    patient_phone: str | None = None
