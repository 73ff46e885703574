"""A furnished clinic whose every word is a random one, so that a single one of them is told apart
anywhere; what all its rows say; and the names by which a stranger may ask for its things.
"""

import base64
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import cycle
from typing import Any
from uuid import UUID

import httpx

from casekeep.http.house import House
from casekeep.identity.model import Audience, Role
from casekeep.kernel.ids import FileId, OrganizationId
from tests.support.clinician import JPEG, add_file, open_case
from tests.support.damage import note_damage
from tests.support.ends import destroyed_file, placed_hold
from tests.support.factories import make_organization
from tests.support.filling import CONTENT, Names
from tests.support.house import (
    PASSWORD,
    SignedIn,
    make_account,
    signed_in_clinician,
    signed_in_patient,
)
from tests.support.partner import CASES, OPEN, body, question
from tests.support.partner import file as sent_file
from tests.support.portal import FILES, USERS, success
from tests.support.told import everything_told, first_delivery
from tests.support.tus import PORTAL, Sender
from tests.support.words import SAID, digest_of, in_our_time, phone, word

_WORD = re.compile(r"zq[0-9a-f]{12}")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DIGEST = re.compile(r"(?<=\\x)[0-9a-f]{64}")
_NOT_COMPARED = {"audit_events", "audit_seals", "rate_limits"}
"""Tables that a refusal may write to: it is recorded, and it is counted."""

Row = tuple[str, str]


@dataclass(frozen=True)
class Stored:
    """One file of the clinic. `url`: by what a clinician fetches it; none if it is removed."""

    id: str
    name: str
    content: bytes
    url: str | None

    @property
    def path_name(self) -> str:
        """The name in its URL, or its label where the URL has no more than its id."""
        last = (self.url or "").rpartition("/")[2]
        return self.name if last in {"", self.id} else last


@dataclass(frozen=True)
class Clinic:
    """The furnished clinic."""

    house: House
    organization_id: OrganizationId
    clinician: SignedIn
    patient: SignedIn
    case_number: str
    case_id: str
    files: tuple[Stored, ...]
    cursor: str
    removed_case: str
    removed_number: str
    removed_file: Stored
    administrator: SignedIn
    webhook: str
    delivery: str
    """One of the webhook's."""
    spoken: str
    """A word of the case's summary."""
    form_id: str
    question_id: str
    uploads: tuple[str, ...]
    """Unfinished ones of its clinician and of its patient, without a byte yet."""
    hold: str
    """On the removed file."""
    destroyed: Stored

    async def rows(self) -> set[Row]:
        """Table and content of every row, of every table that has an organisation."""
        async with self.house.db.transaction(self.organization_id) as tx:
            tables = await tx.fetch(
                """select table_name, column_name from information_schema.columns
                   where table_schema = 'public'
                     and (column_name = 'organization_id'
                          or (table_name, column_name) = ('organizations', 'id'))"""
            )
            return {
                (table, row["content"])
                for table, column in tables
                if table not in _NOT_COMPARED
                for row in await tx.fetch(
                    f"select to_jsonb(t)::text as content from {table} t where {column} = $1",
                    self.organization_id,
                )
            }

    async def words(self) -> set[str]:
        """Everything of the clinic that nobody else may ever read."""
        text = " ".join(content for _, content in await self.rows())
        found = {*_WORD.findall(text), *_UUID.findall(text), *_DIGEST.findall(text)}
        found |= {digest_of(bytes.fromhex(each)) for each in _DIGEST.findall(text)}
        found |= {
            self.case_number,
            self.removed_number,
            self.cursor,
            str(self.clinician.user.phone),
        }
        found |= {str(self.patient.user.phone), str(self.patient.key)}
        for each in (self.clinician, self.patient, self.administrator):
            found |= {each.tokens.access_token, each.tokens.refresh_token}
        return found

    def names(self, refresh_token: str) -> Iterator[Names]:
        """By what a stranger asks for each of its files, with each kind of its ids."""
        ids = cycle((self.case_id, *self.people(), self.files[0].id, self.case_number))
        people, uploads = cycle((self.patient.user, self.clinician.user)), cycle(self.uploads)
        asked = [(file, case) for file in self.files for case in (self.case_id, self.case_number)]
        removed = (self.removed_case, self.removed_number)
        gone = [(file, case) for file in (self.removed_file, self.destroyed) for case in removed]
        for file, case in (*asked, *gone):
            person = next(people)
            yield {
                "case_id": case,
                "file_id": file.id,
                "name": file.path_name,
                "user_id": str(self.clinician.user.id),
                "email": str(person.email),
                "patient_email": str(self.patient.user.email),
                "phone_number": str(person.phone),
                "patient_phone": str(self.patient.user.phone),
                "after": self.cursor,
                "search": self.spoken,
                "webhook_id": self.webhook,
                "delivery_id": self.delivery,
                "hold_id": self.hold,
                "form_id": self.form_id,
                "question_id": self.question_id,
                "upload_id": next(uploads),
                "any id": next(ids),
                "refresh_token": refresh_token,
                **in_our_time(),
                **SAID,
            }

    async def check_bytes(self, clinician: httpx.AsyncClient) -> None:
        """Its files are still there, byte by byte."""
        for file in self.files:
            if file.url:
                answer = await clinician.get(file.url, headers=self.clinician.headers)
                assert (answer.status_code, answer.content) == (200, file.content)

    def people(self) -> tuple[str, str]:
        """The ids of its clinician and its patient."""
        return str(self.clinician.user.id), str(self.patient.user.id)

    def link(self, file_id: str) -> str:
        """The proof in a signed URL of the patient's."""
        return self.house.links.sign(self.patient.patient(), FileId(UUID(file_id)))


_WORDS_OF_A_PROFILE = (
    "address",
    "address2",
    "city",
    "state",
    "allergies",
    "healthConditions",
    "currentMedications",
)


async def furnish(house: House, clinician: httpx.AsyncClient, portal: httpx.AsyncClient) -> Clinic:
    """A clinic with a case, its people, a file of each way by which one can come, and a case and a
    file that were removed.
    """
    organization_id = await _organization(house)
    doctor = await signed_in_clinician(house, organization_id, **_person(), password=PASSWORD)
    patient = await signed_in_patient(house, organization_id, **_person())
    webhook, spoken = await everything_told(house, organization_id, word), word()
    await _say_all(portal, patient)
    made = await open_case(
        clinician,
        doctor.headers,
        ("lab_files", f"{word()}.pdf", _pdf()),
        ("radiology_files", f"{word()}.jpg", JPEG + word().encode()),
        patient_name=f"Pat {word()}",
        case_summary=f"Summary {spoken}",
        patient_gender=word(),
        patient_email=str(patient.user.email),
    )
    added = await add_file(
        clinician, doctor.headers, made["case"]["id"], name=f"{word()}.pdf", content=_pdf()
    )
    assert added.status_code == 201
    await _upload(portal, patient, made["case"]["case_id"])
    general = await _upload(portal, patient, None)
    general = replace(general, url=f"/documents/{general.id}")
    listed = await clinician.get(f"/cases/files/{made['case']['id']}", headers=doctor.headers)
    files = [await _stored(clinician, doctor, each) for each in listed.json()["files"]]
    removed = await _remove(clinician, doctor, made["case"]["id"])
    destroyed = await destroyed_file(house, clinician, doctor, made["case"]["id"])
    form = await _submit(portal, patient, made["case"]["case_id"])
    await note_damage(house, organization_id, general.id)
    page = await portal.get(FILES, headers=patient.headers, params={"limit": "1"})
    return Clinic(
        house,
        organization_id,
        doctor,
        patient,
        str(made["case"]["id"]),
        made["case"]["case_id"],
        (*files, general),
        success(page)["pageInfo"]["endCursor"],
        *removed,
        await _administrator(house, organization_id),
        str(webhook.id),
        await first_delivery(house, webhook),
        spoken,
        *form,
        (
            await _begin(Sender(clinician, doctor.headers), case_id=str(made["case"]["id"])),
            await _begin(Sender(clinician, doctor.headers)),
            await _begin(Sender(portal, patient.headers, PORTAL), caseId=made["case"]["case_id"]),
        ),
        await placed_hold(house, organization_id, removed[2].id, f"Because {word()}"),
        Stored(destroyed, "gone.pdf", b"", None),
    )


async def _organization(house: House) -> OrganizationId:
    """One whose cases have numbers that are told apart anywhere."""
    organization_id = await make_organization(house.db, f"Clinic {word()}")
    async with house.db.transaction(organization_id) as tx:
        await tx.execute(
            "update organizations set last_case_number = $2 where id = $1",
            organization_id,
            10**8 + secrets.randbelow(9 * 10**8),
        )
    return organization_id


async def _begin(sender: Sender, **case: str) -> str:
    """The id of an upload that is to have the bytes of every request."""
    begun = await sender.begin(len(CONTENT), said={"filename": f"{word()}.pdf", **case})
    assert begun.status_code == 201, begun.text
    return begun.headers["location"].rpartition("/")[2]


async def _submit(portal: httpx.AsyncClient, patient: SignedIn, case_id: str) -> tuple[str, str]:
    """What a partner's software brings: another case of the patient, and words in the first one.
    The ids of the form and of its question.
    """
    headers = patient.with_headers(authorization=None)
    answered = body(
        email=patient.user.email,
        formTitle=f"Form {word()}",
        formDescription=f"About {word()}",
        questions=[question("TEXT", f"Answer {word()}", question=f"Question {word()}?")],
        idempotencyKey=word(),
    )
    case = success(await portal.post(OPEN, headers=headers, json=answered))["case"]
    said = {
        "text": f"Text {word()}",
        "author": {"email": f"{word()}@example.org", "firstName": word(), "lastName": word()},
        "attachments": [sent_file(f"{word()}.pdf", _pdf())],
    }
    act = {"action": "ADD_COMMUNICATION", "communication": said}
    success(await portal.post(f"{CASES}/{case_id}", headers=headers, json=act))
    (form,) = case["forms"]
    return form["form"]["id"], form["responses"][0]["question"]["id"]


async def _remove(
    client: httpx.AsyncClient, owner: SignedIn, case: object
) -> tuple[str, str, Stored]:
    """A case that was removed, by both its ids, and a file of `case` that was."""
    name = f"{word()}.pdf"
    made = await open_case(client, owner.headers, patient_name=f"Pat {word()}")
    added = await add_file(client, owner.headers, case, name=name, content=_pdf())
    file, gone = added.json()["file"], made["case"]
    for path in (f"/cases/file/{file['file_id']}", f"/cases/cases/{gone['id']}"):
        answer = await client.delete(path, headers=owner.headers)
        assert answer.status_code == 200, answer.text
    return gone["case_id"], str(gone["id"]), Stored(file["file_id"], name, b"", None)


async def _administrator(house: House, organization_id: OrganizationId) -> SignedIn:
    user = await make_account(house, organization_id, Role.ADMIN, **_person())
    tokens = await house.sign_in.open_for(user, Audience.CLINICIAN)
    headers = {"authorization": f"Bearer {tokens.access_token}"}
    return SignedIn(house, organization_id, user, tokens, None, headers)


def _person() -> dict[str, str | None]:
    return {
        "email": f"{word()}@example.org",
        "phone": phone(),
        "first_name": f"First {word()}",
        "last_name": f"Last {word()}",
    }


async def _say_all(portal: httpx.AsyncClient, patient: SignedIn) -> None:
    """Fill every field of the patient's profile."""
    said: dict[str, object] = {
        "postalCode": word(),
        "dob": "1931-07-13",
        "gender": "OTHER",
        "country": "ZQ",
        "communication": {"smsNotificationsDisabled": True},
        "languagePreferences": [f"Language {word()}"],
    }
    for name in _WORDS_OF_A_PROFILE:
        said[name] = f"{name} {word()}"
    body = {"action": "UPDATE_PROFILE", "data": {**said, "email": patient.user.email}}
    success(await portal.post(USERS, headers=patient.with_headers(authorization=None), json=body))


def _pdf() -> bytes:
    return b"%PDF-1.7\n% " + word().encode() + b"\n%%EOF\n"


async def _stored(client: httpx.AsyncClient, owner: SignedIn, file: dict[str, Any]) -> Stored:
    url = "/" + file["file_url"].removeprefix("/")
    content = await client.get(url, headers=owner.headers)
    assert content.status_code == 200
    return Stored(file["file_id"], file["file_name"], content.content, url)


async def _upload(portal: httpx.AsyncClient, patient: SignedIn, case_id: str | None) -> Stored:
    name, content = f"{word()}.pdf", _pdf()
    body = {
        "name": name,
        "data": base64.b64encode(content).decode(),
        "mimeType": "application/pdf",
        **({"caseId": case_id} if case_id else {}),
    }
    sent = await portal.post(f"{FILES}/upload", headers=patient.headers, json=body)
    return Stored(success(sent)["id"], name, content, None)
