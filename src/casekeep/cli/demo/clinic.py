"""The plan of the synthetic clinic: its people, their cases, and which file belongs where.

Pure data: nothing is made or loaded here. Names are invented; addresses end in example.org and
phone numbers are of the range kept for fiction, so that no message can reach anybody.
"""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from casekeep.cases.forms import Answer, QuestionType
from casekeep.cli.demo.subjects import Letterhead, Subject
from casekeep.files.model import Category
from casekeep.identity.model import NewProfile

SEED = 20260304
"""The clinic's seed: the same one gives the same files."""
PASSWORD = "lakeside-harbour-2026"  # noqa: S105 - public on purpose: it opens the demo only
"""What every clinician and administrator of the demo signs in with."""


class Kind(StrEnum):
    """Which maker makes a file."""

    LAB_REPORT = "lab_report"
    ECG = "ecg"
    LETTER = "letter"
    NOTE = "note"
    TABLE = "table"
    CHART = "chart"
    PHOTO = "photo"
    WEB_PHOTO = "web_photo"
    SCAN = "scan"
    ULTRASOUND = "ultrasound"
    CT_SLICE = "ct_slice"
    RADIOGRAPH = "radiograph"
    RADIOGRAPH_PICTURE = "radiograph_picture"


class AddedBy(StrEnum):
    """When and by whom a file is added."""

    CASE = "case"
    CLINICIAN = "clinician"
    PATIENT = "patient"


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """One file: its name, what is made, and how it comes to the case. Files of one `series` are
    drawn from one seed, so that they show the same thing.
    """

    name: str
    kind: Kind
    variant: str
    day: date
    category: Category = Category.LAB
    added_by: AddedBy = AddedBy.CASE
    series: str = ""
    is_restricted: bool = False


@dataclass(frozen=True, slots=True)
class PlannedPatient:
    """A patient, how they are reached, and what else their account says of them."""

    subject: Subject
    email: str
    phone: str | None = None
    documents: tuple[PlannedFile, ...] = ()
    about: NewProfile = field(default_factory=NewProfile)


@dataclass(frozen=True, slots=True)
class PlannedCase:
    """One case, its owner (an index into the clinicians) and its patient."""

    summary: str
    clinician: int
    patient: int
    opened: date
    files: tuple[PlannedFile, ...]


@dataclass(frozen=True, slots=True)
class PlannedAnswer:
    """One question of a form, and what was answered."""

    question: str
    type: QuestionType
    answer: Answer
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlannedSubmission:
    """A case that comes with a filled-in form from a partner's software, for the patient at that
    index.
    """

    patient: int
    title: str
    description: str
    answers: tuple[PlannedAnswer, ...]


@dataclass(frozen=True, slots=True)
class Staff:
    """Somebody who signs in with the demo's password."""

    first_name: str
    last_name: str
    email: str

    @property
    def name(self) -> str:
        """As they sign their letters."""
        return f"Dr {self.first_name} {self.last_name}"


@dataclass(frozen=True, slots=True)
class PlannedOrganization:
    """One organisation; its cases are numbered from 10001 in this order, then the submissions."""

    house: Letterhead
    clinicians: tuple[Staff, ...]
    administrator: Staff
    patients: tuple[PlannedPatient, ...]
    cases: tuple[PlannedCase, ...]
    submissions: tuple[PlannedSubmission, ...] = ()

    @property
    def name(self) -> str:
        """The organisation's name, and the house's on its paper."""
        return self.house.name


def clinic() -> tuple[PlannedOrganization, ...]:
    """The whole plan, in the order in which it is played."""
    from casekeep.cli.demo import harbour, lakeside  # noqa: PLC0415 - they are written in our words

    return (lakeside.LAKESIDE, harbour.HARBOUR)


def count_files(plan: tuple[PlannedOrganization, ...]) -> int:
    """How many files the plan has, the patients' general documents included."""
    return sum(
        sum(len(case.files) for case in organization.cases)
        + sum(len(patient.documents) for patient in organization.patients)
        for organization in plan
    )
