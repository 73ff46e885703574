"""The call by which an administrator gets the proof that a file was destroyed."""

from uuid import UUID

import msgspec
from litestar import Response, Router, get
from litestar.enums import MediaType
from litestar.openapi.datastructures import ResponseSpec

from casekeep.http.connections import house_of
from casekeep.retention.certifying import find_certificate

from .openapi import (
    BEARER,
    FILE_ID_REFUSED,
    ROLE_REFUSED,
    Told,
    WithoutBadRequest,
    refusals,
)
from .proof import SignedInRequest, require_token
from .wire import IdInPath, Timestamp, read_file_id

_NO_CERTIFICATE = Told(404, "Certificate not found")


class OrganizationCertified(msgspec.Struct, frozen=True):
    """Whose file it was."""

    id: UUID
    name: str


class FileCertified(msgspec.Struct, frozen=True):
    """What the file was. `removed_by`: null for the operator, a partner or a schedule."""

    case_id: UUID | None
    id: UUID
    received_at: Timestamp
    removed_at: Timestamp
    removed_by: UUID | None
    sha256: str
    size: int


class DestructionCertified(msgspec.Struct, frozen=True):
    """Why and when it was destroyed. `key_destroyed_at`: null for a file that was never sealed."""

    bytes_destroyed_at: Timestamp
    key_destroyed_at: Timestamp | None
    purged_at: Timestamp
    reason: str


class Certified(msgspec.Struct, frozen=True):
    """What the signature is about, in the order in which it is signed."""

    destruction: DestructionCertified
    file: FileCertified
    organization: OrganizationCertified
    type: str
    version: int


class CertificateSignature(msgspec.Struct, frozen=True):
    """The signature over `certificate`, written as RFC 8785 has it."""

    algorithm: str
    key_id: str
    public_key: str
    value: str


class CertificateOut(msgspec.Struct, frozen=True):
    """A certificate of destruction."""

    certificate: Certified
    signature: CertificateSignature


@get(
    "/files/{file_id:str}/certificate",
    summary="Get a certificate of destruction",
    operation_class=WithoutBadRequest,
    responses={
        200: ResponseSpec(
            CertificateOut, generate_examples=False, description="The certificate, as it was signed"
        ),
        **refusals(ROLE_REFUSED, _NO_CERTIFICATE, FILE_ID_REFUSED),
    },
)
async def certificate(request: SignedInRequest, file_id: IdInPath) -> Response[str]:
    """The signed proof that a file was destroyed, once nothing is left of it. It can be checked
    without this server. For administrators.
    """
    house, actor = house_of(request), request.auth.actor
    found = await find_certificate(house.db, house.audit, actor, read_file_id(file_id))
    return Response(found, media_type=MediaType.JSON)


router = Router(
    path="/admin",
    route_handlers=[certificate],
    guards=[require_token],
    security=[BEARER],
    tags=["Holds"],
)
"""Ours: the published contract has no such call."""
