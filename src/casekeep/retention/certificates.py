"""Certificates of destruction: what was destroyed, when and why, signed so that anybody can check
it without this server, its database or a network. None has a file's name or a word of its content.
"""

import base64
import json
from binascii import Error as NotBase64
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, cast

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from casekeep.kernel.errors import InputNotValid
from casekeep.kernel.ids import OrganizationId
from casekeep.retention.model import Destruction

TYPE = "casekeep.certificate-of-destruction"
ALGORITHM = "Ed25519"
_KEY_BYTES = 32
_ID_LENGTH = 16


class Certificates:
    """Signs certificates with the deployment's key for them (RFC 8032)."""

    def __init__(self, key: bytes) -> None:
        """`key`: 32 bytes that nobody else has."""
        self._key = Ed25519PrivateKey.from_private_bytes(key)
        self.public_key = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        """What proves a signature, 32 bytes; anybody may have it."""

    def certify(
        self, organization: tuple[OrganizationId, str], what: Destruction, done_at: datetime
    ) -> str:
        """The signed certificate, as canonical JSON. `organization`: its id and its name;
        `done_at`: when the bytes were destroyed.
        """
        certificate = _certificate(organization, what, done_at)
        signature = {
            "algorithm": ALGORITHM,
            "key_id": key_id(self.public_key),
            "public_key": base64.b64encode(self.public_key).decode(),
            "value": base64.b64encode(self._key.sign(canonical(certificate))).decode(),
        }
        return canonical({"certificate": certificate, "signature": signature}).decode()


@dataclass(frozen=True, slots=True)
class Checked:
    """A certificate whose signature fits. `is_known_key`: whether by one of the keys that were to
    be trusted; else it only fits the key that it brings along.
    """

    certificate: dict[str, Any]
    public_key: bytes
    is_known_key: bool


def check_certificate(document: bytes, trusted: Collection[bytes] | None) -> Checked:
    """Check a certificate's signature. `trusted`: the public keys, one of which it must be by.

    Raises InputNotValid for what is no certificate, was altered, or is by another key.
    """
    certificate, public_key, signature = _parts(document)
    if trusted is not None and public_key not in trusted:
        raise InputNotValid("The certificate is signed by another key than the one given")
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, canonical(certificate))
    except (InvalidSignature, ValueError, RecursionError):  # the others: what cannot be written
        raise InputNotValid("The certificate was altered: its signature does not fit") from None
    return Checked(certificate, public_key, trusted is not None)


def canonical(value: dict[str, Any]) -> bytes:
    """The one way to write it, which is what is signed: JSON as RFC 8785 has it, for objects whose
    names are ASCII and whose values are objects, texts, null, and whole numbers below 2^53.
    """
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode()


def key_id(public_key: bytes) -> str:
    """What tells a key from others: the first 16 hexadecimal digits of its SHA-256."""
    return sha256(public_key).hexdigest()[:_ID_LENGTH]


def read_public_keys(text: str) -> frozenset[bytes]:
    """The public keys that a text holds: one, 32 bytes in base64, or those of the document that a
    server publishes. Raises InputNotValid.
    """
    texts = [text]
    try:
        if text.lstrip().startswith("{"):
            texts = [each["public_key"] for each in json.loads(text)["keys"]]
        keys = {base64.b64decode(each.strip(), validate=True) for each in texts}
    except (ValueError, KeyError, TypeError, AttributeError, NotBase64, RecursionError):
        keys = set[bytes]()
    if not keys or any(len(key) != _KEY_BYTES for key in keys):
        raise InputNotValid("The key is none: 32 bytes in base64, or a server's document of keys")
    return frozenset(keys)


def published_keys(public_keys: Sequence[bytes]) -> dict[str, Any]:
    """What a server publishes: the keys that its certificates are, or were, signed with."""
    return {
        "keys": [
            {
                "key_id": key_id(each),
                "algorithm": ALGORITHM,
                "public_key": base64.b64encode(each).decode(),
            }
            for each in public_keys
        ]
    }


def _certificate(
    organization: tuple[OrganizationId, str], what: Destruction, done_at: datetime
) -> dict[str, Any]:
    return {
        "type": TYPE,
        "version": 1,
        "organization": {"id": str(organization[0]), "name": organization[1]},
        "file": {
            "id": str(what.file_id),
            "case_id": _text(what.case_id),
            "size": what.size,
            "sha256": what.sha256.hex(),
            "received_at": _time(what.received_at),
            "removed_at": _time(what.removed_at),
            "removed_by": _text(what.removed_by),
        },
        "destruction": {
            "reason": what.reason.value,
            "purged_at": _time(what.purged_at),
            "key_destroyed_at": what.key_destroyed_at and _time(what.key_destroyed_at),
            "bytes_destroyed_at": _time(done_at),
        },
    }


def _parts(document: bytes) -> tuple[dict[str, Any], bytes, bytes]:
    """What is certified, the public key that it brings along, and the signature."""
    try:
        read = json.loads(document)
        certificate, signature = read["certificate"], read["signature"]
        is_ours = certificate["type"] == TYPE and signature["algorithm"] == ALGORITHM
        public_key = base64.b64decode(signature["public_key"], validate=True)
        value = base64.b64decode(signature["value"], validate=True)
    except (ValueError, KeyError, TypeError, NotBase64, RecursionError):
        is_ours, certificate, public_key, value = False, None, b"", b""
    if not is_ours or not isinstance(certificate, dict) or len(public_key) != _KEY_BYTES:
        raise InputNotValid("This is no certificate of destruction")
    return cast("dict[str, Any]", certificate), public_key, value


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _time(value: datetime) -> str:
    """Whole seconds, UTC (RFC 3339)."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
