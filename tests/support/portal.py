"""The patient-portal edge for tests: its paths, a client of the real application, and rows with
every fact of a file under the test's control.
"""

import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import httpx
import pytest_asyncio

from casekeep.cases.model import CaseFacts
from casekeep.http.house import House
from casekeep.kernel.ids import FileId, UserId, new_id
from casekeep.portal_api.app import build_app
from tests.support.house import client

AUTH = "/api/v1/users/auth"
USERS = "/api/v1/users"
ME = "/api/v1/users/me"
CHECK_USER = "/api/v1/check-user"
FILES = "/api/v1/users/me/files"
NOON = datetime(2026, 4, 15, 12, 0, tzinfo=UTC)

NOT_VALID = (400, "Validation failed", "VALIDATION_ERROR")
NOT_PROVEN = (401, "Invalid or expired token", "VALIDATION_ERROR")
NO_CASE = (403, "You do not have access to this case", "VALIDATION_ERROR")
NO_FILE = (404, "File not found", "VALIDATION_ERROR")


@pytest_asyncio.fixture(scope="session")
async def portal(house: House) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the portal edge over the run's house."""
    async with client(build_app(house)) as opened:
        yield opened


def refusal(response: httpx.Response) -> tuple[int, str, str]:
    """Status, text and code of a refusal, after a look at its envelope."""
    body: dict[str, Any] = response.json()
    assert list(body) == ["status", "success", "error", "code"]
    assert body["status"] == response.status_code
    assert body["success"] is False
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "no-store"
    return response.status_code, body["error"], body["code"]


def success(response: httpx.Response) -> Any:
    """`data` of a success, after a look at its envelope."""
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    assert list(body) == ["status", "success", "data"]
    assert body["status"] == 200
    assert body["success"] is True
    assert response.headers["cache-control"] == "no-store"
    return body["data"]


def ids(response: httpx.Response) -> list[str]:
    """The ids of a list, in its order."""
    return [file["id"] for file in success(response)["files"]]


async def keep_row(
    house: House,
    case: CaseFacts,
    *,
    file_id: UUID | None = None,
    name: str = "lab-result.pdf",
    is_phi: bool = True,
    is_restricted: bool = False,
    uploaded_by: UserId | None = None,
    created_at: datetime = NOON,
    state: str = "stored",
    deleted: bool = False,
) -> FileId:
    """A file's row without bytes, in the case and for its patient."""
    file_id = FileId(file_id or new_id())
    async with house.db.transaction(case.organization_id) as tx:
        await tx.execute(
            """insert into files (id, organization_id, case_id, patient_id, name, url_path,
                                  media_type, size, sha256, is_phi, is_restricted, state, receiver,
                                  uploaded_by, created_at, deleted_at)
               values ($1, $2, $3, $4, $5, $6, 'application/pdf', 3, $7, $8, $9, $10, 0, $11, $12,
                       $13)""",
            file_id,
            case.organization_id,
            case.id,
            case.patient_id,
            name,
            f"/files/{case.number}/{secrets.token_hex(8)}",
            sha256(b"abc").digest(),
            is_phi,
            is_restricted,
            state,
            uploaded_by,
            created_at,
            created_at + timedelta(hours=1) if deleted else None,
        )
    return file_id
