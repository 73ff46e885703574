"""The portal's attachment: exactly the fields of the published page, spelled as it spells them."""

from typing import Annotated
from uuid import UUID

import msgspec

from casekeep.files.model import Page, StoredFile, Uploader
from casekeep.files.names import SOMETHING_SEEN
from casekeep.http.timestamps import milliseconds

from .envelope import Success

Timestamp = Annotated[
    str,
    msgspec.Meta(
        extra_json_schema={
            "description": "ISO 8601, UTC, three decimals",
            "examples": ["2026-04-15T12:34:56.000Z"],
            "extra": {"format": "date-time"},
        }
    ),
]

FileName = Annotated[str, msgspec.Meta(min_length=1, max_length=255, pattern=SOMETHING_SEEN)]
"""A name of which something can be seen."""


class UploadedBy(msgspec.Struct, frozen=True, rename="camel"):
    """Who added the file."""

    id: UUID
    first_name: str | None
    last_name: str | None


class Attachment(msgspec.Struct, frozen=True, rename="camel"):
    """A file of a case, as the patient sees it."""

    id: UUID
    file_name: str
    is_phi: bool = msgspec.field(name="isPHI")
    is_restricted: bool
    case_id: UUID | None
    uploaded_by: UploadedBy | None
    created_at: Timestamp


class AttachmentReceived(msgspec.Struct, frozen=True, rename="camel"):
    """A file that was uploaded just now."""

    id: UUID
    file_name: str
    is_phi: bool = msgspec.field(name="isPHI")
    is_restricted: bool
    case_id: UUID | None
    created_at: Timestamp


class PageInfo(msgspec.Struct, frozen=True, rename="camel"):
    """Where the next page starts: `endCursor` is the `after` of the next call, null on the last."""

    end_cursor: str | None
    has_next_page: bool


class Attachments(msgspec.Struct, frozen=True, rename="camel"):
    """A list of files, newest first. `pageInfo` only when a page was asked for."""

    files: list[Attachment]
    page_info: PageInfo | msgspec.UnsetType = msgspec.UNSET


class SignedUrl(msgspec.Struct, frozen=True, rename="camel"):
    """A URL that gives the bytes without any header. `expiresIn` in seconds."""

    download_url: str
    file_name: str
    expires_in: int


class AttachmentAnswer(Success, frozen=True):
    """One file."""

    data: Attachment


class AttachmentsAnswer(Success, frozen=True):
    """A list of files."""

    data: Attachments


class ReceivedAnswer(Success, frozen=True):
    """An uploaded file."""

    data: AttachmentReceived


class SignedUrlAnswer(Success, frozen=True):
    """A signed URL."""

    data: SignedUrl


def attachment(file: StoredFile) -> Attachment:
    """The wire shape of a file."""
    return Attachment(
        file.id,
        file.name,
        file.is_phi,
        file.is_restricted,
        file.case_id,
        _uploaded_by(file.uploaded_by),
        milliseconds(file.created_at),
    )


def received(file: StoredFile) -> AttachmentReceived:
    """The wire shape of a file that was uploaded just now."""
    return AttachmentReceived(
        file.id,
        file.name,
        file.is_phi,
        file.is_restricted,
        file.case_id,
        milliseconds(file.created_at),
    )


def attachments(page: Page, *, paged: bool) -> Attachments:
    """The wire shape of a list. `paged`: whether the caller asked for pages."""
    files = [attachment(file) for file in page.files]
    if not paged:
        return Attachments(files)
    return Attachments(files, PageInfo(page.next_after, page.next_after is not None))


def _uploaded_by(uploader: Uploader | None) -> UploadedBy | None:
    if uploader is None:
        return None
    return UploadedBy(uploader.id, uploader.first_name, uploader.last_name)
