import dataclasses

import pytest
from msgspec.structs import replace

from casekeep.cases.model import CaseFacts
from casekeep.files.model import FileFacts
from casekeep.files.visibility import may_arrange, may_change, may_read, may_restore
from casekeep.identity.model import Actor, Administrator, Clinician, Operator, Partner, Patient
from casekeep.kernel.ids import ApiKeyId, CaseId, CaseNumber, OrganizationId, UserId, new_id

HERE, ELSEWHERE = OrganizationId(new_id()), OrganizationId(new_id())
OWNER, PATIENT, OTHER = UserId(new_id()), UserId(new_id()), UserId(new_id())
CASE = CaseFacts(CaseId(new_id()), CaseNumber(7), HERE, OWNER, PATIENT, deleted=False)
FILE = FileFacts(HERE, CASE, OWNER, is_restricted=False, hides_restricted=False, deleted=False)
ACTORS: dict[str, Actor] = {
    "owner": Clinician(HERE, OWNER),
    "other clinician": Clinician(HERE, OTHER),
    "owner's id elsewhere": Clinician(ELSEWHERE, OWNER),
    "patient": Patient(HERE, PATIENT),
    "other patient": Patient(HERE, OTHER),
    "patient's id elsewhere": Patient(ELSEWHERE, PATIENT),
    "administrator": Administrator(HERE, OWNER),
    "partner": Partner(HERE, ApiKeyId(OTHER)),
    "partner elsewhere": Partner(ELSEWHERE, ApiKeyId(OWNER)),
    "operator": Operator(HERE),
}
CHANGERS = {"owner", "operator"}
STAFF = CHANGERS | {"partner"}
ALL = STAFF | {"patient"}
NONE = set[str]()
BY_PATIENT = replace(FILE, uploaded_by=PATIENT)
DOCUMENT = replace(BY_PATIENT, case=None)
CLINICIANS = {"owner", "other clinician"}
"""Those of the organisation; which of them the document's patient is a patient of, is a fact."""
RESTRICTED = replace(FILE, is_restricted=True)


@pytest.mark.parametrize(
    ("file", "readers", "changers"),
    [
        (FILE, ALL, CHANGERS),
        (BY_PATIENT, ALL, CHANGERS | {"patient"}),
        (RESTRICTED, ALL, CHANGERS),
        (replace(RESTRICTED, hides_restricted=True), STAFF, CHANGERS),
        (replace(FILE, hides_restricted=True), ALL, CHANGERS),
        (replace(BY_PATIENT, is_restricted=True, hides_restricted=True), STAFF, CHANGERS),
        (replace(BY_PATIENT, deleted=True), NONE, NONE),
        (replace(BY_PATIENT, case=dataclasses.replace(CASE, deleted=True)), NONE, NONE),
        (DOCUMENT, {"operator"}, {"operator"}),
        (replace(DOCUMENT, of_own_patient=True), {*CLINICIANS, "operator"}, {"operator"}),
        (replace(FILE, of_own_patient=True), ALL, {"owner", "operator"}),
        (replace(BY_PATIENT, organization_id=ELSEWHERE), NONE, NONE),
    ],
)
def test_who_reads_and_who_changes_a_file(
    file: FileFacts, readers: set[str], changers: set[str]
) -> None:
    assert {name for name, actor in ACTORS.items() if may_read(actor, file)} == readers
    assert {name for name, actor in ACTORS.items() if may_change(actor, file)} == changers


@pytest.mark.parametrize("file", [FILE, BY_PATIENT, RESTRICTED, DOCUMENT])
@pytest.mark.parametrize("own", [False, True])
def test_only_staff_who_read_a_file_arrange_it(file: FileFacts, own: bool) -> None:
    file = replace(file, of_own_patient=own)
    patients = {name for name, actor in ACTORS.items() if isinstance(actor, Patient)}
    readers = {name for name, actor in ACTORS.items() if may_read(actor, file)}
    arranging = {name for name, actor in ACTORS.items() if may_arrange(actor, file)}
    assert arranging == readers - patients


@pytest.mark.parametrize(
    ("file", "restorers"),
    [
        (replace(FILE, deleted=True), {"owner", "operator"}),
        (replace(BY_PATIENT, deleted=True), {"owner", "operator"}),
        (FILE, NONE),
        (replace(DOCUMENT, deleted=True, of_own_patient=True), {"operator"}),
        (replace(FILE, deleted=True, case=dataclasses.replace(CASE, deleted=True)), NONE),
        (replace(FILE, deleted=True, organization_id=ELSEWHERE), NONE),
    ],
)
def test_who_brings_a_file_back(file: FileFacts, restorers: set[str]) -> None:
    assert {name for name, actor in ACTORS.items() if may_restore(actor, file)} == restorers
