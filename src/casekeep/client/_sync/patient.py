"""The portal contract as a patient's software uses it: codes, files, and the profile."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Unpack
from uuid import UUID

import httpx

from ..arriving import target_of
from ..asking import camel, present, texts
from ..patient_shapes import (
    FileAnswer,
    FileRef,
    Kind,
    Link,
    LinkAnswer,
    PageAnswer,
    Pair,
    PairAnswer,
    PatientFile,
    Profile,
    ProfileAnswer,
    ProfileChanges,
    ReceivedAnswer,
    ReceivedFile,
    file_id_of,
)
from ..repeating import REPEATS, Repeats
from ..sources import (
    FileToSend,
    Outgoing,
    Progress,
    Source,
    json_body,
    json_body_with_file,
    media_type_of,
)
from ..tokens import Held, OnTokens, Tokens, held_for
from .base import Connection
from .calling import TIMEOUT, Call
from .downloading import Asking, download
from .session import Session

_AUTH = "api/v1/users/auth"
_ME = "api/v1/users/me"
_FILES = f"{_ME}/files"


class PatientClient(Connection):
    """A patient's view of one server, through the software of the organisation whose `api_key` is
    given. The other arguments are those of the clinician's client.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        tokens: Tokens | None = None,
        on_tokens: OnTokens | None = None,
        timeout: httpx.Timeout | float = TIMEOUT,
        repeats: Repeats = REPEATS,
        http: httpx.Client | None = None,
    ) -> None:
        super().__init__(base_url, http=http, timeout=timeout, repeats=repeats)
        self._api_key = api_key
        self._session = Session(self._caller, self._renew, tokens, on_tokens)

    def close(self) -> None:
        """Let go of the connections. The sign-in stays: `logout` ends it."""
        self._session.close()
        super().close()

    @property
    def tokens(self) -> Tokens | None:
        """The tokens of the sign-in, if there is one."""
        return self._session.tokens

    def send_otp(self, *, email: str | None = None, phone_number: str | None = None) -> None:
        """Have a code sent, by mail or by text message. The answer never tells whether there is
        such an account. Raises Limited.
        """
        identifier = _identifier(email, phone_number)
        channel = "EMAIL" if phone_number is None else "SMS"
        body = json_body({**identifier, "channel": channel})
        self._caller.do(self._call("POST", f"{_AUTH}/send-otp", body))

    def verify_otp(
        self, code: str, *, email: str | None = None, phone_number: str | None = None
    ) -> None:
        """Sign in with the code that was sent there. Raises NotSignedIn, Limited."""
        body = json_body({**_identifier(email, phone_number), "code": code})
        call = self._call("POST", f"{_AUTH}/verify-otp", body)
        self._session.begin(_held((self._caller.read(call, PairAnswer)).data))

    def refresh(self) -> Tokens:
        """Trade the refresh token for a new pair now; calls do it by themselves when it is time."""
        return (self._session.renewed()).tokens

    def logout(self) -> None:
        """End the sign-in, here and on the server."""
        held = self._session.tokens
        if held is not None:
            body = json_body({"refresh_token": held.refresh_token})
            self._caller.do(self._call("POST", f"{_AUTH}/logout", body))
            self._session.end()

    def files(
        self,
        *,
        case_id: UUID | None = None,
        kind: Kind | None = None,
        page_size: int = 100,
    ) -> Iterator[PatientFile]:
        """The files of all cases of the patient, or of one, newest first; fetched `page_size` (at
        most 200) at a time while they are looked at. Raises Forbidden for another's case.
        """
        query = texts(caseId=None if case_id is None else str(case_id), type=kind, limit=page_size)
        after: str | None = None
        while True:
            call = self._call("GET", _FILES, query={**query, **texts(after=after)})
            page = (self._session.read(call, PageAnswer)).data
            yield from page.files
            after = page.page_info.end_cursor
            if not page.page_info.has_next_page:
                return

    def file(self, file: FileRef) -> PatientFile:
        """What is known of one file. Raises NotFound."""
        call = self._call("GET", f"{_path(file)}/metadata")
        return (self._session.read(call, FileAnswer)).data

    def link(self, file: FileRef) -> Link:
        """A URL that gives the bytes to whoever has it, for a while. Raises NotFound."""
        call = self._call("GET", f"{_path(file)}/download")
        return (self._session.read(call, LinkAnswer)).data

    def upload(
        self,
        source: Source,
        *,
        name: str | None = None,
        media_type: str | None = None,
        case_id: UUID | None = None,
        progress: Progress | None = None,
    ) -> ReceivedFile:
        """Add a file to one of the patient's cases; without a case it is a general document, which
        `files` does not list. `media_type`: by the ending of the name, unless it is given.

        Raises Forbidden for another's case, Refused.
        """
        file = Outgoing(FileToSend(source, name))
        said = present(
            name=file.name, mimeType=media_type or media_type_of(file.name), caseId=case_id
        )
        body = json_body_with_file(said, "data", file)
        call = self._call("POST", f"{_FILES}/upload", body, progress=progress)
        return (self._session.read(call, ReceivedAnswer)).data

    def rename(self, file: FileRef, file_name: str) -> PatientFile:
        """Give a file that the patient uploaded another name. Raises NotFound, Refused."""
        call = self._call("PATCH", f"{_path(file)}/metadata", json_body({"fileName": file_name}))
        return (self._session.read(call, FileAnswer)).data

    def delete(self, file: FileRef) -> None:
        """Delete a file that the patient uploaded. Raises NotFound."""
        self._session.do(self._call("DELETE", _path(file)))

    def download(
        self,
        file: FileRef,
        to: str | os.PathLike[str],
        *,
        progress: Progress | None = None,
    ) -> Path:
        """Bring a file to a path or into a folder; gives the path. A broken connection is taken up
        again, and only whole and proven bytes get the name. Neither key nor token goes to where
        the bytes are.

        Raises NotFound, Unreachable, DownloadBroken, DigestMismatch.
        """
        links = [self.link(file)]
        target = target_of(to, links[0].file_name)

        def locate() -> Asking:
            link = links.pop() if links else self.link(file)
            return lambda asked: self._caller.answer(Call("GET", link.download_url, headers=asked))

        return download(locate, target, progress, self._repeats)

    def profile(self) -> Profile:
        """What the account says of the patient."""
        return (self._session.read(self._call("GET", _ME), ProfileAnswer)).data.profile

    def update_profile(self, **changes: Unpack[ProfileChanges]) -> Profile:
        """Change what is given, clear what is None, leave the rest. Raises Refused: for names, dob
        and gender also while somebody works on a case of the patient.
        """
        said = {camel(name): value for name, value in changes.items()}
        call = self._call("PATCH", _ME, json_body(said))
        return (self._session.read(call, ProfileAnswer)).data.profile

    def _headers(self) -> Mapping[str, str]:
        return {"cv-api-key": self._api_key}

    def _renew(self, refresh_token: str) -> Held:
        body = json_body({"refresh_token": refresh_token})
        call = self._call("POST", f"{_AUTH}/refresh-token", body)
        return _held((self._caller.read(call, PairAnswer)).data)


def _path(file: FileRef) -> str:
    return f"{_FILES}/{file_id_of(file)}"


def _identifier(email: str | None, phone_number: str | None) -> dict[str, object]:
    """Raises ValueError unless there is exactly one."""
    if (email is None) == (phone_number is None):
        raise ValueError("exactly one of email and phone_number is needed")
    return present(email=email, phoneNumber=phone_number)


def _held(pair: Pair) -> Held:
    return held_for(Tokens(pair.access_token, pair.refresh_token), pair.expires_in)
