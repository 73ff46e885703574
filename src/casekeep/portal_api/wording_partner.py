"""What the names of the partner calls about cases mean: a case with everything in it, what was
asked and answered in it, and what was said.
"""

from typing import Any

from casekeep.http.describing import Link, Word

_CASE = "550e8400-e29b-41d4-a716-446655440111"
_FILE = "550e8400-e29b-41d4-a716-446655440000"
_PATIENT = "550e8400-e29b-41d4-a716-446655440222"
_CLINICIAN = "550e8400-e29b-41d4-a716-446655440333"
_COMMUNICATION = "550e8400-e29b-41d4-a716-446655440444"
_FORM = "550e8400-e29b-41d4-a716-446655440555"
_QUESTION = "550e8400-e29b-41d4-a716-446655440666"
_STATUS = "Where the case stands between clinic and patient."
_CONTENT = "JVBERi0xLjcKJSVFT0YK"

WORDS = {
    # which cases
    "startTime": Word("Only cases that were opened then or later.", "2026-04-01T00:00:00Z"),
    "endTime": Word("Only cases that were opened before.", "2026-05-01T00:00:00Z"),
    "list_cases.status": Word("Only cases in one of these statuses.", "OPEN,ASSIGNED"),
    "recordsPerPage": Word("How many cases a page has at most.", 20),
    "list_cases.after": Word("`cursor.end` of the page before.", _CASE),
    "includeAttachments": Word("Whether each file comes with its content or a URL.", "true"),
    "documentFormat": Word("How the files come.", "url"),
    "CasesAnswer.status": Word("The HTTP status again.", 200),
    "cases": Word("The cases, newest first."),
    "Cases.pageInfo": Word("Where the page stands among the others."),
    "cursor": Word("The ids of the first and the last case of the page."),
    "start": Word("The id of the first case; null if the page is empty.", _CASE),
    "end": Word("The id of the last case, the `after` of the next call.", _CASE),
    "CasePageInfo.hasNextPage": Word("Whether there are older cases.", False),
    "hasPreviousPage": Word("Whether there are newer cases.", True),
    # a case
    "case_id": Word("The case's id.", _CASE),
    "case": Word("The case that was opened, with everything in it."),
    "LatestCaseAnswer.case": Word("The patient's newest case."),
    "caseDetail": Word("The case, with everything in it."),
    "CaseRef.id": Word("The case's id.", _CASE),
    "FullPartnerCase.id": Word("The case's id.", _CASE),
    "shortId": Word("The case's number, counted within the organisation.", "10001"),
    "FullPartnerCase.type": Word("Always null.", None),
    "title": Word("The title of its form; null if it has none.", "Intake"),
    "FullPartnerCase.status": Word(_STATUS, "ASSIGNED"),
    "isArchived": Word("Whether its clinician archived it.", False),
    "updatedAt": Word("When it was last changed."),
    "submitter": Word("The patient; null while none is linked to it."),
    "assignedTo": Word("The clinician whose case it is; null while it is nobody's."),
    "Submitter.id": Word("The account's id.", _PATIENT),
    "AssignedTo.id": Word("The account's id.", _CLINICIAN),
    "AssignedTo.firstName": Word("First name.", "Alex"),
    "AssignedTo.lastName": Word("Last name.", "Miller"),
    "FullPartnerCase.attachments": Word("All files of the case."),
    "communications": Word("What was said in it through partners' software.", []),
    "forms": Word("What was asked in it, and answered."),
    # files
    "isDeleted": Word("Whether it was deleted; such a file has no bytes to hand out.", False),
    "content": Word("The bytes in base64; a `data:` prefix is accepted.", _CONTENT),
    "PartnerAttachment.content": Word("The bytes in base64, where they were asked for."),
    "url": Word("Gives the bytes for fifteen minutes, where that was asked for."),
    # forms
    "form": Word("The form."),
    "FormRef.id": Word("The form's id, for `formId`.", _FORM),
    "FormRef.title": Word("Its title.", "Intake"),
    "description": Word("What it says of itself.", "Before the first visit"),
    "responses": Word("Its questions in their order, each with its answer."),
    "FormResponse.question": Word("The question, as the case was asked it."),
    "FormResponse.answer": Word(
        "The answer, null if there is none; that of a `FILE` question is a list of files."
    ),
    "AskedQuestion.id": Word("The question's id, for `questionId`.", _QUESTION),
    "index": Word("Its place in the form, from 0.", 0),
    "AskedQuestion.text": Word("The question in words."),
    "type": Word("What kind of answer it takes."),
    "AskedQuestion.isPHI": Word("Whether the answer is protected health information.", True),
    "required": Word("Whether it must be answered."),
    "options": Word("What may be chosen; none: anything.", []),
    "AnswerFile.id": Word("The file's id, among the attachments of the case.", _FILE),
    # a new case
    "questions": Word("The questions with their answers; at least one."),
    "formTitle": Word("The title of a form that is made of these questions."),
    "formDescription": Word("What that form says of itself."),
    "formId": Word("A form that is there; then each answer names its question."),
    "question": Word("The question in words; with `formTitle`."),
    "questionId": Word("One of the form's questions; with `formId`."),
    "answer": Word("The answer; a `FILE` is answered by a file or a list of files."),
    "phi": Word("Whether the answer, and a file of it, is protected health information."),
    "shippingAddress": Word("The patient's address."),
    "addressLine1": Word("Street and house number."),
    "addressLine2": Word("What else the address has, such as a flat."),
    "DynamicCase.status": Word("Where the case begins: `OPEN` if nothing is said."),
    "idempotencyKey": Word("The same one again answers the first case, and opens none."),
    # what was said
    "CaseAct.action": Word("What is to be done.", "ADD_COMMUNICATION"),
    "communication": Word("What was said."),
    "CaseAct.communication": Word("What is said."),
    "PartnerComment.id": Word("The communication's id.", _COMMUNICATION),
    "text": Word("What was said, in words.", "All well."),
    "PartnerComment.isRestricted": Word("Whether it was marked as restricted.", False),
    "CommunicationIn.isRestricted": Word("Whether to mark it, and its files, as restricted."),
    "author": Word("Who said it."),
    "AuthorIn.email": Word("Whoever says it; the organisation's user of that address, if any."),
    "CommentAuthor.id": Word("The account's id; null if they are no user.", _CLINICIAN),
    "CommentAuthor.email": Word("The author's email address.", "alex.miller@example.org"),
    "CommentAuthor.firstName": Word("First name.", "Alex"),
    "CommentAuthor.lastName": Word("Last name.", "Miller"),
    "attachments": Word("The files that came with it."),
    "webhookNotify": Word("Whether webhooks are told."),
    "AttachmentIn.isRestricted": Word(
        "Whether to mark it as restricted; as the communication, if not said."
    ),
}

_NOW = "2026-04-15T12:34:56.000Z"
_ASKED_FOR_FILE: dict[str, Any] = {
    "question": {
        "id": _QUESTION,
        "index": 0,
        "text": "Your last laboratory result?",
        "type": "FILE",
        "isPHI": True,
        "required": False,
        "options": [],
    },
    "answer": [{"id": _FILE, "fileName": "lab-result.pdf"}],
}
_ATTACHMENT = {
    "id": _FILE,
    "fileName": "lab-result.pdf",
    "isPHI": True,
    "isRestricted": False,
    "isDeleted": False,
    "createdAt": _NOW,
    "uploadedBy": None,
}

_ASKED_FOR_TEXT: dict[str, Any] = {
    "question": {
        "id": _QUESTION,
        "index": 0,
        "text": "How are you?",
        "type": "TEXT",
        "isPHI": True,
        "required": True,
        "options": [],
    },
    "answer": "Well",
}
_OPENED: dict[str, Any] = {
    "id": _CASE,
    "shortId": "10001",
    "type": None,
    "title": "Intake",
    "status": "OPEN",
    "isArchived": False,
    "createdAt": _NOW,
    "updatedAt": _NOW,
    "submitter": {
        "id": _PATIENT,
        "email": "jane.doe@example.org",
        "firstName": "Jane",
        "lastName": "Doe",
        "phoneNumber": None,
        "role": "USER",
        "isActive": True,
        "createdAt": _NOW,
        "updatedAt": _NOW,
    },
    "assignedTo": None,
    "attachments": [],
    "communications": [],
    "forms": [
        {
            "form": {"id": _FORM, "title": "Intake", "description": None},
            "responses": [_ASKED_FOR_TEXT],
        }
    ],
}

WHOLES: dict[str, Any] = {
    "PartnerAttachment": _ATTACHMENT,
    "FormResponse": _ASKED_FOR_FILE,
    "DynamicCase": {
        "firstName": "Jane",
        "lastName": "Doe",
        "email": "jane.doe@example.org",
        "formTitle": "Intake",
        "questions": [
            {"question": "How are you?", "type": "TEXT", "required": True, "answer": "Well"}
        ],
        "idempotencyKey": "intake-2026-04-15-0001",
    },
    "Opened": {"case": _OPENED},
    "CaseAct": {
        "action": "ADD_COMMUNICATION",
        "communication": {
            "text": "All well.",
            "author": {"email": "alex.miller@example.org"},
            "attachments": [{"fileName": "lab-result.pdf", "content": _CONTENT}],
        },
    },
}

_TO_OPENED = "$response.body#/data/case/id"
_TO_LATEST = "$response.body#/case/id"
LINKS = {
    "open_case": (
        Link("show_case", {"caseId": _TO_OPENED}),
        Link("add_communication", {"case_id": _TO_OPENED}),
    ),
    "find_latest_case": (
        Link("show_case", {"caseId": _TO_LATEST}),
        Link("add_communication", {"case_id": _TO_LATEST}),
    ),
}
