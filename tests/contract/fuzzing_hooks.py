"""What schemathesis does with its own requests before they are sent: each comes from an address of
its own, so that limits on attempts are not all that is found; contents can be kept; a call that
ends sign-ins ends those of an account that does nothing else.
"""

import base64
import os
import random
from typing import Any

import httpx
import msgspec
import schemathesis
from hypothesis import strategies as st

from casekeep.cases.forms import QuestionType
from casekeep.files.content import PORTAL_TYPES
from casekeep.http.reading import uuid_in
from casekeep.portal_api.communications import CaseAct
from casekeep.portal_api.submissions import DynamicCase
from tests.support.clinician import JPEG, PDF

CONTENTS = st.one_of(st.sampled_from([PDF, JPEG]), st.binary(max_size=64))
_SIGNS_OUT = "POST /auth/v1/logout"

schemathesis.openapi.format("binary", CONTENTS)
schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")


@schemathesis.hook
def map_body(context: Any, body: Any) -> Any:
    """Some bodies that are of their form are made to mean something too: random texts are no files,
    no addresses, and no answers to a question. What is not of its form stays as it is.
    """
    change = _MEANINGFUL.get(context.operation.label)
    return change(body) if change and isinstance(body, dict) else body


def _a_real_file(body: dict[str, Any]) -> dict[str, Any]:
    """Every other upload is of a file that is what it is said to be, to a case of the patient's."""
    data, kind = body.get("data"), body.get("mimeType")
    if kind not in PORTAL_TYPES or not isinstance(data, str) or len(data) % 2:
        return body
    kept = {**body, "data": _PDF, "mimeType": "application/pdf"}
    case_id = body.get("caseId")
    if isinstance(case_id, str) and uuid_in(case_id):
        kept["caseId"] = os.environ["FUZZED_CASE"]
    return kept


def _a_form(body: dict[str, Any]) -> dict[str, Any]:
    """A case of the patient, with one answer."""
    asked = body.get("questions")
    words = [each.get("type") for each in asked or [] if isinstance(each, dict)]
    if not _is(body, DynamicCase) or not set(words) <= {None, *QuestionType}:
        return body
    answered = {"question": "How are you?", "type": "TEXT", "answer": "Well"}
    kept = {**body, "email": os.environ["FUZZED_PATIENT_EMAIL"], "questions": [answered]}
    return kept if "formId" in body else {**kept, "formTitle": "A form"}


def _a_saying(body: dict[str, Any]) -> dict[str, Any]:
    """Somebody with an address says something, and adds files."""
    if not _is(body, CaseAct):
        return body
    said = body["communication"]
    author = {**said["author"], "email": os.environ["FUZZED_PATIENT_EMAIL"]}
    kept = {**said, "author": author}
    if said.get("attachments"):
        kept["attachments"] = [{**each, "content": _PDF} for each in said["attachments"]]
    return {**body, "communication": kept}


def _is(body: dict[str, Any], kind: type[msgspec.Struct]) -> bool:
    try:
        msgspec.convert(body, kind)
    except msgspec.ValidationError:
        return False
    return True


_PDF = base64.b64encode(PDF).decode()
_MEANINGFUL = {
    "POST /api/v1/users/me/files/upload": _a_real_file,
    "POST /api/v1/dynamic-case": _a_form,
    "POST /api/v1/cases/{case_id}": _a_saying,
}


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    """From somebody else each time, as the proxy in front of us would tell."""
    case.headers["X-Forwarded-For"] = somewhere()
    if case.operation.label == _SIGNS_OUT and "Authorization" in case.headers:
        case.headers["Authorization"] = signed_in()


def somewhere() -> str:
    """An address in a network of its own."""
    return f"2001:db8:{random.getrandbits(16):x}:{random.getrandbits(16):x}::1"


def signed_in() -> str:
    """A new sign-in of the clinician who signs out."""
    answer = httpx.post(
        f"{os.environ['FUZZED_URL']}/auth/v1/token?grant_type=password",
        json={"email": os.environ["FUZZED_LEAVING"], "password": os.environ["FUZZED_PASSWORD"]},
        headers={"X-Forwarded-For": somewhere()},
    )
    return f"Bearer {answer.json()['access_token']}"
