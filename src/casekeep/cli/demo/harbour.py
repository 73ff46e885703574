"""Harbour Imaging, as planned: radiographs, ultrasound and skin. Nobody in it exists."""

from datetime import date

from casekeep.cli.demo.clinic import (
    AddedBy,
    Kind,
    PlannedCase,
    PlannedFile,
    PlannedOrganization,
    PlannedPatient,
    Staff,
)
from casekeep.cli.demo.subjects import Letterhead, Subject
from casekeep.files.model import Category
from casekeep.identity.model import NewProfile

_R = Category.RADIOLOGY
_LAB = Category.LAB
_CLINICIAN, _PATIENT = AddedBy.CLINICIAN, AddedBy.PATIENT
_File = PlannedFile
_INES = 0
_LINUS, _SAFFRON = range(2)

_PNEUMONIA = PlannedCase(
    "Cough and fever for five days; chest radiograph.",
    _INES,
    _LINUS,
    date(2026, 2, 3),
    (
        _File("Request (fax).tif", Kind.SCAN, "imaging_request", date(2026, 2, 3)),
        _File("Chest PA.dcm", Kind.RADIOGRAPH, "dx", date(2026, 2, 3), _R, series="linus chest"),
        _File(
            "Chest PA.jpg",
            Kind.RADIOGRAPH_PICTURE,
            "dx",
            date(2026, 2, 3),
            _R,
            series="linus chest",
        ),
        _File("Finding.pdf", Kind.LETTER, "finding_chest_hazy", date(2026, 2, 3), _R),
        _File(
            "Inflammation markers.pdf",
            Kind.LAB_REPORT,
            "infection",
            date(2026, 2, 4),
            _LAB,
            _CLINICIAN,
        ),
    ),
)

_THYROID = PlannedCase(
    "Raised TSH with antibodies; ultrasound of the thyroid.",
    _INES,
    _SAFFRON,
    date(2026, 3, 18),
    (
        _File("Thyroid function.pdf", Kind.LAB_REPORT, "thyroid", date(2026, 3, 12)),
        _File("Thyroid right.png", Kind.ULTRASOUND, "right", date(2026, 3, 18), _R, series="lobe"),
        _File(
            "Thyroid right, measured.png",
            Kind.ULTRASOUND,
            "measured",
            date(2026, 3, 18),
            _R,
            series="lobe",
        ),
        _File("Thyroid left.png", Kind.ULTRASOUND, "left", date(2026, 3, 18), _R),
        _File("Protocol.txt", Kind.NOTE, "protocol", date(2026, 3, 18)),
        _File("Finding.pdf", Kind.LETTER, "finding_thyroid", date(2026, 3, 18), _R),
        _File("TSH course.csv", Kind.TABLE, "tsh", date(2026, 9, 2), _LAB, _PATIENT),
    ),
)

_MOLE = PlannedCase(
    "A mole on the back that is said to have changed.",
    _INES,
    _LINUS,
    date(2026, 4, 14),
    (
        _File("Naevus.jpg", Kind.PHOTO, "naevus-0", date(2026, 4, 14), _R, series="mole"),
        _File("Finding.pdf", Kind.LETTER, "finding_skin", date(2026, 4, 14), _R),
        _File(
            "Rücken, 6 Monate.webp",
            Kind.WEB_PHOTO,
            "naevus-6",
            date(2026, 10, 12),
            _R,
            _PATIENT,
            series="mole",
        ),
    ),
)

_BONE = PlannedCase(
    "Bone density after the menopause.",
    _INES,
    _SAFFRON,
    date(2026, 5, 27),
    (
        _File("Bone metabolism.pdf", Kind.LAB_REPORT, "bone", date(2026, 5, 20)),
        _File("Bone density.csv", Kind.TABLE, "bone", date(2026, 5, 27)),
        _File("T-score.png", Kind.CHART, "bone", date(2026, 5, 27), _R),
        _File("Finding.pdf", Kind.LETTER, "bone_density", date(2026, 5, 27), _R),
    ),
)

HARBOUR = PlannedOrganization(
    Letterhead(
        "Harbour Imaging",
        "Radiology, ultrasound, bone density",
        "11 Beacon Street, Harbour",
        "+1 202 555 0101",
        (0.16, 0.28, 0.52),
    ),
    (Staff("Ines", "Starling", "ines@example.org"),),
    Staff("Moss", "Tallyman", "moss@example.org"),
    (
        PlannedPatient(
            Subject("Linus", "Thistlewood", date(1980, 9, 30), "male", "HI-00731"),
            "linus@example.org",
            "+12025550164",
            about=NewProfile(
                address="2 Mast Alley",
                city="Harbour",
                state="MD",
                country="US",
                postal_code="21001",
            ),
        ),
        PlannedPatient(
            Subject("Saffron", "Larkspur", date(1967, 12, 12), "female", "HI-00816"),
            "saffron@example.org",
            None,
            (_File("pressure at home.csv", Kind.TABLE, "pressure", date(2026, 5, 27)),),
            about=NewProfile(
                address="19 Signal Hill",
                city="Harbour",
                state="MD",
                country="US",
                postal_code="21002",
                health_conditions="Hashimoto's thyroiditis",
                current_medications="Levothyroxine 50 micrograms",
            ),
        ),
    ),
    (_PNEUMONIA, _THYROID, _MOLE, _BONE),
)
"""The second organisation, with its four cases."""
