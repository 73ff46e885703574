"""A clinical case as it leaves the room: frozen data."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from casekeep.kernel.ids import CaseId, CaseNumber, FileId, HoldId, OrganizationId, UserId


class AnalysisState(StrEnum):
    """How far the analysis of a case has come (the clinician contract's `status`)."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    ARCHIVED = "archived"


class Stage(StrEnum):
    """Where a case stands between clinic and patient (the portal contract's `status`)."""

    OPEN = "OPEN"
    ASSIGNED = "ASSIGNED"
    IN_PROGRESS = "IN_PROGRESS"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    NO_DECISION = "NO_DECISION"
    ABANDONED = "ABANDONED"


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
    stage: Stage
    analysis_state: AnalysisState
    created_at: datetime
    updated_at: datetime
    deleted: bool = False

    @property
    def facts(self) -> CaseFacts:
        """What a decision about it needs."""
        return CaseFacts(
            self.id,
            self.number,
            self.organization_id,
            self.clinician_id,
            self.patient_id,
            self.deleted,
        )


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


@dataclass(frozen=True, slots=True)
class CaseChange:
    """What is to become different about a case; None leaves a thing as it is. An empty `summary`
    removes it. `patient_age` in years.
    """

    patient_name: str | None = None
    patient_age: int | None = None
    summary: str | None = None
    analysis_state: AnalysisState | None = None
    stage: Stage | None = None


class CaseSort(StrEnum):
    """What a list of cases is ordered by; ties by id."""

    CREATED_AT = "created_at"
    UPDATED_AT = "updated_at"
    PATIENT_NAME = "patient_name"
    STATUS = "status"
    ID = "id"


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """Which cases are wanted. `search`: a part of the patient's name or of the summary, whatever
    its case, or a case's number. `since` is within, `until` is not; both are about `created_at`.
    """

    analysis_state: AnalysisState | None = None
    search: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class CaseOrder:
    """In which order cases are wanted."""

    by: CaseSort = CaseSort.CREATED_AT
    descending: bool = True


@dataclass(frozen=True, slots=True)
class PageAsked:
    """Which page of a list is wanted: at most `limit` cases, after the first `skip` ones or after
    what the cursor `after` names.
    """

    limit: int
    skip: int = 0
    after: str | None = None


@dataclass(frozen=True, slots=True)
class CaseList:
    """Cases in the order that was asked for. `total`: how many the filter lets through, on all
    pages; `next_after`: the cursor of the following page, if there is one.
    """

    cases: tuple[Case, ...]
    total: int
    next_after: str | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """A legal hold on a case with its files, or on one file. `placed_by` and `lifted_by`: None for
    the operator; `placed_by_name`: as their account has it, if it does.
    """

    id: HoldId
    case_id: CaseId | None
    file_id: FileId | None
    reason: str
    placed_at: datetime
    placed_by: UserId | None = None
    placed_by_name: str | None = None
    lifted_at: datetime | None = None
    lifted_by: UserId | None = None
