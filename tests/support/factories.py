"""Rows for tests, written straight through the application's door. Each test makes its own
organisation, so the whole suite is a leak detector.
"""

import secrets
from hashlib import sha256

from casekeep.cases.model import CaseFacts
from casekeep.db.database import Database
from casekeep.identity.model import Administrator, Clinician, Patient, Role
from casekeep.kernel.ids import CaseId, CaseNumber, FileId, OrganizationId, UserId, new_id


async def make_organization(db: Database, name: str = "Test Clinic") -> OrganizationId:
    organization_id = OrganizationId(new_id())
    async with db.transaction(organization_id) as tx:
        await tx.execute(
            "insert into organizations (id, name) values ($1, $2)", organization_id, name
        )
    return organization_id


async def make_user(
    db: Database,
    organization_id: OrganizationId,
    role: Role,
    *,
    email: str | None = None,
    phone: str | None = None,
) -> UserId:
    user_id = UserId(new_id())
    async with db.transaction(organization_id) as tx:
        await tx.execute(
            """insert into users (id, organization_id, role, email, phone, first_name, last_name)
               values ($1, $2, $3, $4, $5, 'Test', $6)""",
            user_id,
            organization_id,
            role.value,
            email or f"{user_id.hex}@example.org",
            phone,
            role.value.title(),
        )
    return user_id


async def make_clinician(db: Database, organization_id: OrganizationId) -> Clinician:
    return Clinician(organization_id, await make_user(db, organization_id, Role.CLINICIAN))


async def make_patient(db: Database, organization_id: OrganizationId) -> Patient:
    return Patient(organization_id, await make_user(db, organization_id, Role.PATIENT))


async def make_administrator(db: Database, organization_id: OrganizationId) -> Administrator:
    return Administrator(organization_id, await make_user(db, organization_id, Role.ADMIN))


async def make_case(
    db: Database,
    organization_id: OrganizationId,
    *,
    clinician_id: UserId | None = None,
    patient_id: UserId | None = None,
) -> CaseFacts:
    case_id = CaseId(new_id())
    async with db.transaction(organization_id) as tx:
        number = await tx.fetch_value(
            """update organizations set last_case_number = last_case_number + 1
               where id = $1 returning last_case_number""",
            organization_id,
        )
        await tx.execute(
            """insert into cases (id, organization_id, number, clinician_id, patient_id,
                                  patient_name, patient_age, patient_gender)
               values ($1, $2, $3, $4, $5, 'Pat Example', 44, 'female')""",
            case_id,
            organization_id,
            number,
            clinician_id,
            patient_id,
        )
    return CaseFacts(
        case_id, CaseNumber(number), organization_id, clinician_id, patient_id, deleted=False
    )


async def make_file_row(
    db: Database,
    case: CaseFacts,
    *,
    name: str = "report.pdf",
    is_phi: bool = True,
    state: str = "stored",
) -> FileId:
    """A row without bytes, for tests that read rows only."""
    file_id = FileId(new_id())
    async with db.transaction(case.organization_id) as tx:
        await tx.execute(
            """insert into files (id, organization_id, case_id, patient_id, name, url_path,
                                  media_type, size, sha256, is_phi, state, receiver, uploaded_by)
               values ($1, $2, $3, $4, $5, $6, 'application/pdf', 3, $7, $8, $10, 0, $9)""",
            file_id,
            case.organization_id,
            case.id,
            case.patient_id,
            name,
            f"/files/{case.number}/{secrets.token_hex(4)}-{name}",
            sha256(b"abc").digest(),
            is_phi,
            case.clinician_id,
            state,
        )
    return file_id
