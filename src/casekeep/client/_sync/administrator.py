"""The calls of an administrator: what may not be deleted, what is damaged, what was destroyed."""

from collections.abc import Iterator
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
from .account import AccountClient


class AdministratorClient(AccountClient):
    """An administrator's view of one server: no case, no content. The arguments are those of the
    clinician's client.
    """

    def holds(self, *, lifted: bool = False, page_size: int = 100) -> Iterator[Hold]:
        """The legal holds, newest first, those that were `lifted` too if asked for; fetched
        `page_size` at a time while they are looked at.
        """
        query = texts(lifted=lifted, limit=page_size)
        after: str | None = None
        while True:
            call = self._call("GET", "admin/holds", query={**query, **texts(after=after)})
            page = self._session.read(call, HoldPage)
            yield from page.holds
            after = page.next
            if after is None:
                return

    def hold_case(self, case: CaseRef, reason: str) -> Hold:
        """Keep a case and all its files, those to come too, from being deleted by anybody and
        anything, until the hold is lifted. Whoever would delete is told the reason: name no patient
        in it. Raises NotFound, Refused.
        """
        return self._place({"case_id": case_id_of(case), "reason": reason})

    def hold_file(self, file: FileRef, reason: str) -> Hold:
        """The same for one file. Raises NotFound, Refused."""
        return self._place({"file_id": file_id_of(file), "reason": reason})

    def lift_hold(self, hold: HoldRef) -> Hold:
        """End a hold; one that was lifted before stays as it is. Raises NotFound."""
        call = self._call("POST", f"admin/holds/{hold_id_of(hold)}/lift")
        return (self._session.read(call, OneHold)).hold

    def findings(
        self,
        *,
        kind: FindingKind | None = None,
        state: FindingState | None = None,
        page_size: int = 100,
    ) -> Iterator[Finding]:
        """What checks of the stored bytes have found, newest first; fetched `page_size` at a time
        while it is looked at. `state`: only what is so still, or what is so no more.
        """
        query = texts(kind=kind, state=state, limit=page_size)
        after: str | None = None
        while True:
            call = self._call("GET", "admin/findings", query={**query, **texts(after=after)})
            page = self._session.read(call, FindingPage)
            yield from page.findings
            if page.next is None:
                return
            after = str(page.next)

    def certificate(self, file: FileRef) -> dict[str, Any]:
        """The signed certificate that a file was destroyed, as it is to be kept: written as JSON,
        `casekeep certificate verify` reads it. Raises NotFound.
        """
        call = self._call("GET", f"admin/files/{file_id_of(file)}/certificate")
        return self._session.read(call, dict[str, Any])

    def _place(self, said: dict[str, str]) -> Hold:
        call = self._call("POST", "admin/holds", json_body(said))
        return (self._session.read(call, OneHold)).hold
