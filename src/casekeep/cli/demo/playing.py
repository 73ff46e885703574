"""Adds the planned cases and files as those who would: a clinician opens a case with its files and
adds some later, a patient adds theirs, a partner's software sends a case. What an earlier load has
added is left as it is.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from casekeep.cases.access import visible_case
from casekeep.cases.model import CaseFacts, NewCase
from casekeep.cases.submission import Given, NewForm, NewQuestion, Submission, SubmittedStage
from casekeep.cli.demo.clinic import (
    AddedBy,
    PlannedAnswer,
    PlannedCase,
    PlannedFile,
    PlannedOrganization,
    PlannedPatient,
)
from casekeep.cli.demo.journal import Journal
from casekeep.files.batch import Batch
from casekeep.files.content import PORTAL_TYPES
from casekeep.files.listing import list_case_files
from casekeep.files.submitting import Desk, submit_case
from casekeep.http.house import House
from casekeep.identity.model import Clinician, NewProfile, Partner, Patient
from casekeep.kernel.errors import CaseNotVisible
from casekeep.kernel.ids import CaseId, CaseNumber, UserId

_FIRST_NUMBER = 10001
_PIECE = 1 << 18


@dataclass(frozen=True, slots=True)
class Played:
    """A case that is there with all its files."""

    id: CaseId
    number: CaseNumber
    patient_id: UserId


@dataclass(slots=True)
class Adding:
    """The load that is under way: where to, from which seed, and how far it has come."""

    house: House
    journal: Journal
    seed: int
    total: int
    progress: Callable[[int, int, str], None]
    done: int = field(default=0)

    def advance(self, count: int, label: str) -> None:
        """Tell that `count` more files are there, and what is worked on."""
        self.done += count
        self.progress(self.done, self.total, label)


async def play_case(
    adding: Adding, organization: PlannedOrganization, index: int, owner: Clinician
) -> Played:
    """The case at `index` of the plan, with all its files; whatever is missing of it is added.

    Cases are opened one after the other and each in one transaction, so a case's number says
    which of the plan it is, and a case that is there has the files that come with it.
    """
    case = organization.cases[index]
    number = CaseNumber(_FIRST_NUMBER + index)
    label = f"{organization.name}, case {number}"
    facts = await _found(adding.house, owner, number)
    if facts is None:
        await _open(adding, organization, case, owner, label)
        facts = await _found(adding.house, owner, number)
    else:
        adding.advance(len(_of(case, AddedBy.CASE)), label)
    if facts is None or facts.patient_id is None:
        raise RuntimeError(f"case {number} of the demo did not get its number and its patient")
    listed = await list_case_files(adding.house.db, adding.house.audit, owner, facts.id)
    there = {file.name for file in listed}
    patient = Patient(owner.organization_id, facts.patient_id)
    for file in _of(case, AddedBy.CLINICIAN, AddedBy.PATIENT):
        if file.name not in there:
            actor = patient if file.added_by is AddedBy.PATIENT else owner
            await _add(adding, organization, case, file, actor, facts.id)
        adding.advance(1, label)
    return Played(facts.id, number, facts.patient_id)


async def play_documents(
    adding: Adding, organization: PlannedOrganization, cases: Sequence[Played], owner: Clinician
) -> None:
    """The patients' general documents. No list shows them: the journal knows which are there."""
    ids = {
        planned.patient: played.patient_id
        for planned, played in zip(organization.cases, cases, strict=True)
    }
    for index, patient in enumerate(organization.patients):
        actor = Patient(owner.organization_id, ids[index])
        for file in patient.documents:
            mark = f"{patient.subject.record}/{file.name}"
            if mark not in adding.journal.documents():
                async with adding.house.receiving.batch(actor, PORTAL_TYPES) as batch:
                    await _receive(adding, batch, organization, patient, 0, file)
                    await batch.keep_for_patient(None, category=file.category)
                adding.journal.note(mark)
            adding.advance(1, f"{organization.name}, documents")


async def play_submissions(
    adding: Adding, organization: PlannedOrganization, partner: Partner
) -> None:
    """The cases that a partner's software sends, each under a key, so that it comes once only."""
    house = adding.house
    desk = Desk(house.db, house.audit, house.receiving)
    for planned in organization.submissions:
        patient = organization.patients[planned.patient]
        mark = f"{patient.subject.record}/{planned.title}"
        submission = Submission(
            patient.subject.first_name,
            patient.subject.last_name,
            patient.email,
            patient.phone,
            NewProfile(),
            SubmittedStage.OPEN,
            NewForm(planned.title, planned.description),
            tuple(_given(answer) for answer in planned.answers),
            sha256(mark.encode()).digest(),
        )
        await submit_case(desk, partner, submission)


def _given(planned: PlannedAnswer) -> Given:
    question = NewQuestion(
        planned.question, planned.type, is_required=False, is_phi=True, options=planned.options
    )
    return Given(question, planned.answer)


def _of(case: PlannedCase, *kinds: AddedBy) -> list[PlannedFile]:
    return [file for file in case.files if file.added_by in kinds]


async def _found(house: House, owner: Clinician, number: CaseNumber) -> CaseFacts | None:
    async with house.db.transaction(owner.organization_id) as tx:
        try:
            return await visible_case(tx, owner, number)
        except CaseNotVisible:
            return None


async def _open(
    adding: Adding,
    organization: PlannedOrganization,
    case: PlannedCase,
    owner: Clinician,
    label: str,
) -> None:
    """The case with the files that come with it, all or nothing."""
    patient = organization.patients[case.patient]
    subject = patient.subject
    adding.advance(0, label)
    async with adding.house.receiving.batch(owner) as batch:
        for file in _of(case, AddedBy.CASE):
            await _receive(adding, batch, organization, patient, case.clinician, file)
            adding.advance(1, label)
        await batch.keep_in_new_case(
            NewCase(
                patient_name=subject.name,
                patient_age=subject.age_on(case.opened),
                patient_gender=subject.gender,
                summary=case.summary,
                patient_email=patient.email,
                patient_phone=patient.phone,
            )
        )


async def _add(
    adding: Adding,
    organization: PlannedOrganization,
    case: PlannedCase,
    file: PlannedFile,
    actor: Clinician | Patient,
    case_id: CaseId,
) -> None:
    """One file that is added to the case later, by its clinician or by its patient."""
    patient = organization.patients[case.patient]
    if isinstance(actor, Patient):
        async with adding.house.receiving.batch(actor, PORTAL_TYPES) as batch:
            await _receive(adding, batch, organization, patient, case.clinician, file)
            await batch.keep_for_patient(case_id, category=file.category)
        return
    async with adding.house.receiving.batch(actor) as batch:
        await _receive(adding, batch, organization, patient, case.clinician, file)
        await batch.keep_in_case(
            case_id, category=file.category, is_phi=True, is_restricted=file.is_restricted
        )


async def _receive(
    adding: Adding,
    batch: Batch,
    organization: PlannedOrganization,
    patient: PlannedPatient,
    clinician: int,
    file: PlannedFile,
) -> None:
    from casekeep.cli.demo.making import make_file  # noqa: PLC0415 - a second start makes nothing

    content = await asyncio.to_thread(
        make_file, organization, patient, clinician, file, adding.seed
    )
    await batch.receive(file.name, _pieces(content), file.category)


async def _pieces(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), _PIECE):
        yield content[start : start + _PIECE]
