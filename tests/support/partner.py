"""A partner's software for tests: its key, its usual acts, and what is kept of them."""

import base64
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx

from casekeep.http.house import House
from casekeep.identity.model import Partner
from casekeep.kernel.clock import utc_now
from casekeep.kernel.ids import OrganizationId
from tests.support.factories import make_organization
from tests.support.house import api_key
from tests.support.portal import success

PDF = b"%PDF-1.7\n1 0 obj << >> endobj\ntrailer << >>\n%%EOF\n"
CASES = "/api/v1/cases"
OPEN = "/api/v1/dynamic-case"
DETAIL = "/api/v1/customer-case-detail"
LATEST = "/api/v1/customer-latest-case-id"


@dataclass(frozen=True)
class Software:
    """A partner's software with a live key. `headers`: what it sends along."""

    house: House
    portal: httpx.AsyncClient
    organization_id: OrganizationId
    actor: Partner
    headers: dict[str, str]

    async def send_case(self, **changed: object) -> httpx.Response:
        """Open a case; `changed`: what its body says otherwise, or leaves out (None)."""
        return await self.portal.post(OPEN, headers=self.headers, json=body(**changed))

    async def opened(self, **changed: object) -> dict[str, Any]:
        """A case that was opened."""
        return success(await self.send_case(**changed))["case"]

    async def say(self, case_id: object, **changed: object) -> httpx.Response:
        """Say something in a case."""
        said = {"text": "All well.", "author": {"email": "nurse@example.org"}, **changed}
        body = {"action": "ADD_COMMUNICATION", "communication": said}
        return await self.portal.post(f"{CASES}/{case_id}", headers=self.headers, json=body)

    async def get(self, path: str, **query: str) -> httpx.Response:
        """A call that shows something."""
        return await self.portal.get(path, headers=self.headers, params=query)

    async def listed(self, **query: str) -> httpx.Response:
        """The cases of the last day."""
        return await self.get(CASES, **{**around_now(), **query})

    async def rows(self, *tables: str) -> tuple[int, ...]:
        """How many rows of each table there are of the organisation."""
        async with self.house.db.transaction(self.organization_id) as tx:
            return tuple(
                [
                    await tx.fetch_value(
                        f"select count(*) from {table} where organization_id = $1",
                        self.organization_id,
                    )
                    for table in tables
                ]
            )

    async def blobs(self) -> int:
        """How many files' bytes are kept, finished or not."""
        keys = self.house.blobs.keys()
        return len([each async for each in keys if each.organization_id == self.organization_id])

    async def events(self) -> list[tuple[str, str, str]]:
        """Action, outcome and kind of actor of every event, once those of lists are written."""
        async with self.house.db.transaction(self.organization_id) as tx:
            found = await tx.fetch(
                """select action, outcome, actor_kind from audit_events
                   where organization_id = $1 order by occurred_at, id""",
                self.organization_id,
            )
        return [tuple(row) for row in found]


async def software(
    house: House, portal: httpx.AsyncClient, organization_id: OrganizationId | None = None
) -> Software:
    """A partner's software; of a new organisation unless one is given."""
    organization_id = organization_id or await make_organization(house.db)
    key, secret = await api_key(house, organization_id)
    actor = Partner(organization_id, key.id)
    return Software(house, portal, organization_id, actor, {"cv-api-key": secret})


def body(**changed: object) -> dict[str, object]:
    """The body of a case; None leaves something out."""
    usual: dict[str, object] = {
        "firstName": "Pat",
        "lastName": "Example",
        "email": f"{uuid4().hex}@example.org",
        "formTitle": "Intake",
        "questions": [{"question": "How are you?", "type": "TEXT", "answer": "Well"}],
    }
    return {name: value for name, value in {**usual, **changed}.items() if value is not None}


def file(name: str = "scan.pdf", content: bytes = PDF, **more: object) -> dict[str, object]:
    """A file that is sent along."""
    return {"fileName": name, "content": base64.b64encode(content).decode(), **more}


def question(kind: str, answer: object, **more: object) -> dict[str, object]:
    """A question with its answer."""
    return {"question": f"A {kind}?", "type": kind, "answer": answer, **more}


def around_now() -> dict[str, str]:
    """The window of a list that holds what is opened now."""
    now = utc_now()
    return {
        "startTime": (now - timedelta(days=1)).isoformat(),
        "endTime": (now + timedelta(days=1)).isoformat(),
    }
