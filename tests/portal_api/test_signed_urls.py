"""Signed URLs: bytes without a header, for fifteen minutes."""

import base64
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import httpx
import pytest

from casekeep.files.links import Links
from casekeep.http.house import House
from casekeep.identity.model import Patient
from casekeep.kernel.ids import FileId, OrganizationId, UserId
from casekeep.portal_api.app import build_app
from tests.support.house import LINK_SECRET, SignedIn, ago, client, signed_in_patient
from tests.support.portal import FILES, NO_FILE, NOT_VALID, refusal, success

CONTENT = b"%PDF-1.7\n" + bytes(range(256)) * 20 + b"%%EOF\n"
CONTENT_PATH = "/api/v1/files/content"


@pytest.fixture
async def patient(house: House) -> SignedIn:
    return await signed_in_patient(house)


async def uploaded(portal: httpx.AsyncClient, patient: SignedIn, name: str = "report.pdf") -> str:
    """The id of a file that the patient has added to a case."""
    body = {
        "name": name,
        "data": base64.b64encode(CONTENT).decode(),
        "mimeType": "application/pdf",
        "caseId": str((await patient.case()).id),
    }
    file_id: str = success(
        await portal.post(f"{FILES}/upload", headers=patient.headers, json=body)
    )["id"]
    return file_id


async def signed(portal: httpx.AsyncClient, patient: SignedIn, file_id: str) -> str:
    answer = await portal.get(f"{FILES}/{file_id}/download", headers=patient.headers)
    url: str = success(answer)["downloadUrl"]
    return url


async def test_the_url_gives_the_bytes_without_any_header(
    portal: httpx.AsyncClient, patient: SignedIn
) -> None:
    file_id = await uploaded(portal, patient)

    answer = await portal.get(f"{FILES}/{file_id}/download", headers=patient.headers)
    link = success(answer)
    got = await portal.get(link["downloadUrl"])

    assert list(link) == ["downloadUrl", "fileName", "expiresIn"]
    assert (link["fileName"], link["expiresIn"]) == ("report.pdf", 900)
    assert got.status_code == 200
    assert got.content == CONTENT
    assert got.headers["content-type"] == "application/pdf"
    assert got.headers["content-disposition"] == 'attachment; filename="report.pdf"'
    assert got.headers["cache-control"] == "no-store"
    assert got.headers["x-content-type-options"] == "nosniff"


async def test_a_name_in_any_script_is_the_name_of_the_download(
    portal: httpx.AsyncClient, patient: SignedIn
) -> None:
    url = await signed(portal, patient, await uploaded(portal, patient, "検査 “2”.pdf"))

    disposition = (await portal.get(url)).headers["content-disposition"]

    assert "filename*=UTF-8''%E6%A4%9C%E6%9F%BB%20%E2%80%9C2%E2%80%9D.pdf" in disposition


async def test_a_renamed_file_downloads_under_its_new_name(
    portal: httpx.AsyncClient, patient: SignedIn
) -> None:
    file_id = await uploaded(portal, patient)
    url = await signed(portal, patient, file_id)

    await portal.patch(
        f"{FILES}/{file_id}/metadata", headers=patient.headers, json={"fileName": "new.pdf"}
    )

    disposition = (await portal.get(url)).headers["content-disposition"]
    assert disposition == 'attachment; filename="new.pdf"'


async def test_ranges_heads_and_validators(portal: httpx.AsyncClient, patient: SignedIn) -> None:
    url = await signed(portal, patient, await uploaded(portal, patient))

    part = await portal.get(url, headers={"range": "bytes=5-14"})
    assert (part.status_code, part.content) == (206, CONTENT[5:15])
    assert part.headers["content-range"] == f"bytes 5-14/{len(CONTENT)}"
    beyond = await portal.get(url, headers={"range": f"bytes={len(CONTENT)}-"})
    assert beyond.status_code == 416
    head = await portal.head(url)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(CONTENT))
    same = await portal.get(url, headers={"if-none-match": head.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")


async def test_the_url_is_on_the_origin_that_people_use(
    house: House, portal: httpx.AsyncClient, patient: SignedIn
) -> None:
    file_id = await uploaded(portal, patient)

    assert (await signed(portal, patient, file_id)).startswith("https://casekeep.test/api/v1/")
    public = replace(house, public_url="https://files.clinic.example")
    async with client(build_app(public)) as behind_a_proxy:
        url = await signed(behind_a_proxy, patient, file_id)
    assert url.startswith("https://files.clinic.example/api/v1/")


async def test_the_token_stands_in_the_query_only(
    portal: httpx.AsyncClient, patient: SignedIn
) -> None:
    """The house never logs a query string; a path it may."""
    url = urlsplit(await signed(portal, patient, await uploaded(portal, patient)))

    assert url.path == CONTENT_PATH
    assert list(parse_qs(url.query, strict_parsing=True)) == ["token"]


async def test_a_link_expires_after_fifteen_minutes(
    portal: httpx.AsyncClient, patient: SignedIn
) -> None:
    file_id = await uploaded(portal, patient)

    async def status(**time: float) -> int:
        token = link(patient, file_id, **time)
        return (await portal.get(CONTENT_PATH, params={"token": token})).status_code

    assert await status(minutes=14, seconds=50) == 200
    assert await status(minutes=15, seconds=1) == 404


async def test_a_link_dies_with_its_file(portal: httpx.AsyncClient, patient: SignedIn) -> None:
    file_id = await uploaded(portal, patient)
    url = await signed(portal, patient, file_id)
    assert (await portal.get(url)).status_code == 200

    await portal.delete(f"{FILES}/{file_id}", headers=patient.headers)

    assert refusal(await portal.get(url)) == NO_FILE


async def test_a_link_dies_with_its_user(
    house: House, portal: httpx.AsyncClient, patient: SignedIn
) -> None:
    url = await signed(portal, patient, await uploaded(portal, patient))

    async with house.db.transaction(patient.organization_id) as tx:
        await tx.execute("update users set disabled_at = now() where id = $1", patient.user.id)

    assert refusal(await portal.get(url)) == NO_FILE


async def test_a_link_for_somebody_elses_file_gives_nothing(
    house: House, portal: httpx.AsyncClient, patient: SignedIn
) -> None:
    """Even one that was signed: the decision about the file is made again."""
    file_id = await uploaded(portal, patient)
    neighbour = await signed_in_patient(house, patient.organization_id)
    stranger = await signed_in_patient(house)

    for other in (neighbour, stranger):
        asked = await portal.get(f"{FILES}/{file_id}/download", headers=other.headers)
        assert refusal(asked) == NO_FILE
        query = {"token": link(other, file_id)}
        assert refusal(await portal.get(CONTENT_PATH, params=query)) == NO_FILE


async def test_a_link_that_proves_nothing(portal: httpx.AsyncClient, patient: SignedIn) -> None:
    token = link(patient, await uploaded(portal, patient))
    forged = [token[:-2], token + "x", "", "nonsense", patient.tokens.access_token, "a" * 9000]

    for each in forged:
        assert refusal(await portal.get(CONTENT_PATH, params={"token": each})) == NO_FILE


@pytest.mark.parametrize("query", ["", "?tokens=x", "?token=a&token=b"])
async def test_a_url_without_exactly_one_token_is_refused(
    portal: httpx.AsyncClient, query: str
) -> None:
    assert refusal(await portal.get(CONTENT_PATH + query)) == NOT_VALID


async def test_opening_is_recorded(
    house: House, portal: httpx.AsyncClient, patient: SignedIn
) -> None:
    file_id = await uploaded(portal, patient)

    await portal.get(await signed(portal, patient, file_id))

    async with house.db.transaction(patient.organization_id) as tx:
        opened = await tx.fetch(
            """select actor_id, file_id from audit_events
               where organization_id = $1 and action = 'file.opened' and outcome = 'done'""",
            patient.organization_id,
        )
    assert [(each["actor_id"], str(each["file_id"])) for each in opened] == [
        (patient.user.id, file_id)
    ]


async def test_a_url_is_recorded_before_it_is_told(
    house: House, portal: httpx.AsyncClient, patient: SignedIn
) -> None:
    file_id = await uploaded(portal, patient)

    await signed(portal, patient, file_id)

    async with house.db.transaction(patient.organization_id) as tx:
        linked = await tx.fetch(
            """select actor_id, file_id from audit_events
               where organization_id = $1 and action = 'file.linked' and outcome = 'done'""",
            patient.organization_id,
        )
    assert [(each["actor_id"], str(each["file_id"])) for each in linked] == [
        (patient.user.id, file_id)
    ]


async def test_a_url_into_an_organisation_that_is_gone_gives_nothing(
    portal: httpx.AsyncClient,
) -> None:
    nobody = Patient(OrganizationId(uuid4()), UserId(uuid4()))
    token = Links(LINK_SECRET).sign(nobody, FileId(uuid4()))

    assert refusal(await portal.get(CONTENT_PATH, params={"token": token})) == NO_FILE


def link(patient: SignedIn, file_id: str, **time: float) -> str:
    """A link signed for the patient, some time ago."""
    actor = patient.patient()
    return Links(LINK_SECRET, ago(**time)).sign(actor, FileId(UUID(file_id)))
