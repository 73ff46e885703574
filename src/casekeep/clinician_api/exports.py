"""A case whole, as one ZIP that is made while it is sent."""

import msgspec
from litestar import get
from litestar.params import FromQuery
from litestar.types import ASGIApp, Receive, Scope, Send

from casekeep.cases.model import Case
from casekeep.files.exporting import export_case
from casekeep.files.model import StoredFile
from casekeep.http.connections import house_of
from casekeep.http.downloads import send_answer, zip_answer

from .case_changes import CaseShown
from .openapi import EXPORTED, WithoutBadRequest
from .proof import SignedInRequest, demand_same_user
from .wire import CaseInPath, case_out, file_out, read_case_ref


@get(
    "/{case_id:str}/export",
    summary="Export a case",
    operation_class=WithoutBadRequest,
    responses=EXPORTED,
)
async def export(
    request: SignedInRequest, case_id: CaseInPath, user_id: FromQuery[str | None] = None
) -> ASGIApp:
    """A case as a ZIP: its files under their names in `files/`, `manifest.json` with the digest of
    each, `case.json` as `GET /cases/cases/{case_id}` shows it, and `SHA256SUMS` for `sha256sum -c`.
    """
    await demand_same_user(request, user_id)
    house, actor, ref = house_of(request), request.auth.actor, read_case_ref(case_id)
    made = await export_case(house.db, house.audit, house.blobs, actor, ref, describe=case_document)

    async def answer(_: Scope, receive: Receive, send: Send) -> None:
        whole = zip_answer(f"case-{made.case.number}.zip", made.size)
        await send_answer(whole, receive, send, lambda _start, _length: made.read())

    return answer


def case_document(case: Case, files: tuple[StoredFile, ...]) -> bytes:
    """A case as this contract shows it (`GET /cases/cases/{case_id}`)."""
    shown = CaseShown(case_out(case), [file_out(file) for file in files], None)
    return msgspec.json.format(msgspec.json.encode(shown), indent=2) + b"\n"
