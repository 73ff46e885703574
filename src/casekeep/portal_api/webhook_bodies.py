"""Writes the bodies of webhooks, in the partner calls' shapes, from what is kept
when they are sent. A webhook sees what the organisation's own software sees; what is gone by then
is told by its id alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import msgspec

from casekeep.audit.actions import Action
from casekeep.audit.log import Event
from casekeep.cases.access import visible_case
from casekeep.cases.detail import Communication
from casekeep.db.database import Tx
from casekeep.files import queries_detail
from casekeep.files.detail import FullCase, full_case
from casekeep.files.model import CaseFile
from casekeep.files.opening import opened_file
from casekeep.files.visibility import may_read
from casekeep.http.house import House
from casekeep.identity.actors import who
from casekeep.identity.model import Partner
from casekeep.kernel.errors import CaseNotVisible
from casekeep.kernel.ids import ApiKeyId
from casekeep.webhooks.model import DocumentFormat, Occurrence, WebhookEvent

from .partner_files import encoded
from .partner_wire import (
    FullPartnerCase,
    Handed,
    HandedFiles,
    PartnerAttachment,
    PartnerComment,
    full_partner_case,
    partner_attachment,
    partner_comment,
)
from .signed_urls import url_of

LARGEST_CONTENT = 10 * 1024 * 1024
"""Bytes of files that a body may carry; above that it carries links."""


class Gone(msgspec.Struct, frozen=True, rename="camel"):
    """What was deleted since."""

    id: UUID
    is_deleted: bool = True


class Payload(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an event is about: a file, a communication, or the case alone."""

    attachment: PartnerAttachment | Gone | None = None
    comment: PartnerComment | Gone | None = None
    case: FullPartnerCase | Gone


class Body(msgspec.Struct, frozen=True):
    """What is sent (portal contract, "Webhooks")."""

    event: WebhookEvent
    payload: Payload


@dataclass(frozen=True, slots=True)
class _Told:
    """What is kept of what happened; None: gone. `handed`: the files that go along."""

    case: FullCase | None
    file: CaseFile | None
    said: Communication | None
    handed: tuple[CaseFile, ...]


class WebhookBodies:
    """Writes bodies over an assembled house."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def write(self, occurrence: Occurrence) -> bytes:
        """The body for something that happened. What it hands out is in the audit before that."""
        # A webhook acts as the organisation's software, under its own id.
        actor = Partner(occurrence.organization_id, ApiKeyId(occurrence.webhook_id))
        as_bytes = False
        async with self._house.db.transaction(occurrence.organization_id) as tx:
            told = await _told(tx, actor, occurrence)
            as_bytes = _as_bytes(occurrence, told.handed)
            await self._house.audit.record(tx, who(actor), *_events(occurrence, told, as_bytes))
        handed = await self._handed(actor, told.handed, as_bytes)
        return msgspec.json.encode(Body(occurrence.event, _payload(occurrence, told, handed)))

    async def _handed(
        self, actor: Partner, files: Sequence[CaseFile], as_bytes: bool
    ) -> HandedFiles:
        if as_bytes:
            blobs = self._house.blobs
            return {
                each.file.id: Handed(await encoded(opened_file(blobs, each.file))) for each in files
            }
        origin = self._house.public_url
        if not origin:
            return {}
        sign = self._house.links.sign
        return {
            each.file.id: Handed(url=url_of(origin, sign(actor, each.file.id))) for each in files
        }


async def _told(tx: Tx, actor: Partner, occurrence: Occurrence) -> _Told:
    try:
        await visible_case(tx, actor, occurrence.case_id)
    except CaseNotVisible:
        return _Told(None, None, None, ())
    case = await full_case(tx, occurrence.case_id)
    if case is None:
        return _Told(None, None, None, ())
    file_id, said = occurrence.file_id, None
    file = None if file_id is None else await queries_detail.case_file(tx, file_id)
    if file is not None and not may_read(actor, msgspec.structs.replace(file.facts, deleted=False)):
        file = None
    for each in case.communications:
        if each.id == occurrence.communication_id:
            said = each
    about = (file,) if file is not None else _files_of(case, said)
    wanted = occurrence.document_format is not DocumentFormat.NONE
    handed = tuple(each for each in about if wanted and may_read(actor, each.facts))
    return _Told(case, file, said, handed)


def _files_of(case: FullCase, said: Communication | None) -> tuple[CaseFile, ...]:
    if said is None:
        return ()
    return tuple(each for each in case.files if each.communication_id == said.id)


def _as_bytes(occurrence: Occurrence, files: Sequence[CaseFile]) -> bool:
    fits = sum(each.file.size for each in files) <= LARGEST_CONTENT
    return occurrence.document_format is DocumentFormat.BASE64 and fits


def _events(occurrence: Occurrence, told: _Told, as_bytes: bool) -> list[Event]:
    if told.case is None:
        return []
    delivery = {"delivery": occurrence.delivery_id}
    action = Action.FILE_OPENED if as_bytes else Action.FILE_LINKED
    return [
        Event(Action.CASE_SHOWN, case_id=occurrence.case_id, details=delivery),
        *(
            Event(action, case_id=occurrence.case_id, file_id=each.file.id, details=delivery)
            for each in told.handed
        ),
    ]


def _payload(occurrence: Occurrence, told: _Told, handed: HandedFiles) -> Payload:
    return Payload(
        case=Gone(occurrence.case_id) if told.case is None else _case(occurrence, told.case),
        attachment=_attachment(occurrence, told, handed),
        comment=_comment(occurrence, told, handed),
    )


def _case(occurrence: Occurrence, case: FullCase) -> FullPartnerCase:
    """The case as it is now; a change of its status tells the status that it was changed to."""
    shown = full_partner_case(case)
    if occurrence.event is WebhookEvent.STAGE_CHANGED and occurrence.stage is not None:
        return msgspec.structs.replace(shown, status=occurrence.stage)
    return shown


def _attachment(
    occurrence: Occurrence, told: _Told, handed: HandedFiles
) -> PartnerAttachment | Gone | None:
    if occurrence.file_id is None:
        return None
    if told.file is None:
        return Gone(occurrence.file_id)
    return partner_attachment(told.file, handed.get(occurrence.file_id, Handed()))


def _comment(
    occurrence: Occurrence, told: _Told, handed: HandedFiles
) -> PartnerComment | Gone | None:
    if occurrence.communication_id is None:
        return None
    if told.case is None or told.said is None:
        return Gone(occurrence.communication_id)
    return partner_comment(told.said, _files_of(told.case, told.said), handed)
