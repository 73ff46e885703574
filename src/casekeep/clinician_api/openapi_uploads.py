"""What resumable uploads are refused with, as the OpenAPI document shows it."""

from casekeep.kernel import errors as facts

from .errors import NO_BYTES as NO_BYTES_TEXT
from .errors import NO_VERSION as NO_VERSION_TEXT
from .errors import field_problem
from .openapi import Told

NO_UPLOAD = Told(404, facts.UploadNotKnown.summary)
NO_METHOD = Told(405, "Method Not Allowed")
OFFSET_WRONG = Told(409, facts.OffsetWrong.summary)
GONE = Told(410, facts.UploadGone.summary)
NO_VERSION = Told(412, NO_VERSION_TEXT)
NO_ROOM = Told(413, "You may keep at most 1000 files")
NO_BYTES = Told(415, NO_BYTES_TEXT)
BUSY = Told(423, facts.UploadBusy.summary)
CHECKSUM_WRONG = Told(460, facts.ChecksumWrong.summary)
BROKEN = Told(400, "Upload-Offset is missing")
HAS_CASE = Told(400, "The upload has a case already")
METADATA_REFUSED = Told(
    422, [field_problem("body", "category", "Input should be lab or radiology", "ct")]
)
UPLOAD_ID_REFUSED = Told(422, [field_problem("path", "upload_id", "Input should be a UUID", "abc")])
