"""The published shape of a case's insights. Nothing makes any yet, and a confidence that nobody
measured is null, never invented.
"""

import msgspec

from .wire import Timestamp


class PatientContext(msgspec.Struct, frozen=True):
    """Whom the insights are about. `age` in years."""

    name: str | None
    age: int | None
    gender: str | None


class InsightSummary(msgspec.Struct, frozen=True):
    """The case in short."""

    comprehensive_summary: str | None
    key_findings: list[str]
    patient_context: PatientContext
    doctor_notes: str | None
    lab_summary: str | None
    radiology_summary: str | None
    confidence_score: float | None


class SoapNote(msgspec.Struct, frozen=True):
    """Subjective, objective, assessment, plan."""

    subjective: str | None
    objective: str | None
    assessment: str | None
    plan: str | None
    confidence_score: float | None


class PrimaryDiagnosis(msgspec.Struct, frozen=True):
    """The likeliest diagnosis, and what speaks for it."""

    primary_diagnosis: str | None
    icd_code: str | None
    description: str | None
    confidence_score: float | None
    supporting_evidence: list[str]


class Insights(msgspec.Struct, frozen=True):
    """What was found out about a case from its files."""

    case_summary: InsightSummary | None
    soap_note: SoapNote | None
    primary_diagnosis: PrimaryDiagnosis | None
    overall_confidence_score: float | None
    generated_at: Timestamp
