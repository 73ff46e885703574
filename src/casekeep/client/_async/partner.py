"""The partner calls: what the software of an organisation does with its key alone."""

import os
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Literal, Unpack
from uuid import UUID

import httpx

from ..arriving import target_of
from ..asking import camel, present, texts
from ..clinician_shapes import Stage
from ..partner_shapes import (
    About,
    Answer,
    Author,
    CaseAnswer,
    CasesAnswer,
    Communication,
    CommunicationAnswer,
    DetailAnswer,
    FileContent,
    Form,
    Known,
    KnownAnswer,
    LatestAnswer,
    PartnerCase,
    PartnerCaseRef,
    PartnerFile,
    PartnerUser,
    Question,
    ShippingAddress,
    UserAnswer,
    UsersAnswer,
    answers_with_file,
    partner_case_id_of,
)
from ..patient_shapes import Gender
from ..repeating import REPEATS, Repeats
from ..sources import Progress, json_body
from ..spans import cut
from .base import AsyncConnection
from .calling import TIMEOUT, Call
from .downloading import Asking, download

_API = "api/v1"


class AsyncPartnerClient(AsyncConnection):
    """An organisation's own view of one server, by its `api_key`. The other arguments are those of
    the clinician's client.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        timeout: httpx.Timeout | float = TIMEOUT,
        repeats: Repeats = REPEATS,
        http: httpx.AsyncClient | None = None,
    ) -> None:
        super().__init__(base_url, http=http, timeout=timeout, repeats=repeats)
        self._api_key = api_key

    async def open_case(
        self,
        *,
        first_name: str,
        last_name: str,
        email: str,
        questions: Sequence[Question | Answer],
        form_title: str | None = None,
        form_description: str | None = None,
        form_id: UUID | None = None,
        dob: date | None = None,
        gender: Gender | None = None,
        phone_number: str | None = None,
        shipping_address: ShippingAddress | None = None,
        language_preferences: Sequence[str] | None = None,
        status: Literal["OPEN", "ABANDONED"] | None = None,
        idempotency_key: str | None = None,
    ) -> PartnerCase:
        """Open a case with a filled-in form: of a title (`Question`s), or one that exists (its id
        and `Answer`s). With an `idempotency_key` the call is repeated when the connection breaks:
        the second answers with the case of the first. Raises Refused.
        """
        said = present(
            firstName=first_name,
            lastName=last_name,
            email=email,
            questions=list(questions),
            formTitle=form_title,
            formDescription=form_description,
            formId=form_id,
            dob=dob,
            gender=gender,
            phoneNumber=phone_number,
            shippingAddress=shipping_address,
            languagePreferences=language_preferences,
            status=status,
            idempotencyKey=idempotency_key,
        )
        call = self._call(
            "POST",
            f"{_API}/dynamic-case",
            json_body(said, has_files=any(map(answers_with_file, questions))),
            repeatable=idempotency_key is not None,
        )
        return (await self._caller.read(call, CaseAnswer)).data.case

    async def cases(
        self,
        start: datetime,
        end: datetime,
        *,
        statuses: Sequence[Stage] = (),
        files: Form | None = None,
        page_size: int = 100,
    ) -> AsyncIterator[PartnerCase]:
        """The organisation's cases that were opened from `start` on and before `end`, newest first.
        The two may be far apart: the server is asked for 60 days at a time. `files`: how the bytes
        of files come along, if they are to.
        """
        query = _bytes(files) | texts(status=",".join(statuses) or None, recordsPerPage=page_size)
        for since, until in cut(start, end):
            span = query | texts(startTime=since, endTime=until)
            after: str | None = None
            while True:
                call = self._call("GET", f"{_API}/cases", query=span | texts(after=after))
                page = (await self._caller.read(call, CasesAnswer)).data
                for case in page.cases:
                    yield case
                after = page.page_info.cursor.end
                if not page.page_info.has_next_page:
                    break

    async def case(
        self,
        case: PartnerCaseRef | None = None,
        *,
        email: str | None = None,
        files: Form | None = None,
    ) -> PartnerCase:
        """A case whole: this one, or the newest of the patient with that email. Raises NotFound."""
        query = texts(
            caseId=None if case is None else partner_case_id_of(case),
            email=email,
        )
        call = self._call("GET", f"{_API}/customer-case-detail", query=query | _bytes(files))
        return (await self._caller.read(call, DetailAnswer)).case_detail

    async def latest_case_id(self, email: str) -> UUID:
        """The id of the newest case of the patient with that email. Raises NotFound."""
        call = self._call("GET", f"{_API}/customer-latest-case-id", query={"email": email})
        return (await self._caller.read(call, LatestAnswer)).case.id

    async def add_communication(
        self,
        case: PartnerCaseRef,
        text: str,
        author: Author,
        *,
        is_restricted: bool = False,
        webhook_notify: bool = True,
        files: Sequence[FileContent] = (),
    ) -> Communication:
        """Say something in a case, with files. Raises NotFound, Refused."""
        said = {
            "text": text,
            "isRestricted": is_restricted,
            "webhookNotify": webhook_notify,
            "author": author,
            "attachments": list(files),
        }
        said = {"action": "ADD_COMMUNICATION", "communication": said}
        body = json_body(said, has_files=bool(files))
        call = self._call("POST", f"{_API}/cases/{partner_case_id_of(case)}", body)
        return (await self._caller.read(call, CommunicationAnswer)).data.communication

    async def download(
        self,
        file: PartnerFile,
        to: str | os.PathLike[str],
        *,
        progress: Progress | None = None,
    ) -> Path:
        """Bring a file that came with a `url` to a path or into a folder, as the other clients do;
        the key does not go there. Raises ValueError without a `url`, and NotFound, Unreachable,
        DownloadBroken, DigestMismatch.
        """
        if file.url is None:
            raise ValueError("ask for the case with files='url'")
        call = Call("GET", file.url)

        async def locate() -> Asking:
            return lambda asked: self._caller.answer(replace(call, headers=asked))

        return await download(locate, target_of(to, file.file_name), progress, self._repeats)

    async def users(
        self,
        *,
        email: str | None = None,
        phone_number: str | None = None,
        page_size: int = 100,
    ) -> AsyncIterator[PartnerUser]:
        """The organisation's users, or the one of that email or phone; fetched `page_size` at a
        time while they are looked at.
        """
        query = texts(email=email, phoneNumber=phone_number, limit=page_size)
        after: str | None = None
        while True:
            call = self._call("GET", f"{_API}/users", query={**query, **texts(after=after)})
            page = (await self._caller.read(call, UsersAnswer)).data
            for user in page.users:
                yield user
            after = page.page_info.end_cursor
            if not page.page_info.has_next_page:
                return

    async def create_user(self, email: str, **about: Unpack[About]) -> PartnerUser:
        """Make an account for a patient. Raises Refused."""
        return await self._act_on_user("CREATE_USER", email, about)

    async def update_user(self, email: str, **about: Unpack[About]) -> PartnerUser:
        """Change what is given of the user with that email. Raises NotFound, Refused: for names,
        dob and gender also while somebody works on a case of theirs.
        """
        return await self._act_on_user("UPDATE_PROFILE", email, about)

    async def check_user(
        self, *, email: str | None = None, phone_number: str | None = None
    ) -> Known:
        """Whether the organisation has a user of that email, or of that phone."""
        query = {"email": email, "phone-number": phone_number}
        call = self._call("GET", f"{_API}/check-user", query=texts(**query))
        return (await self._caller.read(call, KnownAnswer)).data

    async def _act_on_user(self, action: str, email: str, about: About) -> PartnerUser:
        said = {"email": email, **{camel(name): value for name, value in about.items()}}
        call = self._call("POST", f"{_API}/users", json_body({"action": action, "data": said}))
        return (await self._caller.read(call, UserAnswer)).data

    def _headers(self) -> Mapping[str, str]:
        return {"cv-api-key": self._api_key}


def _bytes(files: Form | None) -> dict[str, str]:
    """How a query asks for the bytes of files."""
    return {} if files is None else {"includeAttachments": "true", "documentFormat": files}
