"""Makes the bytes of a planned file with the maker of its kind. The one module of the demo that
pulls in the drawing libraries: import it only when a file is to be made.
"""

from collections.abc import Callable
from hashlib import sha256

from casekeep.cli.demo.charts import chart
from casekeep.cli.demo.clinic import Kind, PlannedFile, PlannedOrganization, PlannedPatient
from casekeep.cli.demo.ecg import ecg
from casekeep.cli.demo.lab_reports import lab_report
from casekeep.cli.demo.letters import letter, note
from casekeep.cli.demo.photos import photo, web_photo
from casekeep.cli.demo.radiology import ct_slice, radiograph, radiograph_picture
from casekeep.cli.demo.scans import scan
from casekeep.cli.demo.subjects import Occasion
from casekeep.cli.demo.tables import table
from casekeep.cli.demo.ultrasound import ultrasound

Maker = Callable[[Occasion, int, str], bytes]

_MAKERS: dict[Kind, Maker] = {
    Kind.LAB_REPORT: lab_report,
    Kind.ECG: ecg,
    Kind.LETTER: letter,
    Kind.NOTE: note,
    Kind.TABLE: table,
    Kind.CHART: chart,
    Kind.PHOTO: photo,
    Kind.WEB_PHOTO: web_photo,
    Kind.SCAN: scan,
    Kind.ULTRASOUND: ultrasound,
    Kind.CT_SLICE: ct_slice,
    Kind.RADIOGRAPH: radiograph,
    Kind.RADIOGRAPH_PICTURE: radiograph_picture,
}


def make_file(
    organization: PlannedOrganization,
    patient: PlannedPatient,
    clinician: int,
    file: PlannedFile,
    seed: int,
) -> bytes:
    """The bytes of `file`; `clinician` is the index of whoever signs it."""
    signed_by = organization.clinicians[clinician].name
    occasion = Occasion(patient.subject, organization.house, signed_by, file.day)
    return _MAKERS[file.kind](occasion, seed_of(patient, file, seed), file.variant)


def seed_of(patient: PlannedPatient, file: PlannedFile, seed: int) -> int:
    """The file's own seed: one for a series, else one for each file of each patient."""
    label = file.series or f"{file.kind}/{file.variant}/{file.day}/{file.name}"
    digest = sha256(f"{seed}/{patient.subject.record}/{label}".encode()).digest()
    return int.from_bytes(digest[:6], "big")
