"""What a webhook's body says, and what it leaves out: of files, of what was deleted, by format."""

import base64
from dataclasses import replace
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest

from casekeep.http.house import House
from casekeep.identity.model import Operator
from casekeep.kernel.ids import CaseId, DeliveryId, FileId, WebhookId, new_id
from casekeep.portal_api.webhook_bodies import WebhookBodies
from casekeep.webhooks.model import DocumentFormat, NewWebhook, Occurrence, WebhookEvent
from casekeep.webhooks.registering import add_webhook
from casekeep.webhooks.secrets import WebhookSecrets
from tests.support.clinician import PDF, add_file, open_case, root
from tests.support.house import SignedIn, signed_in_clinician
from tests.webhooks.test_addresses import answering

__all__ = ["root"]


@pytest.fixture
async def clinician_of(house: House) -> SignedIn:
    return await signed_in_clinician(house)


async def body(
    house: House,
    caller: SignedIn,
    event: WebhookEvent,
    case_id: str,
    *,
    file_id: str | None = None,
    stage: str | None = None,
    documents: DocumentFormat = DocumentFormat.NONE,
) -> dict[str, Any]:
    new = NewWebhook("a partner", "https://p.example/", (event,), documents)
    webhook, _ = await add_webhook(
        house.db,
        house.audit,
        WebhookSecrets(b"k" * 32),
        answering("8.8.8.8"),
        actor=Operator(caller.organization_id),
        new=new,
    )
    occurrence = Occurrence(
        caller.organization_id,
        WebhookId(webhook.id),
        DeliveryId(new_id()),
        event,
        CaseId(UUID(case_id)),
        None if file_id is None else FileId(UUID(file_id)),
        None,
        stage,
        documents,
    )
    return msgspec.json.decode(await WebhookBodies(house).write(occurrence))


async def test_a_case_and_the_status_it_was_changed_to(
    house: House, root: httpx.AsyncClient, clinician_of: SignedIn
) -> None:
    case = (await open_case(root, clinician_of.headers))["case"]
    told = await body(
        house, clinician_of, WebhookEvent.STAGE_CHANGED, case["case_id"], stage="APPROVED"
    )
    assert list(told) == ["event", "payload"]
    assert told["event"] == "CHANGE_CASE_STATUS"
    assert list(told["payload"]) == ["case"]
    assert told["payload"]["case"]["id"] == case["case_id"]
    assert told["payload"]["case"]["status"] == "APPROVED"
    opened = await body(house, clinician_of, WebhookEvent.CASE_OPENED, case["case_id"])
    assert opened["payload"]["case"]["status"] == "OPEN"


@pytest.mark.parametrize("documents", list(DocumentFormat))
async def test_a_file_in_each_format(
    house: House, root: httpx.AsyncClient, clinician_of: SignedIn, documents: DocumentFormat
) -> None:
    house = replace(house, public_url="https://casekeep.test")
    headers = clinician_of.headers
    case = (await open_case(root, headers))["case"]
    file = (await add_file(root, headers, case["id"])).json()["file"]["file_id"]
    told = await body(
        house,
        clinician_of,
        WebhookEvent.FILE_ADDED,
        case["case_id"],
        file_id=file,
        documents=documents,
    )
    shown = told["payload"]["attachment"]
    assert list(told["payload"]) == ["attachment", "case"]
    assert (shown["id"], shown["fileName"], shown["isDeleted"]) == (file, "report.pdf", False)
    given = {name: shown[name] for name in ("content", "url") if name in shown}
    if documents is DocumentFormat.BASE64:
        assert given == {"content": base64.b64encode(PDF).decode()}
    elif documents is DocumentFormat.URL:
        assert list(given) == ["url"]
        answer = await root.get(given["url"])
        assert (answer.status_code, answer.content) == (200, PDF)
    else:
        assert given == {}


async def test_a_removed_file_is_told_without_its_bytes(
    house: House, root: httpx.AsyncClient, clinician_of: SignedIn
) -> None:
    headers = clinician_of.headers
    case = (await open_case(root, headers))["case"]
    file = (await add_file(root, headers, case["id"])).json()["file"]["file_id"]
    await root.delete(f"/cases/file/{file}", headers=headers)
    told = await body(
        house,
        clinician_of,
        WebhookEvent.FILE_REMOVED,
        case["case_id"],
        file_id=file,
        documents=DocumentFormat.BASE64,
    )
    shown = told["payload"]["attachment"]
    assert (shown["id"], shown["isDeleted"]) == (file, True)
    assert "content" not in shown


async def test_what_is_gone_is_told_by_its_id(
    house: House, root: httpx.AsyncClient, clinician_of: SignedIn
) -> None:
    headers = clinician_of.headers
    case = (await open_case(root, headers))["case"]
    file = (await add_file(root, headers, case["id"])).json()["file"]["file_id"]
    await root.delete(f"/cases/cases/{case['id']}", headers=headers)
    told = await body(
        house,
        clinician_of,
        WebhookEvent.FILE_ADDED,
        case["case_id"],
        file_id=file,
        documents=DocumentFormat.BASE64,
    )
    assert told["payload"] == {
        "attachment": {"id": file, "isDeleted": True},
        "case": {"id": case["case_id"], "isDeleted": True},
    }
