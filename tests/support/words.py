"""The words that tell a furnished clinic apart, and what a stranger asks with beside the names of
its things: the same of a clinic that does not exist, and what is said of every one.
"""

import base64
import secrets
from uuid import uuid4

from tests.support.filling import Names
from tests.support.partner import around_now

SAID = {
    "code": "123456",
    "password": "a guess",
    "data": base64.b64encode(b"%PDF-1.7\n%%EOF\n").decode(),
    "content": base64.b64encode(b"%PDF-1.7\n%%EOF\n").decode(),
    "file_name": "renamed.pdf",
    "start_date": "2026-01-02",
    "end_date": "2099-12-31",
    "country": "NL",
}
"""What is said in the same words of every clinic."""


def word() -> str:
    """A word that stands nowhere else."""
    return f"zq{secrets.token_hex(6)}"


def phone() -> str:
    return f"+49151{secrets.randbelow(10**8):08}"


def in_our_time() -> Names:
    """A time in which everything is that a test makes."""
    return {name.replace("T", "_t"): each for name, each in around_now().items()}


def absent(names: Names) -> Names:
    """The same of a clinic that does not exist."""
    number = str(secrets.randbelow(10**9) + 10**9)
    email = f"{secrets.token_hex(8)}@example.org"
    return {
        **names,
        "case_id": number if names["case_id"].isdigit() else str(uuid4()),
        "file_id": str(uuid4()),
        "name": f"{secrets.token_hex(6)}.pdf",
        "user_id": str(uuid4()),
        "email": email,
        "patient_email": email,
        "phone_number": phone(),
        "patient_phone": phone(),
        "search": word(),
        "webhook_id": str(uuid4()),
        "delivery_id": str(uuid4()),
        "hold_id": str(uuid4()),
        "after": base64.urlsafe_b64encode(bytes(8) + uuid4().bytes).decode(),
        "any id": number if names["any id"].isdigit() else str(uuid4()),
        "form_id": str(uuid4()),
        "question_id": str(uuid4()),
        "upload_id": str(uuid4()),
        "refresh_token": f"{secrets.token_hex(11)}.{secrets.token_hex(21)}x",
    }


def digest_of(sha256: bytes) -> str:
    """How a digest stands in a header field (RFC 9530)."""
    return base64.b64encode(sha256).decode()
