"""SQL of the files room that shows and changes kept files: rows in, frozen data out. It decides
nothing; what is still arriving is in `queries_receiving`.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from casekeep.cases.model import CaseFacts
from casekeep.cases.queries import id_and_number
from casekeep.db.database import Database, Row, Tx
from casekeep.files.life import Life, becoming, being
from casekeep.files.model import Category, FileChange, FileFacts, StoredFile, Uploader
from casekeep.kernel.ids import ApiKeyId, CaseId, CaseRef, FileId, OrganizationId, UserId

# A general document comes with one fact more: whether the viewer has a live case of its patient.
_SHOWN = """
    select s.*, s.case_id is null and exists (
        select from cases c
        where c.organization_id = $1 and c.patient_id = s.patient_id and c.clinician_id = $3
          and c.deleted_at is null) as of_own_patient
    from shown_files s where s.organization_id = $1 and """
# Of one file, what belongs to it is not even looked for if it is somebody else's, so that asking
# for it takes as long as asking for one that does not exist.
_WANTED = """
    with wanted as materialized (
        select f.id from files f
        left join cases c on c.organization_id = $1 and c.id = f.case_id
        where f.organization_id = $1 and f.{key} = $2
          and ($3::uuid is null or $3 in (c.clinician_id, c.patient_id)
               or f.case_id is null and exists (
                   select from cases o
                   where o.organization_id = $1 and o.patient_id = f.patient_id
                     and o.clinician_id = $3 and o.deleted_at is null))
    )"""
_ONE = _WANTED + _SHOWN + "s.file_id = (select id from wanted)"  # noqa: S608 - constants of this module
_BY_ID, _BY_URL_PATH = _ONE.format(key="id"), _ONE.format(key="url_path")
_BY_IDS = """select * from shown_files where organization_id = $1 and file_id = any($2)
             order by file_id"""
_OF_CASE = """select * from shown_files where organization_id = $1 and case_id = $2
              order by created_at, file_id"""
_DOCUMENTS = """s.case_id is null and s.patient_id = $2 order by s.created_at, s.file_id"""
# A file that moves to another case leaves behind what it came with: an answer, a communication.
_CHANGE = f"""
    update files
    set name = coalesce($3, name), category = coalesce($4, category),
        is_phi = coalesce($5, is_phi), is_restricted = coalesce($6, is_restricted),
        case_id = coalesce($7, case_id),
        patient_id = case when $7::uuid is null then patient_id else $8 end,
        answer_id = case when $7 is null or $7 = case_id then answer_id end,
        communication_id = case when $7 is null or $7 = case_id then communication_id end
    where organization_id = $1 and id = $2 and {being(Life.STORED)}"""  # noqa: S608 - constants
_REMOVE = f"""
    update files set {becoming(Life.STORED, Life.REMOVED, at="$3", by="$4")}
    where organization_id = $1 and id = $2 and {being(Life.STORED)}"""  # noqa: S608 - constants
_RENAME = f"""
    update files set name = $3
    where organization_id = $1 and id = $2 and {being(Life.STORED)}"""  # noqa: S608 - constants
_CASE_FILES = "select * from case_files($1, $2, $3, $4)"
_PATIENT_FILES = "select * from patient_files($1, $2, $3, $4, $5, $6, $7)"


class Shown(msgspec.Struct, frozen=True):
    """A file together with the facts that decide who may see it."""

    facts: FileFacts
    file: StoredFile


async def find_by_id(tx: Tx, file_id: FileId, viewer: UUID | None) -> Shown | None:
    """A stored file that nobody removed. `viewer`: who asks, which a general document may need."""
    return _one(await tx.fetch_row(_BY_ID, tx.organization_id, file_id, viewer))


async def find_by_ids(tx: Tx, file_ids: Sequence[FileId]) -> tuple[StoredFile, ...]:
    """Stored files, in the order in which their ids were made."""
    rows = await tx.fetch(_BY_IDS, tx.organization_id, file_ids)
    return tuple(shown_of(row, None).file for row in rows)


async def find_by_url_path(tx: Tx, url_path: str, viewer: UUID | None) -> Shown | None:
    """A stored file that nobody removed, by the path it was once given."""
    return _one(await tx.fetch_row(_BY_URL_PATH, tx.organization_id, url_path, viewer))


async def documents_of(tx: Tx, patient_id: UserId, viewer: UUID | None) -> list[Shown]:
    """The general documents of a patient, in upload order."""
    rows = await tx.fetch(_SHOWN + _DOCUMENTS, tx.organization_id, patient_id, viewer)
    return [shown for row in rows if (shown := _one(row))]


async def files_in(tx: Tx, case_id: CaseId) -> list[Shown]:
    """The files of a case in upload order, within a transaction."""
    return _with_cases(await tx.fetch(_OF_CASE, tx.organization_id, case_id))[1]


async def files_of_case(
    db: Database, organization_id: OrganizationId, ref: CaseRef, viewer: UUID | None
) -> tuple[CaseFacts | None, list[Shown]]:
    """The case and its files in upload order, in one round trip. For a case that is not the
    viewer's the files are left out; `viewer` None is whoever sees every case.
    """
    case_id, number = id_and_number(ref)
    return _with_cases(
        await db.fetch_unscoped(_CASE_FILES, organization_id, case_id, number, viewer)
    )


async def files_of_patient(
    db: Database,
    organization_id: OrganizationId,
    patient_id: UserId,
    *,
    case_id: CaseId | None,
    phi: bool | None,
    most: int | None,
    after: tuple[datetime, UUID] | None,
) -> tuple[CaseFacts | None, list[Shown]]:
    """The files of one of a patient's cases, with that case, or those of all of them; newest
    first, in one round trip. For a case that is not the patient's the files are left out.
    """
    past = after or (None, None)
    return _with_cases(
        await db.fetch_unscoped(
            _PATIENT_FILES, organization_id, patient_id, case_id, phi, most, *past
        )
    )


async def mark_removed(tx: Tx, file_id: FileId, by: UserId | None, at: datetime) -> bool:
    """Take a file away; False if somebody did so meanwhile."""
    return await tx.execute(_REMOVE, tx.organization_id, file_id, at, by) == 1


async def set_name(tx: Tx, file_id: FileId, name: str) -> bool:
    """Give a file another label; False if somebody removed it meanwhile."""
    return await tx.execute(_RENAME, tx.organization_id, file_id, name) == 1


async def lock_file(tx: Tx, file_id: FileId) -> None:
    """Hold the row of a file until the transaction ends."""
    await tx.execute(
        "select from files where organization_id = $1 and id = $2 for no key update",
        tx.organization_id,
        file_id,
    )


async def change(tx: Tx, file_id: FileId, change: FileChange, case: CaseFacts | None) -> bool:
    """Change a file's label and marks, and move it to `case`, with its patient, if there is one;
    False if somebody removed it meanwhile.
    """
    changed = await tx.execute(
        _CHANGE,
        tx.organization_id,
        file_id,
        change.name,
        change.category,
        change.is_phi,
        change.is_restricted,
        None if case is None else case.id,
        None if case is None else case.patient_id,
    )
    return changed == 1


async def is_live_patient(tx: Tx, user_id: UserId) -> bool:
    """Whether this user is a patient of the organisation who may still sign in."""
    return await tx.fetch_value(
        """select exists (select from users where organization_id = $1 and id = $2
                          and role = 'patient' and disabled_at is null)""",
        tx.organization_id,
        user_id,
    )


async def is_live_key(tx: Tx, api_key_id: ApiKeyId) -> bool:
    """Whether this is an API key of the organisation that is not revoked, or a webhook that is not
    disabled, which acts like one.
    """
    return await tx.fetch_value(
        """select exists (select from api_keys where organization_id = $1 and id = $2
                          and revoked_at is null)
               or exists (select from webhooks where organization_id = $1 and id = $2
                          and disabled_at is null)""",
        tx.organization_id,
        api_key_id,
    )


def _with_cases(rows: list[Row]) -> tuple[CaseFacts | None, list[Shown]]:
    """The first row's case, and every file; each case is made once."""
    cases: dict[UUID, CaseFacts | None] = {}
    shown: list[Shown] = []
    for row in rows:
        case_id = row["case_id"]
        if case_id not in cases:
            cases[case_id] = case_of_file(row)
        if row["file_id"] is not None:
            shown.append(shown_of(row, cases[case_id]))
    return next(iter(cases.values()), None), shown


def _one(row: Row | None) -> Shown | None:
    """A row with one column more than the view has."""
    if row is None:
        return None
    *columns, of_own_patient = row
    return shown_of(columns, case_of_file(row), of_own_patient=of_own_patient)


def case_of_file(row: Row) -> CaseFacts | None:
    """The facts of the case that such a row is in."""
    if row["case_id"] is None:
        return None
    return CaseFacts(
        row["case_id"],
        row["case_number"],
        row["organization_id"],
        row["clinician_id"],
        row["case_patient_id"],
        row["case_deleted"],
    )


def shown_of(
    row: Row | Sequence[Any],
    case: CaseFacts | None,
    *,
    of_own_patient: bool = False,
    deleted: bool = False,
) -> Shown:
    """A file of a row that has the columns of the view `shown_files`, read by position: lists are
    long.
    """
    (
        case_id, number, organization_id, _, _, _, hides, file_id, patient_id, name, url_path,
        media_type, size, sha256, category, is_phi, is_restricted, created_at, by, first, last,
    ) = row  # fmt: skip
    facts = FileFacts(organization_id, case, by, is_restricted, hides, deleted, of_own_patient)
    file = StoredFile(
        file_id,
        organization_id,
        case_id,
        number,
        patient_id,
        name,
        url_path,
        media_type,
        size,
        sha256,
        _CATEGORY[category],
        is_phi,
        is_restricted,
        None if by is None else Uploader(by, first, last),
        created_at,
    )
    return Shown(facts, file)


_CATEGORY = {category.value: category for category in Category}
