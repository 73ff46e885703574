"""Secrets that mean nothing but themselves: refresh tokens and API keys. Each carries its
organisation, so that no lookup crosses the tenant wall; only the SHA-256 of one is ever stored.
"""

import re
import secrets
import string
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256
from uuid import UUID

from casekeep.kernel.ids import OrganizationId

_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_VALUES = {digit: value for value, digit in enumerate(_DIGITS)}
_ORGANIZATION_DIGITS = 22
_SECRET_DIGITS = 43
_PARTS = r"([0-9A-Za-z]{22})%s[0-9A-Za-z]{43}"


class Form(Enum):
    """How a kind of secret is written: what it begins with, and what parts it in two."""

    API_KEY = ("ck_", "_")
    REFRESH_TOKEN = ("", ".")


_PATTERNS = {
    form: re.compile(re.escape(form.value[0]) + _PARTS % re.escape(form.value[1])) for form in Form
}


@dataclass(frozen=True, slots=True)
class Opaque:
    """What is known of a presented secret: where to look, and the SHA-256 to look for."""

    organization_id: OrganizationId
    digest: bytes


def new_opaque(organization_id: OrganizationId, form: Form) -> tuple[str, bytes]:
    """A fresh secret of 256 random bits, and the SHA-256 that is stored of it."""
    begins, parts = form.value
    organization = _base62(organization_id.int, _ORGANIZATION_DIGITS)
    text = begins + organization + parts + _base62(secrets.randbits(256), _SECRET_DIGITS)
    return text, sha256(text.encode("ascii")).digest()


def read_opaque(text: str, form: Form) -> Opaque | None:
    """What a presented secret says; None when it has not the form of one."""
    match = _PATTERNS[form].fullmatch(text)
    if match is None:
        return None
    number = 0
    for digit in match[1]:
        number = number * len(_DIGITS) + _VALUES[digit]
    if number >> 128:
        return None
    organization_id = OrganizationId(UUID(int=number))
    return Opaque(organization_id, sha256(text.encode("ascii")).digest())


def _base62(number: int, digits: int) -> str:
    written: list[str] = []
    for _ in range(digits):
        number, value = divmod(number, len(_DIGITS))
        written.append(_DIGITS[value])
    return "".join(reversed(written))
