"""Walks the calls of a document as somebody who has no right to what they ask for, and tells what
an answer gives away.
"""

import base64
import binascii
import os
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from uuid import UUID

import httpx

from casekeep.files.links import Links
from casekeep.identity.model import Audience, Patient, Role
from casekeep.kernel.ids import FileId, OrganizationId
from tests.support.filling import Filled, fill
from tests.support.house import SignedIn
from tests.support.openapi import Call, broken_promises
from tests.support.tenant import Clinic
from tests.support.words import absent

EVERYTHING = bool(os.environ.get("WALK_EVERYTHING"))
REFUSED = {400, 401, 403, 404, 422}
_CODED = re.compile(rb"[A-Za-z0-9+/_-]{24,}")
_DIFFERS = {"date", "content-length", "x-request-id"}
Forge = Callable[[str], str]
"""Makes a proof for a signed URL out of a file's id."""


@dataclass(frozen=True)
class Caller:
    """Somebody with a live sign-in of an edge. `of_the_clinic`: whether in the walked one."""

    who: SignedIn
    audience: Audience
    of_the_clinic: bool

    async def headers(self) -> dict[str, str]:
        """Headers of a new sign-in, since the walk also comes by the calls that end one."""
        tokens = await self.who.house.sign_in.open_for(self.who.user, self.audience)
        return self.who.with_headers(authorization=f"Bearer {tokens.access_token}")

    def may_call(self, call: Call) -> bool:
        """Whether the caller has a right to it: the key is that of the clinic's own software, which
        sees every case there and serves everybody of the clinic, and administrators look after it.
        """
        looks_after = self.who.user.role is Role.ADMIN and call.path.startswith("/admin/")
        return self.of_the_clinic and (call.proof == {"apiKey"} or looks_after)

    def may_notice(self, asked: Filled) -> bool:
        """Whether the answer may tell that a thing is there: within a clinic a phone number is one
        person's, so whoever wants it for themselves finds that it is taken; never by whom.
        """
        own_number = str(asked.call) == "PATCH /api/v1/users/me" and "phoneNumber" in asked.body
        return self.of_the_clinic and own_number


@dataclass
class Walk:
    """One walk of a caller through the things of a clinic; what was wrong with it so far."""

    client: httpx.AsyncClient
    clinic: Clinic
    words: set[str]
    headers: Callable[[], Awaitable[Mapping[str, str]]]
    complaints: list[str]
    succeeded: int = 0
    own: set[str] = field(default_factory=set[str])
    """How people of their own are reached whom the caller made, as those of the clinic are."""

    async def ask(self, real: Filled, nothing: Filled, *, alike: bool = True) -> None:
        """Ask for a thing of the clinic, and for one that does not exist. `alike`: whether the two
        answers must be.
        """
        answer = await real.send(self.client, await self.headers())
        other = await nothing.send(self.client, await self.headers())
        self.succeeded += answer.is_success
        found = leaks(answer, self.words - self.own, real)
        if found:
            self.complain(real, answer, f"gives away {found}")
        if not answer.is_success and answer.status_code not in REFUSED:
            self.complain(real, answer, "is no refusal")
        if alike and told(answer, real) != told(other, nothing):
            self.complain(real, answer, f"differs from {told(other, nothing)}")
        self.complaints.extend(broken_promises(real.call, answer))
        if answer.is_success:
            said = {real.names["email"], real.names["phone_number"]}
            self.own |= {each for each in said if each in real.sent()}

    def complain(self, asked: Filled, answer: httpx.Response, text: str) -> None:
        self.complaints.append(f"{asked}: {answer.status_code} {answer.text[:200]!r} {text}")


def requests(call: Call, clinic: Clinic, forges: list[Forge]) -> Iterator[tuple[Filled, Filled]]:
    """Every different request for a thing of the clinic, beside the same for nothing: each thing is
    asked for with the least and with the most that a call takes, and each form between them is sent
    for one thing, or for every one of them with WALK_EVERYTHING.
    """
    seen: set[str] = set()
    # A token of the other contract: real, and worth nothing here.
    portal = call.path.startswith("/api/v1/")
    token = (clinic.clinician if portal else clinic.patient).tokens.refresh_token
    signed = any(each["name"] == "token" for each in call.parameters("query"))
    things = list(clinic.names(token))
    for turn, names in enumerate(things):
        for forge in forges if signed else forges[:1]:
            nothing = absent(names)
            real = fill(call, {**names, "token": forge(names["file_id"])})
            unreal = fill(call, {**nothing, "token": forge(nothing["file_id"])})
            for place, (each, other) in enumerate(zip(real, unreal, strict=True)):
                its_turn = EVERYTHING or (place + turn) % len(things) == 0
                if each.sent() in seen or not (its_turn or place in {0, len(real) - 1}):
                    continue
                seen.add(each.sent())
                yield each, other


def forges(clinic: Clinic, stranger: Patient, elsewhere: OrganizationId) -> list[Forge]:
    """Links nobody was given: the house's own for the stranger and for the patient in an
    organisation elsewhere, and others with no signature that counts.
    """
    house, patient = clinic.house, clinic.patient.patient()
    mixture = Patient(elsewhere, patient.user_id)
    return [
        lambda file_id: house.links.sign(stranger, FileId(UUID(file_id))),
        lambda file_id: house.links.sign(mixture, FileId(UUID(file_id))),
        lambda file_id: Links(b"another secret of thirty-two bytes").sign(
            patient, FileId(UUID(file_id))
        ),
        lambda file_id: unsigned(house.links.sign(patient, FileId(UUID(file_id)))),
    ]


def unsigned(token: str) -> str:
    """The claims of a JWT under the algorithm `none`."""
    head = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').decode().rstrip("=")
    return f"{head}.{token.split('.')[1]}."


def leaks(answer: httpx.Response, words: set[str], asked: Filled) -> list[str]:
    """Words in the answer that were not in the question, base64 in it read too."""
    raw = answer.content + b" " + b" ".join(v for pair in answer.headers.raw for v in pair)
    pieces = [raw, *(_decoded(each) for each in _CODED.findall(raw))]
    text = b" ".join(pieces).decode("latin-1")
    sent = asked.sent()
    return sorted(word for word in words if word in text and word not in sent)


def told(answer: httpx.Response, asked: Filled) -> tuple[int, str]:
    """What an answer says, with what was asked for left out. Of an act that succeeded only that."""
    if answer.is_success and asked.call.method not in {"GET", "HEAD"}:
        return answer.status_code, ""
    headers = sorted((k, v) for k, v in answer.headers.items() if k not in _DIFFERS)
    text = f"{answer.text} {headers}"
    for name, value in sorted(asked.names.items(), key=lambda each: -len(each[1])):
        text = text.replace(value, f"<{name}>")
    return answer.status_code, text


def _decoded(coded: bytes) -> bytes:
    try:
        whole = coded.translate(bytes.maketrans(b"-_", b"+/"))
        return binascii.a2b_base64(whole[: len(whole) // 4 * 4])
    except binascii.Error:
        return b""
