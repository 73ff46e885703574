"""What every name of the portal contract means, said once: the OpenAPI document has it at each
field and parameter, with a value as it really occurs. A new field gets its line here.
"""

from casekeep.http.describing import Link, Word, Wording
from casekeep.http.resuming_described import HEADERS

from . import wording_partner, wording_profiles

_FILE = "550e8400-e29b-41d4-a716-446655440000"
_CASE = "550e8400-e29b-41d4-a716-446655440111"
_UPLOAD = "0198f0a2-3c4d-7e5f-8a6b-7c8d9e0f1a2b"
_SOMEBODY = "550e8400-e29b-41d4-a716-446655440222"
_PROOF = "eyJhbGciOiJIUzI1NiJ9.eyJ0eXBlIjoicGF0aWVudC1wb3J0YWwifQ.3q2-7w"
_CONTENT = "/api/v1/files/content"

TAGS = {
    "Authentication": "Signing a patient in with a one-time code, and out again.",
    "Profile": "What the patient's account says of them.",
    "Users": "Patients' accounts, for a partner's software.",
    "Files": "The files of the patient's own cases.",
    "Resumable uploads": "Files in parts, by the tus protocol 1.0.0 (tus.io).",
    "Partner cases": "The organisation's cases, for a partner's software.",
}

_WORDS = {
    # envelope
    "status": Word("The HTTP status again.", 200),
    "success": Word("Whether it was done.", True),
    "data": Word("The result."),
    "message": Word("What was done, in a sentence."),
    "error": Word("Why not, in a sentence."),
    "code": Word("Why not, for programs."),
    # authentication
    "channel": Word("How to send the code; it must match the identifier.", "EMAIL"),
    "email": Word("The patient's email address.", "jane.doe@example.org"),
    "phoneNumber": Word("The patient's phone number in E.164 form.", "+15551234567"),
    "VerifyOtp.phoneNumber": Word("The phone number that the code was sent to."),
    "VerifyOtp.email": Word("The email address that the code was sent to."),
    "VerifyOtp.code": Word("The six digits that were sent.", "123456"),
    "send_otp.message": Word(
        "The same whether or not anybody has such an account.",
        "If the account exists, a verification code has been sent",
    ),
    "refresh_token": Word(
        "Trades for new tokens, once.", "ck_r_Yc2h5x0dQm1nS8vLr4tTqgZ0b7wJpE3uK6iHfA9oX2M"
    ),
    "accessToken": Word("Goes into `Authorization: Bearer …`.", _PROOF),
    "refreshToken": Word(
        "Goes into `refresh-token`, once.", "ck_r_Yc2h5x0dQm1nS8vLr4tTqgZ0b7wJpE3uK6iHfA9oX2M"
    ),
    "expiresIn": Word("Seconds that it lives.", 900),
    # files
    "files": Word("The files, newest first."),
    "id": Word("The file's id.", _FILE),
    "file_id": Word("The file's id.", _FILE),
    "fileName": Word("The name that people see.", "lab-result.pdf"),
    "isPHI": Word("Whether it is protected health information.", True),
    "AttachmentReceived.isPHI": Word("Whether it is protected health information.", False),
    "isRestricted": Word("Whether staff marked it as restricted.", False),
    "caseId": Word("The case that it belongs to; null for a general document.", _CASE),
    "list_files.caseId": Word("Only the files of this case of the patient's own.", _CASE),
    "uploadedBy": Word("Who added it; null where that is not known."),
    "UploadedBy.id": Word("The account's id.", _SOMEBODY),
    "firstName": Word("First name.", "Jane"),
    "lastName": Word("Last name.", "Doe"),
    "createdAt": Word("When it was added.", "2026-04-15T12:34:56.000Z"),
    "list_files.type": Word("Only protected health information, or only other files.", "phi"),
    "limit": Word("Asks for pages of at most this many.", 50),
    "after": Word("The `endCursor` of the page before.", "AAZPfvF5XABVDoQA4ptB1KcWRGZVRAAA"),
    "pageInfo": Word("Where the next page starts; only where pages were asked for."),
    "endCursor": Word(
        "The `after` of the next call; null on the last page.", "AAZPfvF5XABVDoQA4ptB1KcWRGZVRAAA"
    ),
    "hasNextPage": Word("Whether there is more.", True),
    "downloadUrl": Word(
        "Gives the bytes without any header, until it ends.",
        f"https://files.clinic.example{_CONTENT}?token={_PROOF}",
    ),
    "token": Word("The link's proof.", _PROOF),
    "name": Word("The file's name.", "lab-result.pdf"),
    "upload_id": Word("The upload's id, the last part of its `Location`.", _UPLOAD),
    "Upload.data": Word(
        "The content in base64 (RFC 4648, section 4); a `data:` prefix is accepted.",
        "JVBERi0xLjcKJSVFT0YK",
    ),
    "mimeType": Word("What the content is.", "application/pdf"),
    "Upload.caseId": Word("One of the patient's own cases; none for a general document.", _CASE),
    "Rename.fileName": Word("The new name.", "renamed.pdf"),
    "delete_file.message": Word("What was done.", "File deleted successfully"),
}

_WHOLES = {
    "SendOtp": {"email": "jane.doe@example.org", "channel": "EMAIL"},
    "VerifyOtp": {"email": "jane.doe@example.org", "code": "123456"},
}
_NOT_KEPT = {"Cache-Control": "`no-store`"}
_AGAIN = {"Retry-After": "Seconds until it is worth another try."}
_REQUEST = {"X-Request-Id": "Names the request in the server's log."}
_FILE_IN_ANSWER = {"file_id": "$response.body#/data/id"}

WORDING = Wording(
    words={**_WORDS, **wording_profiles.WORDS, **wording_partner.WORDS},
    wholes={**_WHOLES, **wording_profiles.WHOLES, **wording_partner.WHOLES},
    headers={
        "*": {**_REQUEST, **_NOT_KEPT},
        **HEADERS,
        "429": _AGAIN,
        "503": _AGAIN,
        **{
            f"{name}.200": {
                "ETag": "Changes with the content.",
                "Content-Disposition": "The name to save it under.",
                "Repr-Digest": "SHA-256 of the whole file (RFC 9530), unless it is not wanted.",
                "Content-Digest": "The same, where the answer has the whole file.",
            }
            for name in ("file_content", "head_file_content")
        },
    },
    links={
        **wording_partner.LINKS,
        "upload": tuple(
            Link(each, _FILE_IN_ANSWER)
            for each in ("get_file", "change_file", "sign_download", "delete_file")
        ),
        "open_case": (
            Link("show_case", {"caseId": "$response.body#/data/case/id"}),
            Link("add_communication", {"case_id": "$response.body#/data/case/id"}),
        ),
        "find_latest_case": (
            Link("show_case", {"caseId": "$response.body#/case/id"}),
            Link("add_communication", {"case_id": "$response.body#/case/id"}),
        ),
        "verify_otp": (
            Link("refresh_token", body={"refresh_token": "$response.body#/data/refreshToken"}),
            Link("logout", body={"refresh_token": "$response.body#/data/refreshToken"}),
        ),
        "refresh_token": (
            Link("logout", body={"refresh_token": "$response.body#/data/refreshToken"}),
        ),
    },
)
