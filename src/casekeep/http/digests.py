"""Digest fields (RFC 9530): what a client says its bytes hash to, and what we say of ours. SHA-256
alone is read and sent; a field that is no Structured Field is refused, never guessed at.
"""

import base64
import binascii
import re
from collections.abc import Iterable

from casekeep.kernel.errors import InputNotValid

from .asgi import Scope

CONTENT_DIGEST, REPR_DIGEST = "Content-Digest", "Repr-Digest"
_SHA_256 = "sha-256"
_LENGTH = 32

# RFC 9651, section 3.2: a dictionary whose members are byte sequences, or integers as preferences.
_KEY = r"[a-z*][a-z0-9_.*-]*"
_VALUE = r':[A-Za-z0-9+/=]*:|"[\x20\x21\x23-\x7e]*"|[A-Za-z0-9*?@.-][A-Za-z0-9*?@._%/-]*'
_MEMBER = re.compile(
    rf"[ \t]*({_KEY})(?:=({_VALUE}))?(?:;[ ]*{_KEY}(?:=(?:{_VALUE}))?)*[ \t]*(,|$)"
)


def sha256_in(values: Iterable[str], field: str) -> bytes | None:
    """The SHA-256 that the lines of a digest field give, if they give one; other algorithms are
    passed over (RFC 9530, section 2). Raises InputNotValid for what is no such field.
    """
    found = None
    for algorithm, value in _members(values, field):
        if not (value.startswith(":") and value.endswith(":") and len(value) > 1):
            raise _malformed(field)
        try:
            digest = base64.b64decode(value[1:-1], validate=True)
        except binascii.Error:
            raise _malformed(field) from None
        if algorithm == _SHA_256:
            if len(digest) != _LENGTH:
                raise _malformed(field)
            found = digest  # of two members of one name the last counts (RFC 9651, section 4.2.2)
    return found


def digest_field(sha256: bytes) -> str:
    """The value of a digest field: a dictionary with one member, a byte sequence."""
    return f"{_SHA_256}=:{base64.b64encode(sha256).decode()}:"


def unwanted(field: str | None) -> bool:
    """Whether a Want-Repr-Digest says that SHA-256 is of no use (a preference of 0; RFC 9530,
    section 4). What does not parse is no preference.
    """
    try:
        wanted = dict(_members([field] if field else [], "Want-Repr-Digest"))
    except InputNotValid:
        return False
    return wanted.get(_SHA_256) == "0"


def values_of(scope: Scope, field: str) -> list[str]:
    """The lines of a header field of a request, in order."""
    name = field.lower().encode()
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]


def _members(values: Iterable[str], field: str) -> Iterable[tuple[str, str]]:
    """The members of a dictionary, its lines taken as one list. Raises InputNotValid."""
    text = ", ".join(values).strip(" ")
    at, more = 0, bool(text)
    while more:
        match = _MEMBER.match(text, at)
        if match is None:
            raise _malformed(field)
        yield match[1], match[2] or ""
        at, more = match.end(), bool(match[3])


def _malformed(field: str) -> InputNotValid:
    return InputNotValid(f"{field} must be a dictionary such as sha-256=:…: (RFC 9530)")
