"""What every name of the clinician contract means, said once: the OpenAPI document has it at each
field and parameter, with a value as it really occurs. A new field gets its line here.
"""

from casekeep.http.describing import Link, Word, Wording
from casekeep.http.resuming_described import HEADERS

_CASE = "a1b2c3d4-5678-40ab-8def-1234567890ab"
_CLINICIAN = "0c5e2f64-9d0b-4c1e-8a55-2f6f7f1c9b11"
_FILE = "f1e2d3c4-5678-40ab-8def-1234567890ab"
_UPLOAD = "0198f0a2-3c4d-7e5f-8a6b-7c8d9e0f1a2b"
_WEBHOOK = "019a3f5e-7c2b-7d10-a4f6-c1d2e3b4a596"
_HOLD = "019a3f70-5b1d-7c44-8e2f-6a7b8c9d0e1f"
_DELIVERY = "019a3f61-02d4-7e88-9b1c-5d6e7f8091a2"
_FINDING = "019a3f62-5b1e-7c44-8f0a-6b7c8d9e0f13"
_CURSOR = "AAZMMMz9WAABkfHi08RWeECrje8SNFZ4kKs="
_NAMED_USER = "Who is signed in; another user is refused."
_OWNER = "The clinician whose case it is."

TAGS = {
    "Sign-in": "Tokens for clinicians and administrators, in the way of GoTrue.",
    "Cases": "Cases of the signed-in clinician.",
    "Files": "The files of a case, and their bytes.",
    "Resumable uploads": "Files in parts, by the tus protocol 1.0.0 (tus.io).",
    "Webhooks": "What partners' software is told, for administrators.",
    "Storage": "Whether the stored files are whole, for administrators.",
    "Holds": "What may not be deleted, and proof of what was, for administrators.",
}

_WORDS = {
    # sign-in
    "grant_type": Word("What is traded: a password, or a refresh token.", "password"),
    "email": Word("The account's email address.", "doctor@example.org"),
    "password": Word("The account's password.", "correct horse battery staple"),
    "refresh_token": Word(
        "Trades for a new access token, once.", "ck_r_Yc2h5x0dQm1nS8vLr4tTqgZ0b7wJpE3uK6iHfA9oX2M"
    ),
    "access_token": Word(
        "Goes into `Authorization: Bearer …`.", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIwYzVlIn0.3q2-7w"
    ),
    "token_type": Word("How the token is sent.", "bearer"),
    "expires_in": Word("Seconds that the access token lives.", 3600),
    "expires_at": Word("When it ends, in Unix seconds.", 1772623815),
    "user": Word("The account behind the token."),
    "role": Word("What the account may do.", "clinician"),
    "user_metadata": Word(
        "The account's first and last name.", {"first_name": "Jane", "last_name": "Doe"}
    ),
    "UserOut.id": Word("The account's id.", _CLINICIAN),
    "scope": Word(
        "What ends: this sign-in, all sign-ins of the account, or all but this.", "local"
    ),
    "error": Word("The kind of failure, for programs.", "invalid_grant"),
    "error_description": Word("The failure in words.", "Invalid login credentials"),
    # cases
    "case": Word("The case, whole."),
    "case_id": Word("The case's number, or its UUID.", "12345"),
    "id": Word("The case's number, counted within the organisation.", 12345),
    "CaseOut.case_id": Word("The case's UUID.", _CASE),
    "upload_id": Word("The upload's id, the last part of its `Location`.", _UPLOAD),
    "user_id": Word(_NAMED_USER, _CLINICIAN),
    "CaseOut.user_id": Word(_OWNER, _CLINICIAN),
    "doctor_id": Word("The same as `user_id`.", _CLINICIAN),
    "patient_name": Word("The patient's name.", "Pat Example"),
    "patient_age": Word("The patient's age in years.", 44),
    "patient_gender": Word("The patient's gender, in the clinician's words.", "female"),
    "case_summary": Word("What the case is about.", "Cough for three weeks"),
    "status": Word("How far the analysis of the case's files is.", "pending"),
    "created_at": Word("When the case was opened.", "2026-03-04T10:30:15Z"),
    "updated_at": Word("When it was last changed.", "2026-03-04T10:30:15Z"),
    "patient_email": Word(
        "Links the case to the patient's account, which is made if it is new.", "pat@example.org"
    ),
    "patient_phone": Word("The same, by a phone number in E.164 form.", "+15551234567"),
    "lab_files": Word("Lab files; the part may be repeated.", ["lab_report.pdf"]),
    "radiology_files": Word("Radiology files; the part may be repeated.", ["chest_xray.jpg"]),
    "uploaded_files": Word("The files that came with the case, in the order they were sent."),
    "create_case.message": Word("What was done.", "Case created successfully"),
    "cases": Word("The cases, newest first."),
    "stage": Word("Where the case stands for the patient.", "ASSIGNED"),
    "ai_insights": Word("What the analysis found; null until there is any.", None),
    "comprehensive_summary": Word("The case in a few paragraphs."),
    "key_findings": Word("What matters most, one sentence each."),
    "patient_context": Word("Whom it is about."),
    "age": Word("In years."),
    "gender": Word("In the clinician's words."),
    "doctor_notes": Word("What the clinician wrote."),
    "lab_summary": Word("The lab files in short."),
    "radiology_summary": Word("The radiology files in short."),
    "confidence_score": Word("From 0 to 1; null where nobody measured it."),
    "overall_confidence_score": Word("From 0 to 1; null where nobody measured it."),
    "subjective": Word("What the patient says."),
    "objective": Word("What was measured and seen."),
    "assessment": Word("What it is taken for."),
    "plan": Word("What is to be done."),
    "soap_note": Word("The case as a SOAP note."),
    "primary_diagnosis": Word("The diagnosis that fits best."),
    "icd_code": Word("Its code in ICD-10."),
    "description": Word("It in words."),
    "supporting_evidence": Word("What speaks for it, one sentence each."),
    "generated_at": Word("When the analysis ended."),
    "total": Word("How many cases there are on all pages.", 1),
    "page": Word("The page's number, from 1; null where `after` led here.", 1),
    "limit": Word("The most cases on a page.", 50),
    "next": Word("The `after` of the next page; null on the last.", None),
    "after": Word("The `next` of the page before, which was in the same order.", _CURSOR),
    "search": Word("A part of the patient's name or of the summary, or a number.", "Example"),
    "start_date": Word("Only cases created on or after this day.", "2026-03-01"),
    "end_date": Word("Only cases created on or before this day.", "2026-03-31"),
    "update_case.message": Word("What was done.", "Case updated successfully"),
    "delete_case.message": Word("What was done.", "Case deleted successfully"),
    "analyze_case.message": Word("What was done.", "Case analysis started successfully"),
    "analyze_case.status": Word("How far the analysis is.", "processing"),
    # files
    "update_file.message": Word("What was done.", "File updated successfully"),
    "files": Word("The files, in the order they were uploaded."),
    "file": Word("The file."),
    "FileAdded.file": Word("The file, as it was kept."),
    "upload.file": Word("The file, with its name.", "lab_report.pdf"),
    "file_id": Word("The file's id.", _FILE),
    "FileOut.case_id": Word("The number of the case it belongs to.", 12345),
    "file_name": Word("The name that people see.", "lab_report.pdf"),
    "file_type": Word("The media type of the content itself.", "application/pdf"),
    "file_size": Word("Bytes.", 245678),
    "file_url": Word(
        "Where the bytes are, relative to this server; asked for with the token, given once and "
        "never changed.",
        f"lab_files/{_CASE}/lab_report.pdf",
    ),
    "file_category": Word("What the clinician filed it as: `lab` or `radiology`.", "lab"),
    "uploaded_at": Word("When it was uploaded.", "2026-03-04T10:30:15Z"),
    "category": Word("What to file it as.", "lab"),
    "is_phi": Word("Whether it is protected health information.", True),
    "is_restricted": Word("Whether an organisation may hide it from its patients.", False),
    "name": Word("The last part of the `file_url`.", "lab_report.pdf"),
    "delete_file.case_id": Word("The case that the file must belong to.", "12345"),
    "delete_file.message": Word("What was done.", "File deleted successfully"),
    "upload.message": Word("What was done.", "File uploaded successfully"),
    "message": Word("What was done."),
    # webhooks
    "webhooks": Word("The webhooks, oldest first."),
    "webhook_id": Word("The webhook's id.", _WEBHOOK),
    "label": Word("What the organisation calls it.", "CRM"),
    "url": Word("Where the events are sent.", "https://crm.example/hook"),
    "events": Word("Which events it is told.", ["CREATE_CASE"]),
    "document_format": Word(
        "How files go along: not at all (`none`), whole (`base64`) or as a signed link (`url`).",
        "none",
    ),
    "signed": Word("Whether it has a secret, with which each delivery is signed.", True),
    "disabled_at": Word("When it was disabled; null while it is not.", None),
    "deliveries": Word("The deliveries, newest first."),
    "webhook_deliveries.after": Word("The `next` of the page before.", _DELIVERY),
    "delivery": Word("The delivery as it is now."),
    "delivery_id": Word("The delivery's id, the same at each attempt.", _DELIVERY),
    "event": Word("What happened.", "CREATE_CASE"),
    "DeliveryOut.case_id": Word("The UUID of the case it happened in.", _CASE),
    "DeliveryOut.file_id": Word("The file it is about, if it is about one.", None),
    "communication_id": Word("The communication it is about, if it is about one.", None),
    "state": Word("Where it stands: `pending`, `delivered` or `failed`.", "pending"),
    "attempts": Word("How often it was tried.", 0),
    "last_status": Word("The HTTP status of the last answer; null if there was none.", None),
    "last_error": Word("Why the last attempt failed; null if none has.", None),
    "next_attempt_at": Word(
        "When it is tried next; null unless it is pending.", "2026-03-04T10:30:15Z"
    ),
    "delivered_at": Word("When it was delivered; null if it was not.", None),
    "replay.message": Word("What was done.", "Delivery will be made again"),
    # findings
    "findings": Word("The findings, newest first."),
    "finding_id": Word("The finding's id.", _FINDING),
    "FindingOut.file_id": Word(
        "The file's id; of orphaned bytes the id they are kept under.", _FILE
    ),
    "kind": Word("What is wrong.", "altered"),
    "first_seen_at": Word("Since when it is known.", "2026-03-04T10:30:15Z"),
    "last_seen_at": Word("When it was last seen to be so.", "2026-03-04T10:30:15Z"),
    "mended_at": Word("When it was found to be so no more; null while it is.", None),
    "findings.after": Word("The `next` of the page before.", _FINDING),
    "findings.state": Word("Whether it is so still.", "open"),
    # holds and destructions
    "holds": Word("The holds, newest first."),
    "hold": Word("The hold as it is now."),
    "hold_id": Word("The hold's id.", _HOLD),
    "reason": Word(
        "Why nothing may be deleted; who would delete it is told.", "litigation 2026/17"
    ),
    "HoldOut.case_id": Word(
        "The UUID of the case that is held with its files; null if it is a file.", _CASE
    ),
    "HoldOut.file_id": Word("The file that is held; null if it is a case.", None),
    "NewHold.file_id": Word("The file to hold, removed or not.", None),
    "NewHold.case_id": Word(
        "The case to hold, removed or not, by its number or its UUID.", "12345"
    ),
    "placed_by": Word("Who placed it; null for the operator.", _CLINICIAN),
    "placed_at": Word("When it was placed.", "2026-03-04T10:30:15Z"),
    "lifted_by": Word("Who lifted it; null for the operator, and while it holds.", None),
    "lifted_at": Word("When it was lifted; null while it holds.", None),
    "holds.after": Word("The `next` of the page before.", _CURSOR),
    "HoldsOut.next": Word("The `after` of the next page; null on the last one.", _CURSOR),
    "lifted": Word("Whether holds that were lifted are listed too.", False),
    "place_hold.message": Word("What was done.", "Hold placed successfully"),
    "lift.message": Word("What was done.", "Hold lifted successfully"),
    "certificate": Word("What the signature is about."),
    "Certified.type": Word("What it certifies.", "casekeep.certificate-of-destruction"),
    "version": Word("Which fields there are.", 1),
    "organization": Word("Whose file it was."),
    "OrganizationCertified.id": Word("The organisation's id.", _WEBHOOK),
    "OrganizationCertified.name": Word("What it is called.", "Harbour Clinic"),
    "Certified.file": Word("What the file was; never its name."),
    "FileCertified.id": Word("The file's id.", _FILE),
    "FileCertified.case_id": Word("The UUID of its case; null for a general document.", _CASE),
    "size": Word("How many bytes it had.", 245678),
    "sha256": Word(
        "SHA-256 of its content, in hexadecimal digits.",
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    ),
    "received_at": Word("When it was received.", "2026-03-04T10:30:15Z"),
    "removed_at": Word("When it was removed.", "2026-04-01T08:00:00Z"),
    "removed_by": Word(
        "Who removed it; null for the operator, a partner's software or a schedule.", _CLINICIAN
    ),
    "destruction": Word("Why and when it was destroyed."),
    "DestructionCertified.reason": Word(
        "`trash`: its time there was over; `retention`: a schedule; `command`: an operator.",
        "trash",
    ),
    "purged_at": Word("When it was taken out of the trash for good.", "2026-05-01T08:00:00Z"),
    "key_destroyed_at": Word(
        "When its key was destroyed; null for a file that had none.", "2026-05-01T08:00:00Z"
    ),
    "bytes_destroyed_at": Word("When its bytes were destroyed.", "2026-05-01T08:00:01Z"),
    "signature": Word("The signature over `certificate`, written as RFC 8785 has it."),
    "algorithm": Word("How it is signed (RFC 8032).", "Ed25519"),
    "key_id": Word("Tells the key from others.", "5f1c9a07d2b34e68"),
    "public_key": Word(
        "What proves the signature, in base64.", "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
    ),
    "value": Word(
        "The signature, in base64.",
        "5VZDAMNgrHKQhuLMgG6CioSHfx645dl02HPgZSJJAVVfuIIVkKM7rMYeOXAc+bRr0lv18FlbviRlUUFDjnoQCw==",
    ),
    # refusals
    "detail": Word("Why, in a sentence."),
    "FieldsRefused.detail": Word("One entry for each field that is not as it must be."),
    "type": Word("`missing`, `value_error` or `json_invalid`."),
    "loc": Word("Where the field stands: path, query or body, and its name."),
    "msg": Word("What is wrong with it."),
    "input": Word("What was sent; null if nothing was."),
}

_WHOLES = {
    "Credentials": {"email": "doctor@example.org", "password": "correct horse battery staple"},
}
_ANSWERS = {
    "all_cases": "The cases",
    "get_case": "The case, and its files",
    "update_case": "The case as it is now",
    "delete_case": "The case was taken away",
    "restore_case": "The case is back",
    "analyze_case": "The files are being looked at again",
    "get_file": "The file",
    "update_file": "The file as it is now",
    "restore_file": "The file is back",
    "trash": "What may still be restored",
    "case_documents": "The documents",
    "webhooks": "The webhooks",
    "webhook_deliveries": "The deliveries",
    "findings": "The findings",
    "replay": "The delivery is made again",
    "holds": "The holds",
    "place_hold": "The hold",
    "lift": "The hold as it is now",
    "certificate": "The certificate, as it was signed",
}
_AGAIN = {"Retry-After": "Seconds until it is worth another try."}
_TAG = {"ETag": "Changes with the content."}
_BYTES = {
    **_TAG,
    "Last-Modified": "When the file was uploaded.",
    "Accept-Ranges": "`bytes`",
    "Repr-Digest": "SHA-256 of the whole file (RFC 9530), unless it is not wanted.",
    "Content-Disposition": "The name to save it under.",
}
_DOWNLOADS = ("lab_files", "radiology_files", "files")
_OPERATIONS = [f"{head}download_{each}" for head in ("", "head_") for each in _DOWNLOADS]

WORDING = Wording(
    words=_WORDS,
    wholes=_WHOLES,
    answers=_ANSWERS,
    headers={
        "*": {"X-Request-Id": "Names the request in the server's log."},
        "401": {"WWW-Authenticate": "`Bearer`"},
        "429": _AGAIN,
        **HEADERS,
        "503": _AGAIN,
        "export.200": {"Content-Disposition": "The name to save it under."},
        "case_files.200": _TAG,
        "case_files.304": _TAG,
        "case_files.412": _TAG,
        **{
            f"{name}.{status}": headers
            for name in _OPERATIONS
            for status, headers in (
                ("200", {**_BYTES, "Content-Digest": "SHA-256 of the content (RFC 9530)."}),
                ("206", {**_BYTES, "Content-Range": "Which bytes of how many."}),
                ("304", _TAG),
                ("412", _TAG),
                ("416", {**_TAG, "Content-Range": "How many bytes there are."}),
            )
        },
    },
    links={
        "create_case": (
            Link("case_files", {"case_id": "$response.body#/case/id"}),
            Link("upload", body={"case_id": "$response.body#/case/id"}),
            *(
                Link(each, {"case_id": "$response.body#/case/id"})
                for each in (
                    "get_case",
                    "update_case",
                    "delete_case",
                    "restore_case",
                    "analyze_case",
                    "case_documents",
                    "export",
                )
            ),
        ),
        "upload": (
            *(
                Link(each, {"file_id": "$response.body#/file/file_id"})
                for each in ("get_file", "update_file", "delete_file", "restore_file")
            ),
            Link("case_files", {"case_id": "$response.body#/file/case_id"}),
        ),
    },
)
