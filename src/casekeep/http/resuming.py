"""The acts of tus 1.0.0, as every edge serves them: the protocol's header fields in, a use case of
the room, the protocol's header fields out.
"""

from typing import Any

from litestar import Request, Response
from litestar.datastructures import State
from litestar.exceptions import MethodNotAllowedException

from casekeep.files.uploads.at_once import begin_with_part
from casekeep.files.uploads.beginning import begin_upload
from casekeep.files.uploads.continuing import receive_part
from casekeep.files.uploads.ending import end_upload, show_upload
from casekeep.files.uploads.kit import Kit
from casekeep.files.uploads.model import NewUpload
from casekeep.identity.model import Actor
from casekeep.kernel.ids import UploadId

from .tus import (
    answer,
    demand_version,
    description,
    discovered,
    has_bytes,
    overridden,
    progress,
    read_arrival,
)

AnyRequest = Request[Any, Any, State]


def discover(kit: Kit) -> Response[None]:
    """`OPTIONS`: what the server can do."""
    return answer(204, discovered(kit.limits.size))


async def begin(request: AnyRequest, kit: Kit, actor: Actor, new: NewUpload) -> Response[None]:
    """`POST`: a new upload, whose address is below that of the request; with bytes, if it brings
    any: then it is there with them, or not at all. Raises what `begin_with_part` raises.
    """
    if has_bytes(request):
        arrival = read_arrival(request, offset=0)
        upload = await begin_with_part(kit, actor, new, arrival)
    else:
        upload = await begin_upload(kit, actor, new)
    place = {"Location": f"{request.url.path.rstrip('/')}/{upload.id}"}
    return answer(201, {**place, **progress(upload)})


async def show(request: AnyRequest, kit: Kit, actor: Actor, upload_id: UploadId) -> Response[None]:
    """`HEAD`: how far an upload is. Raises what `show_upload` raises."""
    demand_version(request)
    return answer(200, description(await show_upload(kit, actor, upload_id)))


async def proceed(
    request: AnyRequest, kit: Kit, actor: Actor, upload_id: UploadId
) -> Response[None]:
    """`PATCH`: the next bytes of an upload. Raises what `receive_part` raises."""
    demand_version(request)
    return answer(204, progress(await receive_part(kit, actor, upload_id, read_arrival(request))))


async def end(request: AnyRequest, kit: Kit, actor: Actor, upload_id: UploadId) -> Response[None]:
    """`DELETE`: give an upload up. Raises what `end_upload` raises."""
    demand_version(request)
    await end_upload(kit, actor, upload_id)
    return answer(204, {})


async def by_another_name(
    request: AnyRequest, kit: Kit, actor: Actor, upload_id: UploadId
) -> Response[None]:
    """`POST` in the place of a method that the client cannot send."""
    match overridden(request):
        case "PATCH":
            return await proceed(request, kit, actor, upload_id)
        case "DELETE":
            return await end(request, kit, actor, upload_id)
        case _:
            raise MethodNotAllowedException
