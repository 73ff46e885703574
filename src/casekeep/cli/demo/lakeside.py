"""Lakeside Clinic, as planned: internal medicine, cardiology and minor surgery.

Nobody in it exists.
"""

from datetime import date

from casekeep.cases.forms import QuestionType
from casekeep.cli.demo.clinic import (
    AddedBy,
    Kind,
    PlannedAnswer,
    PlannedCase,
    PlannedFile,
    PlannedOrganization,
    PlannedPatient,
    PlannedSubmission,
    Staff,
)
from casekeep.cli.demo.subjects import Letterhead, Subject
from casekeep.files.model import Category
from casekeep.identity.model import NewProfile

_R = Category.RADIOLOGY
_LAB = Category.LAB
_CLINICIAN, _PATIENT = AddedBy.CLINICIAN, AddedBy.PATIENT
_File = PlannedFile
_HAZEL, _ROWAN = 0, 1
_JUNIPER, _BASIL, _WREN, _ODETTE = range(4)

_GLUCOSE = PlannedCase(
    "Raised fasting glucose; tired and thirsty for two months.",
    _HAZEL,
    _JUNIPER,
    date(2026, 3, 4),
    (
        _File("Referral.pdf", Kind.LETTER, "referral_glucose", date(2026, 3, 2)),
        _File("Metabolic panel.pdf", Kind.LAB_REPORT, "metabolic", date(2026, 3, 4)),
        _File("Left foot.jpg", Kind.PHOTO, "callus", date(2026, 3, 4), _R),
        _File("Telephone note.txt", Kind.NOTE, "telephone", date(2026, 3, 11), _LAB, _CLINICIAN),
        _File("glucose diary.csv", Kind.TABLE, "glucose", date(2026, 3, 30), _LAB, _PATIENT),
        _File("glucose app.png", Kind.CHART, "glucose_app", date(2026, 3, 30), _R, _PATIENT),
    ),
)

_CHEST_PAIN = PlannedCase(
    "Chest discomfort on exertion for six weeks; observation overnight.",
    _ROWAN,
    _BASIL,
    date(2026, 2, 16),
    (
        _File("Referral.pdf", Kind.LETTER, "referral_chest_pain", date(2026, 2, 13)),
        _File("ECG at rest.pdf", Kind.ECG, "depression", date(2026, 2, 16)),
        _File("Lipids and cardiac markers.pdf", Kind.LAB_REPORT, "lipids", date(2026, 2, 16)),
        _File("Troponin.csv", Kind.TABLE, "troponin", date(2026, 2, 16)),
        _File("Chest PA.dcm", Kind.RADIOGRAPH, "cr", date(2026, 2, 16), _R, series="basil chest"),
        _File(
            "Chest PA.jpg",
            Kind.RADIOGRAPH_PICTURE,
            "cr",
            date(2026, 2, 16),
            _R,
            series="basil chest",
        ),
        _File("Chest finding.pdf", Kind.LETTER, "finding_chest", date(2026, 2, 16), _R),
        _File(
            "Discharge letter.pdf",
            Kind.LETTER,
            "discharge_chest_pain",
            date(2026, 2, 17),
            _LAB,
            _CLINICIAN,
        ),
        _File("pressure at home.csv", Kind.TABLE, "pressure", date(2026, 3, 12), _LAB, _PATIENT),
        _File("pressure at home.png", Kind.CHART, "pressure", date(2026, 3, 12), _R, _PATIENT),
    ),
)

_WOUND = PlannedCase(
    "Cyst of the left forearm removed under local anaesthesia; wound checks from home.",
    _HAZEL,
    _WREN,
    date(2026, 3, 9),
    (
        _File("Operation report.pdf", Kind.LETTER, "operation_report", date(2026, 3, 9)),
        _File("Consent (fax).tif", Kind.SCAN, "consent", date(2026, 3, 6)),
        _File("Wound day 1.jpg", Kind.PHOTO, "wound-1", date(2026, 3, 10), _R),
        _File("Wound day 4.jpg", Kind.PHOTO, "wound-4", date(2026, 3, 13), _R, _CLINICIAN),
        _File(
            "Inflammation markers.pdf",
            Kind.LAB_REPORT,
            "infection",
            date(2026, 3, 13),
            _LAB,
            _CLINICIAN,
        ),
        _File("wound day 8.webp", Kind.WEB_PHOTO, "wound-8", date(2026, 3, 17), _R, _PATIENT),
        _File("wound day 14.webp", Kind.WEB_PHOTO, "wound-14", date(2026, 3, 23), _R, _PATIENT),
        _File("questions.txt", Kind.NOTE, "questions", date(2026, 3, 17), _LAB, _PATIENT),
    ),
)

_BREATHLESS = PlannedCase(
    "Breathless on exertion for four months; CT of the chest.",
    _HAZEL,
    _ODETTE,
    date(2026, 1, 19),
    (
        _File("Blood gas.pdf", Kind.LAB_REPORT, "blood_gas", date(2026, 1, 19)),
        _File("Spirometry.csv", Kind.TABLE, "spirometry", date(2026, 1, 19)),
        _File("Spirometry.png", Kind.CHART, "spirometry", date(2026, 1, 19)),
        *(
            _File(
                f"CT chest {number:02d}.dcm",
                Kind.CT_SLICE,
                str(number),
                date(2026, 1, 20),
                _R,
                series="odette chest",
            )
            for number in range(1, 25)
        ),
        _File("CT finding.pdf", Kind.LETTER, "finding_ct", date(2026, 1, 20), _R),
        _File(
            "Discharge letter.pdf",
            Kind.LETTER,
            "discharge_ct",
            date(2026, 1, 22),
            _LAB,
            _CLINICIAN,
        ),
        _File(
            "Records of 2019 (fax).tif",
            Kind.SCAN,
            "old_records",
            date(2026, 1, 26),
            _LAB,
            _CLINICIAN,
            is_restricted=True,
        ),
    ),
)

_ANNUAL_CHECK = PlannedCase(
    "Diabetes: first quarterly check with eye screening.",
    _HAZEL,
    _JUNIPER,
    date(2026, 6, 8),
    (
        _File("Diabetes follow-up.pdf", Kind.LAB_REPORT, "follow_up", date(2026, 6, 8)),
        _File("HbA1c course.csv", Kind.TABLE, "hba1c", date(2026, 6, 8)),
        _File("Fundus right.jpg", Kind.PHOTO, "fundus-right", date(2026, 6, 9), _R),
        _File("Fundus left.jpg", Kind.PHOTO, "fundus-left", date(2026, 6, 9), _R),
        _File("Eye screening.pdf", Kind.LETTER, "eye_screening", date(2026, 6, 9), _R),
    ),
)

_PALPITATIONS = PlannedCase(
    "Palpitations in the evening; 24-hour ECG.",
    _ROWAN,
    _BASIL,
    date(2026, 4, 20),
    (
        _File("ECG.pdf", Kind.ECG, "fibrillation", date(2026, 4, 20)),
        _File("24-hour ECG.txt", Kind.NOTE, "holter", date(2026, 4, 21)),
        _File("LDL course.csv", Kind.TABLE, "ldl", date(2026, 4, 20), _LAB, _CLINICIAN),
    ),
)

_IRON = PlannedCase(
    "Tired for months; suspected iron deficiency.",
    _ROWAN,
    _WREN,
    date(2026, 5, 4),
    (
        _File("First visit.txt", Kind.NOTE, "first_visit", date(2026, 5, 4)),
        _File("Iron studies.pdf", Kind.LAB_REPORT, "iron", date(2026, 5, 4)),
        _File("ECG.pdf", Kind.ECG, "normal", date(2026, 5, 4)),
        _File("Ferritin.csv", Kind.TABLE, "ferritin", date(2026, 9, 21), _LAB, _CLINICIAN),
        _File(
            "Blood count.pdf", Kind.LAB_REPORT, "blood_count", date(2026, 9, 21), _LAB, _CLINICIAN
        ),
    ),
)

_JUST_OPENED = PlannedCase(
    "Control of the nodule, appointment made; no files yet.", _HAZEL, _ODETTE, date(2026, 6, 15), ()
)

_SLEEP = PlannedSubmission(
    _WREN,
    "Sleep check",
    "A few questions before the first visit.",
    (
        PlannedAnswer(
            "How do you sleep?", QuestionType.SELECT, "badly", ("well", "so so", "badly")
        ),
        PlannedAnswer("How many hours in a usual night?", QuestionType.NUMBER, 5),
        PlannedAnswer(
            "What keeps you awake?",
            QuestionType.MULTISELECT,
            ["thoughts", "noise"],
            ("thoughts", "pain", "noise", "light"),
        ),
        PlannedAnswer("Do you snore?", QuestionType.BOOLEAN, False),
        PlannedAnswer("Since when?", QuestionType.TEXT, "Since the move in spring."),
    ),
)

LAKESIDE = PlannedOrganization(
    Letterhead(
        "Lakeside Clinic",
        "Internal medicine, cardiology, minor surgery",
        "4 Willow Quay, Lakeside",
        "+1 202 555 0100",
        (0.05, 0.42, 0.46),
    ),
    (
        Staff("Hazel", "Brightwater", "hazel@example.org"),
        Staff("Rowan", "Ashdown", "rowan@example.org"),
    ),
    Staff("Clover", "Ledgerwood", "clover@example.org"),
    (
        PlannedPatient(
            Subject("Juniper", "Featherstone", date(1991, 5, 4), "female", "LC-20418"),
            "juniper@example.org",
            "+12025550143",
            about=NewProfile(
                address="12 Reed Lane",
                city="Lakeside",
                state="MD",
                country="US",
                postal_code="20001",
                allergies="Penicillin: a rash as a child",
            ),
        ),
        PlannedPatient(
            Subject("Basil", "Quillfeather", date(1964, 11, 23), "male", "LC-19377"),
            "basil@example.org",
            "+12025550178",
            (_File("my medicines.txt", Kind.NOTE, "medicines", date(2026, 2, 20)),),
            about=NewProfile(
                address="3 Cooper's Yard",
                city="Lakeside",
                state="MD",
                country="US",
                postal_code="20002",
                health_conditions="High blood pressure",
                current_medications="Amlodipine 5 mg in the morning",
            ),
        ),
        PlannedPatient(
            Subject("Wren", "Applegarth", date(1998, 8, 17), "female", "LC-21102"),
            "wren@example.org",
            about=NewProfile(
                address="27 Orchard Rise",
                city="Lakeside",
                state="MD",
                country="US",
                postal_code="20004",
            ),
        ),
        PlannedPatient(
            Subject("Odette", "Marigold", date(1953, 2, 9), "female", "LC-10896"),
            "odette@example.org",
            "+12025550119",
            about=NewProfile(
                address="8 Lantern Street",
                city="Lakeside",
                state="MD",
                country="US",
                postal_code="20003",
                allergies="Sulphonamides",
                current_medications="Metformin 500 mg twice a day",
            ),
        ),
    ),
    (
        _GLUCOSE,
        _CHEST_PAIN,
        _WOUND,
        _BREATHLESS,
        _ANNUAL_CHECK,
        _PALPITATIONS,
        _IRON,
        _JUST_OPENED,
    ),
    (_SLEEP,),
)
"""The first organisation, with its eight cases and one that a partner sent."""
