"""`POST /cases/{caseId}`: a partner's software says something in a case on somebody's behalf."""

from typing import Annotated, Literal

import msgspec
from litestar import Response, post
from litestar.params import JSONBody, PathParameter

from casekeep.cases.commenting import LONGEST_AUTHOR_NAME, LONGEST_TEXT, NewCommunication
from casekeep.files.submitting import Desk, MarkedFile, comment_on_case, demand_few
from casekeep.http.connections import house_of
from casekeep.http.openapi import CheckedBody
from casekeep.kernel.ids import CaseId, CommunicationId, new_id

from .attachments import FileName
from .envelope import Success, answer
from .errors import (
    CASE_NOT_FOUND,
    FILE_REFUSED,
    NO_STORAGE,
    NOT_PROVEN,
    NOT_VALID,
    TOO_LARGE,
    TOO_MANY,
    TOO_MUCH,
)
from .openapi import refusals
from .partner_files import Content, sent_file
from .partner_wire import PartnerComment, partner_comment
from .proof import KeyRequest
from .reading import read_strictly, read_uuid

_CaseId = Annotated[str, PathParameter(schema_extra={"format": "uuid"})]
_Name = Annotated[str, msgspec.Meta(max_length=LONGEST_AUTHOR_NAME)]


class AuthorIn(msgspec.Struct, frozen=True, rename="camel"):
    """Who says it. An address of a user of the organisation makes it that user's."""

    email: Annotated[str, msgspec.Meta(max_length=320, description="An email address")]
    first_name: _Name | None = None
    last_name: _Name | None = None


class AttachmentIn(msgspec.Struct, frozen=True, rename="camel"):
    """A file that comes along. `isRestricted`: as the communication, if nothing is said."""

    file_name: FileName
    content: Content
    is_restricted: bool | None = None
    is_phi: bool = msgspec.field(name="isPHI", default=True)


class CommunicationIn(msgspec.Struct, frozen=True, rename="camel"):
    """What is said, by whom, with which files. `webhookNotify`: whether webhooks are told."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_TEXT)]
    author: AuthorIn
    is_restricted: bool = False
    webhook_notify: bool = True
    attachments: list[AttachmentIn] = []


class CaseAct(msgspec.Struct, frozen=True):
    """What to do in a case."""

    action: Literal["ADD_COMMUNICATION"]
    communication: CommunicationIn


class Said(msgspec.Struct, frozen=True):
    """What was said."""

    communication: PartnerComment


class SaidAnswer(Success, frozen=True):
    """Something that was said in a case."""

    data: Said


@post(
    "/cases/{case_id:str}",
    name="add_communication",
    status_code=200,
    operation_class=CheckedBody,
    responses=refusals(
        *(NOT_VALID, FILE_REFUSED, NOT_PROVEN, CASE_NOT_FOUND),
        *(TOO_LARGE, TOO_MUCH, TOO_MANY, NO_STORAGE),
    ),
    summary="Say something in a case",
    response_description="What was said",
    tags=["Partner cases"],
)
async def act_on_case(
    request: KeyRequest, case_id: _CaseId, data: JSONBody[CaseAct]
) -> Response[SaidAnswer]:
    """Say something in a case; its files are kept with it, or nothing is."""
    demand_few(len(data.communication.attachments))  # before they are gone through
    said = (await read_strictly(request, CaseAct)).communication
    house, wanted = house_of(request), CaseId(read_uuid(case_id))
    desk = Desk(house.db, house.audit, house.receiving)
    communication, files = await comment_on_case(
        desk, request.auth, wanted, _new(said), [_marked(each, said) for each in said.attachments]
    )
    told = Said(partner_comment(communication, files))
    return answer(SaidAnswer(200, success=True, data=told))


def _new(said: CommunicationIn) -> NewCommunication:
    return NewCommunication(
        CommunicationId(new_id()),
        said.text,
        said.is_restricted,
        said.author.email,
        said.author.first_name,
        said.author.last_name,
        said.webhook_notify,
    )


def _marked(file: AttachmentIn, said: CommunicationIn) -> MarkedFile:
    """Raises InputNotValid."""
    is_restricted = said.is_restricted if file.is_restricted is None else file.is_restricted
    return MarkedFile(sent_file(file.file_name, file.content), file.is_phi, is_restricted)
