"""The calls of an administrator: what may not be deleted, what is damaged, what was destroyed."""

from collections.abc import AsyncIterator
from typing import Any

from ..administrator_shapes import (
    Finding,
    FindingKind,
    FindingPage,
    FindingState,
    Hold,
    HoldPage,
    HoldRef,
    OneHold,
    hold_id_of,
)
from ..asking import texts
from ..clinician_shapes import CaseRef, FileRef, case_id_of, file_id_of
from ..sources import json_body
from .account import AsyncAccountClient


class AsyncAdministratorClient(AsyncAccountClient):
    """An administrator's view of one server: no case, no content. The arguments are those of the
    clinician's client.
    """

    async def holds(self, *, lifted: bool = False, page_size: int = 100) -> AsyncIterator[Hold]:
        """The legal holds, newest first, those that were `lifted` too if asked for; fetched
        `page_size` at a time while they are looked at.
        """
        query = texts(lifted=lifted, limit=page_size)
        after: str | None = None
        while True:
            call = self._call("GET", "admin/holds", query={**query, **texts(after=after)})
            page = await self._session.read(call, HoldPage)
            for hold in page.holds:
                yield hold
            after = page.next
            if after is None:
                return

    async def hold_case(self, case: CaseRef, reason: str) -> Hold:
        """Keep a case and all its files, those to come too, from being deleted by anybody and
        anything, until the hold is lifted. Whoever would delete is told the reason: name no patient
        in it. Raises NotFound, Refused.
        """
        return await self._place({"case_id": case_id_of(case), "reason": reason})

    async def hold_file(self, file: FileRef, reason: str) -> Hold:
        """The same for one file. Raises NotFound, Refused."""
        return await self._place({"file_id": file_id_of(file), "reason": reason})

    async def lift_hold(self, hold: HoldRef) -> Hold:
        """End a hold; one that was lifted before stays as it is. Raises NotFound."""
        call = self._call("POST", f"admin/holds/{hold_id_of(hold)}/lift")
        return (await self._session.read(call, OneHold)).hold

    async def findings(
        self,
        *,
        kind: FindingKind | None = None,
        state: FindingState | None = None,
        page_size: int = 100,
    ) -> AsyncIterator[Finding]:
        """What checks of the stored bytes have found, newest first; fetched `page_size` at a time
        while it is looked at. `state`: only what is so still, or what is so no more.
        """
        query = texts(kind=kind, state=state, limit=page_size)
        after: str | None = None
        while True:
            call = self._call("GET", "admin/findings", query={**query, **texts(after=after)})
            page = await self._session.read(call, FindingPage)
            for finding in page.findings:
                yield finding
            if page.next is None:
                return
            after = str(page.next)

    async def certificate(self, file: FileRef) -> dict[str, Any]:
        """The signed certificate that a file was destroyed, as it is to be kept: written as JSON,
        `casekeep certificate verify` reads it. Raises NotFound.
        """
        call = self._call("GET", f"admin/files/{file_id_of(file)}/certificate")
        return await self._session.read(call, dict[str, Any])

    async def _place(self, said: dict[str, str]) -> Hold:
        call = self._call("POST", "admin/holds", json_body(said))
        return (await self._session.read(call, OneHold)).hold
