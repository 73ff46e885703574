"""Seals and opens single segments, exactly as Tink's AES-GCM-HKDF streaming AEAD does (AES-256,
HKDF-SHA256, 1 MiB ciphertext segments), so that any Tink opens what lies here.
"""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from casekeep.blobs.sealing.segments import HEADER, TAG

KEY = 32
"""Bytes of a data key."""

_SALT = 32
_PREFIX = 7


class SegmentAltered(Exception):
    """A header or segment that does not belong where it lies, or is not what was sealed."""


def new_data_key() -> bytes:
    """A fresh data key, for one blob and no other."""
    return secrets.token_bytes(KEY)


def new_header() -> bytes:
    """A fresh header: its length, the salt of the blob's derived key, the prefix of its nonces."""
    return bytes([HEADER]) + secrets.token_bytes(_SALT + _PREFIX)


class SegmentCipher:
    """Seals and opens the segments of one blob. The nonce of each says its number, and whether it
    is the last, so none can be moved, left out or cut off.
    """

    def __init__(self, data_key: bytes, header: bytes, bound: bytes) -> None:
        """`bound`: what the blob belongs to (Tink's associated data). Raises SegmentAltered."""
        if len(header) != HEADER or header[0] != HEADER:
            raise SegmentAltered("header")
        salt, self._prefix = header[1 : 1 + _SALT], header[1 + _SALT :]
        derived = HKDF(algorithm=SHA256(), length=KEY, salt=salt, info=bound).derive(data_key)
        self._cipher = AESGCM(derived)

    def seal_into(
        self, number: int, content: bytes | memoryview, into: memoryview, *, is_last: bool
    ) -> int:
        """Write segment `number` as it lies, without the header, to the beginning of `into`; how
        many bytes it has.
        """
        size = len(content) + TAG
        self._cipher.encrypt_into(self._nonce(number, is_last), content, None, into[:size])
        return size

    def open(self, number: int, sealed: bytes | memoryview, *, is_last: bool) -> bytes:
        """The content of segment `number`. Raises SegmentAltered."""
        try:
            return self._cipher.decrypt(self._nonce(number, is_last), sealed, None)
        except (InvalidTag, ValueError):
            raise SegmentAltered(f"segment {number}") from None

    def _nonce(self, number: int, is_last: bool) -> bytes:
        return self._prefix + number.to_bytes(4, "big") + bytes([is_last])
