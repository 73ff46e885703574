"""The clinician contract: sign-in, cases, their files, and the bytes."""

import os
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from ..arriving import target_of
from ..asking import present, texts
from ..clinician_shapes import (
    Case,
    CaseDetail,
    CaseFile,
    CasePage,
    CaseRef,
    Category,
    CreatedCase,
    FileList,
    FileRef,
    OneCase,
    OneFile,
    SortBy,
    SortOrder,
    Stage,
    Status,
    Trash,
    case_id_of,
    file_id_of,
)
from ..sources import FileToSend, Outgoing, Progress, Source, form_body, json_body
from .account import AsyncAccountClient
from .downloading import Asking, download


class AsyncClinicianClient(AsyncAccountClient):
    """A clinician's view of one server.

    `tokens` resumes a sign-in; `on_tokens` is called with every new pair, to be stored. `http` is a
    client of one's own, with a transport, a proxy or certificates; it is not closed with this one.
    """

    async def create_case(
        self,
        *,
        patient_name: str,
        patient_age: int,
        patient_gender: str,
        case_summary: str | None = None,
        patient_email: str | None = None,
        patient_phone: str | None = None,
        lab_files: Sequence[Source | FileToSend] = (),
        radiology_files: Sequence[Source | FileToSend] = (),
        progress: Progress | None = None,
    ) -> CreatedCase:
        """Open a case, with its files: all of it is kept, or nothing. An email or a phone links it
        to the patient's account. Raises Refused, which names the file that is not taken.
        """
        form = texts(
            patient_name=patient_name,
            patient_age=patient_age,
            patient_gender=patient_gender,
            case_summary=case_summary,
            patient_email=patient_email,
            patient_phone=patient_phone,
        )
        files = [("lab_files", Outgoing(each)) for each in lab_files]
        files += [("radiology_files", Outgoing(each)) for each in radiology_files]
        call = self._call("POST", "cases/create_case", form_body(form, files), progress=progress)
        return await self._session.read(call, CreatedCase)

    async def cases(
        self,
        *,
        search: str | None = None,
        status: Status | None = None,
        start_date: date | None = None,
        end_date: date | None = None,
        sort_by: SortBy | None = None,
        sort_order: SortOrder | None = None,
        page_size: int = 100,
    ) -> AsyncIterator[Case]:
        """One's cases, newest first unless `sort_by` and `sort_order` say otherwise; fetched
        `page_size` at a time while they are looked at.
        """
        query = texts(
            search=search,
            status=status,
            start_date=start_date,
            end_date=end_date,
            sort_by=sort_by,
            sort_order=sort_order,
            limit=page_size,
        )
        after: str | None = None
        while True:
            call = self._call("GET", "cases/all_cases", query={**query, **texts(after=after)})
            page = await self._session.read(call, CasePage)
            for case in page.cases:
                yield case
            after = page.next
            if after is None:
                return

    async def case(self, case: CaseRef) -> CaseDetail:
        """A case with its files and insights. Raises NotFound."""
        return await self._session.read(self._call("GET", _path(case)), CaseDetail)

    async def update_case(
        self,
        case: CaseRef,
        *,
        patient_name: str | None = None,
        patient_age: int | None = None,
        case_summary: str | None = None,
        status: Status | None = None,
        stage: Stage | None = None,
    ) -> Case:
        """Change what is given, and leave the rest; an empty summary removes it. `stage` is what
        the patient's portal shows. Raises NotFound, Refused.
        """
        changes = present(
            patient_name=patient_name,
            patient_age=patient_age,
            case_summary=case_summary,
            status=status,
            stage=stage,
        )
        call = self._call("PUT", _path(case), json_body(changes))
        return (await self._session.read(call, OneCase)).case

    async def delete_case(self, case: CaseRef) -> None:
        """Put a case into the trash, with its files. Raises NotFound."""
        await self._session.do(self._call("DELETE", _path(case)))

    async def restore_case(self, case: CaseRef) -> Case:
        """Take a case out of the trash. Raises NotFound."""
        return (
            await self._session.read(self._call("POST", f"{_path(case)}/restore"), OneCase)
        ).case

    async def analyze(self, case: CaseRef) -> Case:
        """Have the documents of a case analyzed again. Raises NotFound."""
        call = self._call("POST", f"cases/analyze/{case_id_of(case)}")
        return (await self._session.read(call, OneCase)).case

    async def export_case(
        self,
        case: CaseRef,
        to: str | os.PathLike[str],
        *,
        progress: Progress | None = None,
    ) -> Path:
        """Bring a case with its files as one ZIP to a path or into a folder; gives the path. When
        the connection breaks it begins anew, and only a whole one gets the name.

        Raises NotFound, Unreachable, DownloadBroken.
        """
        call = self._call("GET", f"cases/{case_id_of(case)}/export")

        async def locate() -> Asking:
            return lambda asked: self._session.answer(replace(call, headers=asked))

        number = case.id if isinstance(case, Case) else case
        target = target_of(to, f"case-{number}.zip")
        return await download(locate, target, progress, self._repeats)

    async def documents(self, case: CaseRef) -> list[CaseFile]:
        """What the patient of a case sent without naming a case, in the order in which it came;
        `update_file` moves such a file into a case. Raises NotFound.
        """
        call = self._call("GET", f"cases/documents/{case_id_of(case)}")
        return (await self._session.read(call, FileList)).files

    async def files(self, case: CaseRef) -> list[CaseFile]:
        """The files of a case, in the order in which they came. Raises NotFound."""
        call = self._call("GET", f"cases/files/{case_id_of(case)}")
        return (await self._session.read(call, FileList)).files

    async def file(self, file: FileRef) -> CaseFile:
        """What is known of one file. Raises NotFound."""
        return (await self._session.read(self._call("GET", _file_path(file)), OneFile)).file

    async def upload(
        self,
        case: CaseRef,
        source: Source,
        *,
        name: str | None = None,
        category: Category = "lab",
        is_phi: bool = True,
        is_restricted: bool = False,
        progress: Progress | None = None,
    ) -> CaseFile:
        """Add a file to a case. Raises NotFound, Refused."""
        form = texts(
            case_id=case_id_of(case),
            category=category,
            is_phi=is_phi,
            is_restricted=is_restricted,
        )
        body = form_body(form, [("file", Outgoing(FileToSend(source, name)))])
        call = self._call("POST", "cases/upload", body, progress=progress)
        return (await self._session.read(call, OneFile)).file

    async def update_file(
        self,
        file: FileRef,
        *,
        file_name: str | None = None,
        category: Category | None = None,
        is_phi: bool | None = None,
        is_restricted: bool | None = None,
        case: CaseRef | None = None,
    ) -> CaseFile:
        """Change what is given, and leave the rest; `case` moves the file to another of one's
        cases. Raises NotFound, Refused.
        """
        changes = present(
            file_name=file_name,
            category=category,
            is_phi=is_phi,
            is_restricted=is_restricted,
            case_id=None if case is None else case_id_of(case),
        )
        call = self._call("PATCH", _file_path(file), json_body(changes))
        return (await self._session.read(call, OneFile)).file

    async def delete_file(self, file: FileRef, *, case: CaseRef | None = None) -> None:
        """Put a file into the trash; with `case`, only if it is in that one. Raises NotFound."""
        query = {} if case is None else {"case_id": case_id_of(case)}
        await self._session.do(self._call("DELETE", _file_path(file), query=query))

    async def restore_file(self, file: FileRef) -> CaseFile:
        """Take a file out of the trash. Raises NotFound."""
        call = self._call("POST", f"{_file_path(file)}/restore")
        return (await self._session.read(call, OneFile)).file

    async def trash(self) -> Trash:
        """The deleted cases and files that can be restored."""
        return await self._session.read(self._call("GET", "cases/trash"), Trash)

    async def download(
        self,
        file: CaseFile | str,
        to: str | os.PathLike[str],
        *,
        progress: Progress | None = None,
    ) -> Path:
        """Bring a file, or what is behind a `file_url`, to a path or into a folder; gives the path.
        A broken connection is taken up again, and only whole and proven bytes get the name.

        Raises NotFound, Unreachable, DownloadBroken, DigestMismatch.
        """
        url = file if isinstance(file, str) else file.file_url
        name = url.rpartition("/")[2] if isinstance(file, str) else file.file_name

        async def locate() -> Asking:
            return lambda asked: self._session.answer(
                replace(self._call("GET", url), headers=asked)
            )

        return await download(locate, target_of(to, name), progress, self._repeats)


def _path(case: CaseRef) -> str:
    return f"cases/cases/{case_id_of(case)}"


def _file_path(file: FileRef) -> str:
    return f"cases/file/{file_id_of(file)}"
