"""An organisation with a row in every table that belongs to one, and the catalogue's own list of
those tables, so that a new one without such a row is noticed.
"""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import asyncpg

from casekeep.cases.model import CaseFacts
from casekeep.db.database import Database, Tx
from casekeep.files.queries_receiving import insert_receiving
from casekeep.identity.model import Role
from casekeep.kernel.ids import (
    ApiKeyId,
    CaseId,
    FileId,
    HoldId,
    IssuerId,
    OrganizationId,
    OrganizationKeyId,
    SignInId,
    UserId,
    new_id,
)
from casekeep.retention.queries import use_certificate_key
from casekeep.retention.queries_purging import begin_purging
from tests.support.factories import make_case, make_file_row, make_organization, make_user

SINCE = datetime(2026, 4, 15, 12, 0, tzinfo=UTC)
UNTIL = SINCE + timedelta(days=10_000)

_ROWS = {
    "api_keys": ("label, id, secret_hash", "'a key', $2, $3"),
    "sign_ins": ("audience, id, user_id, expires_at", "'clinician', $2, $3, $4"),
    "refresh_tokens": ("id, sign_in_id, token_hash, expires_at", "$2, $3, $4, $5"),
    "one_time_codes": (
        "attempts_left, user_id, code_hash, expires_at, created_at",
        "5, $2, $3, $4, $5",
    ),
    "rate_limits": ("subject_hash, window_start, used", "$2, $3, 1"),
    "forms": ("id, title, questions", "$2, 'a form', '[]'"),
    "case_answers": ("id, case_id, position, question", "$2, $3, 1, '{}'"),
    "communications": (
        "id, case_id, text, is_restricted, author_email",
        "$2, $3, 'a word', false, 'somebody@example.org'",
    ),
    "trusted_issuers": ("audience, id, issuer", "'files', $2, $3"),
    "external_subjects": ("issuer_id, subject, user_id", "$2, $3, $4"),
    "audit_events": (
        "action, outcome, actor_kind, id, occurred_at",
        "'file.opened', 'done', 'operator', $2, $3",
    ),
    "webhooks": ("label, url, events, id", "'a partner', 'https://p.example', '{CREATE_CASE}', $2"),
    "webhook_deliveries": ("event, id, webhook_id, case_id", "'CREATE_CASE', $2, $3, $4"),
    "webhook_attempts": ("number, delivery_id", "9, $2"),
    "findings": (
        "kind, id, file_id, first_seen_at, last_seen_at",
        "'altered', $2, $3, now(), now()",
    ),
    "scrubs": ("began_at", "$2"),
    "retention_schedules": ("category, keep_at_least_days", "'lab', 3650"),
    "holds": ("reason, id, case_id, placed_at", "'a reason', $2, $3, $4"),
    "organization_keys": ("deployment_key_id, id, wrapped_key", "'a fingerprint', $2, $3"),
    "seals": ("size, blob_id, key_id, wrapped_key", "3, $2, $3, $4"),
    "unsealed_blobs": ("size, blob_id", "3, $2"),
    "uploads": (
        "id, user_id, case_id, role, name, category, is_phi, is_restricted, metadata, length, "
        "created_at, expires_at",
        "$2, $3, $4, 'clinician', 'a scan', 'lab', true, false, '', 9, $5, $5",
    ),
    "upload_parts": ("id, upload_id, start", "$2, $3, 0"),
    "audit_seals": ("position, event_id, hash", "1, $2, $3"),
}
"""Columns and values beside the organisation, of the tables that no factory fills."""


@dataclass(frozen=True)
class Clinic:
    """Ids of one row of each kind, and the digest that all its secrets have."""

    id: OrganizationId
    clinician: UserId
    patient: UserId
    case: CaseFacts
    case_id: CaseId
    file: FileId
    arriving: FileId
    removed: FileId
    purging: FileId
    hold: HoldId
    url_path: str
    key: ApiKeyId
    sign_in: SignInId
    issuer: IssuerId
    sealing_key: OrganizationKeyId
    digest: bytes


async def furnish(db: Database, cases: int = 1) -> Clinic:
    """A new organisation with all of that, and an event that is not sealed yet. `cases`: how many
    it has; `case` is the last of them.
    """
    organization_id = await make_organization(db)
    clinician = await make_user(db, organization_id, Role.CLINICIAN)
    patient = await make_user(db, organization_id, Role.PATIENT)
    for _ in range(cases - 1):
        await make_case(db, organization_id)
    case = await make_case(db, organization_id, clinician_id=clinician, patient_id=patient)
    file, removed = await make_file_row(db, case), await make_file_row(db, case)
    arriving, purged = FileId(new_id()), await make_file_row(db, case)
    digest, key, sign_in = secrets.token_bytes(32), ApiKeyId(new_id()), SignInId(new_id())
    event, issuer = new_id(), IssuerId(new_id())
    sealing_key = OrganizationKeyId(new_id())
    async with db.transaction(organization_id) as tx:
        await tx.execute("update users set password_hash = 'x' where id = $1", clinician)
        await tx.execute("update cases set stage = 'ASSIGNED' where id = $1", case.id)
        await insert_receiving(tx, arriving, "a.pdf", receiver=0, uploaded_by=clinician)
        await tx.execute("update files set deleted_at = now() where id = $1", removed)
        url_path = await tx.fetch_value("select url_path from files where id = $1", file)
        await use_certificate_key(tx, bytes(32))
        await _insert(tx, "api_keys", key, digest)
        await _insert(tx, "sign_ins", sign_in, clinician, UNTIL)
        await _insert(tx, "refresh_tokens", new_id(), sign_in, digest, UNTIL)
        await _insert(tx, "one_time_codes", patient, digest, UNTIL, SINCE)
        await _insert(tx, "rate_limits", digest, SINCE)
        await _insert(tx, "forms", new_id())
        await _insert(tx, "case_answers", new_id(), case.id)
        await _insert(tx, "communications", new_id(), case.id)
        await _insert(tx, "trusted_issuers", issuer, f"https://{issuer}.example")
        await _insert(tx, "external_subjects", issuer, "a subject", clinician)
        await _insert(tx, "audit_events", event, SINCE)
        await _insert(tx, "audit_events", new_id(), SINCE)
        await _insert(tx, "audit_seals", event, digest)
        hold = await _furnish_ends(tx, case, purged)
        await _insert(tx, "organization_keys", sealing_key, digest)
        await _insert(tx, "seals", file, sealing_key, digest)
        await _insert(tx, "unsealed_blobs", removed)
        await _furnish_webhook(tx, case)
        await _furnish_upload(tx, case, clinician)
        await _furnish_checks(tx, file)
    return Clinic(
        organization_id,
        clinician,
        patient,
        case,
        case.id,
        file,
        arriving,
        removed,
        purged,
        hold,
        url_path,
        key,
        sign_in,
        issuer,
        sealing_key,
        digest,
    )


async def _furnish_webhook(tx: Tx, case: CaseFacts) -> None:
    """A webhook with a delivery that was tried."""
    webhook, delivery = new_id(), new_id()
    await _insert(tx, "webhooks", webhook)
    await _insert(tx, "webhook_deliveries", delivery, webhook, case.id)
    await _insert(tx, "webhook_attempts", delivery)


async def _furnish_checks(tx: Tx, file: FileId) -> None:
    """What a round over the files found, so far."""
    await _insert(tx, "findings", new_id(), file)
    await _insert(tx, "scrubs", SINCE)


async def _furnish_upload(tx: Tx, case: CaseFacts, sender: UserId) -> None:
    """A resumable upload with a part."""
    upload = new_id()
    await _insert(tx, "uploads", upload, sender, case.id, UNTIL)
    await _insert(tx, "upload_parts", new_id(), upload)


async def _furnish_ends(tx: Tx, case: CaseFacts, purged: FileId) -> HoldId:
    """A schedule, a file that is being purged, and a hold on the case."""
    hold = HoldId(new_id())
    await tx.execute("update files set deleted_at = now() where id = $1", purged)
    await begin_purging(tx, [purged], None, SINCE, without_key=())
    await _insert(tx, "holds", hold, case.id, SINCE)
    await _insert(tx, "retention_schedules")
    return hold


async def _insert(tx: Tx, table: str, *values: object) -> None:
    columns, places = _ROWS[table]
    await tx.execute(
        f"insert into {table} (organization_id, {columns}) values ($1, {places})",
        tx.organization_id,
        *values,
    )


async def owned_relations(connection: asyncpg.Connection, kinds: str = "rpvmf") -> dict[str, str]:
    """Every relation that has an organisation's rows, and the column that says whose they are.

    `kinds`: as in `pg_class.relkind`.
    """
    rows = await connection.fetch(
        """select relname, attname from pg_class c
           join pg_namespace n on n.oid = relnamespace
           join pg_attribute a on attrelid = c.oid and not attisdropped
           where nspname = 'public' and relkind = any(string_to_array($1, null)::"char"[])
             and (attname = 'organization_id' or (relname, attname) = ('organizations', 'id'))""",
        kinds,
    )
    return {row["relname"]: row["attname"] for row in rows}


async def owners(connection: asyncpg.Connection | Tx, table: str, column: str) -> set[object]:
    """Whose rows a query without a WHERE shows."""
    return {row[0] for row in await connection.fetch(f"select distinct {column} from {table}")}


async def rows_of(connection: asyncpg.Connection, clinic: Clinic) -> set[tuple[str, str]]:
    """Everything an organisation has, by a connection that sees over the wall."""
    return {
        (table, row["content"])
        for table, column in (await owned_relations(connection, "rp")).items()
        for row in await connection.fetch(
            f"select to_jsonb(t)::text as content from {table} t where {column} = $1", clinic.id
        )
    }
