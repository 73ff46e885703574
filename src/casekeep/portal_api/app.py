"""The portal contract as an application of its own: everything under `/api/v1`, and every answer
there, refusals too, in its envelope.
"""

from functools import cache
from typing import Any

from litestar import Litestar, Response, get
from litestar.datastructures import State
from litestar.enums import MediaType

from casekeep.audit.actions import Action
from casekeep.http.budget import BodyBudget
from casekeep.http.checked_bodies import recording_mismatch
from casekeep.http.house import House
from casekeep.http.json_bodies import JsonRequest
from casekeep.http.openapi import as_json
from casekeep.http.tus import marking

from . import auth, partner_users, profile, resumable, signed_urls
from .errors import HANDLERS
from .files import file_router
from .listing import described_list, served_list
from .openapi import document
from .partner import partner_router
from .partner_files import largest_submission
from .uploads import largest_upload

_OTHERS = (
    auth.router,
    profile.router,
    partner_users.router,
    resumable.router,
    signed_urls.router,
)
UPLOADS_IN_MEMORY = 128 * 1024 * 1024
"""Bytes of upload bodies that one server process holds, all together."""
PARTNERS_IN_MEMORY = 128 * 1024 * 1024
"""Bytes of what partners send, and of answers with files, that one server process holds."""
PATIENCE = 5.0
"""Seconds that an upload waits for room."""


@cache
def openapi() -> dict[str, Any]:
    """The contract's OpenAPI document; it takes no house to make."""
    return document(
        [
            *_OTHERS,
            file_router(described_list, largest_upload=0),
            partner_router(0, BodyBudget(0)),
        ]
    )


def build_app(house: House) -> Litestar:
    """The application over an assembled house; it needs no startup event."""
    limit, submission = largest_upload(house.limits), largest_submission(house.limits)
    for_partners = BodyBudget(max(PARTNERS_IN_MEMORY, submission), patience=PATIENCE)
    recording = recording_mismatch(house.audit, Action.FILE_RECEIVED)
    partner = partner_router(submission, for_partners, [recording])
    described = as_json(openapi())
    budget = BodyBudget(max(UPLOADS_IN_MEMORY, limit), patience=PATIENCE)

    @get("/api/v1/openapi.json", media_type=MediaType.JSON)
    async def openapi_document() -> Response[bytes]:
        """This document."""
        return Response(described, media_type=MediaType.JSON)

    return Litestar(
        [
            *_OTHERS,
            partner,
            file_router(served_list, limit, [budget.around(limit), recording]),
            openapi_document,
        ],
        state=State({"house": house}),
        request_class=JsonRequest,
        exception_handlers=HANDLERS,
        before_send=[marking(resumable.PATH)],
        openapi_config=None,
        logging_config=None,
    )
