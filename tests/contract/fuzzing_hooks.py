"""What schemathesis does with its own requests before they are sent: each comes from an address of
its own, so that limits on attempts are not all that is found; contents can be kept; a call that
ends sign-ins ends those of an account that does nothing else.
"""

import base64
import os
import random
from typing import Any

import httpx
import schemathesis
from hypothesis import strategies as st

from casekeep.files.content import PORTAL_TYPES
from casekeep.http.reading import uuid_in
from tests.support.clinician import JPEG, PDF

CONTENTS = st.one_of(st.sampled_from([PDF, JPEG]), st.binary(max_size=64))
_SIGNS_OUT = "POST /auth/v1/logout"

schemathesis.openapi.format("binary", CONTENTS)


@schemathesis.hook
def map_body(context: Any, body: Any) -> Any:
    """Every other upload is of a file that is what it is said to be, to a case of the patient's."""
    if not context.operation.label.endswith("/users/me/files/upload") or not isinstance(body, dict):
        return body
    data, kind = body.get("data"), body.get("mimeType")
    if kind not in PORTAL_TYPES or not isinstance(data, str) or len(data) % 2:
        return body
    kept = {**body, "data": base64.b64encode(PDF).decode(), "mimeType": "application/pdf"}
    case_id = body.get("caseId")
    if isinstance(case_id, str) and uuid_in(case_id):
        kept["caseId"] = os.environ["FUZZED_CASE"]
    return kept


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
