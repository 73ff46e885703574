"""Keys under keys: AES-256-GCM with a fresh nonce, bound to what the wrapped key is for, so that a
row moved to another place opens nothing there.
"""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12
OVERHEAD = _NONCE + 16
"""Bytes that a wrapped key has more than the key: the nonce, and the tag."""


class KeyNotOpened(Exception):
    """A wrapped key that this key does not open, or that belongs elsewhere."""


def wrap(key: bytes, content: bytes, bound: bytes) -> bytes:
    """`content` under `key`, for the place that `bound` names: a nonce, the ciphertext, the tag."""
    nonce = secrets.token_bytes(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, content, bound)


def unwrap(key: bytes, wrapped: bytes, bound: bytes) -> bytes:
    """What was wrapped for this place. Raises KeyNotOpened."""
    try:
        return AESGCM(key).decrypt(wrapped[:_NONCE], wrapped[_NONCE:], bound)
    except (InvalidTag, ValueError):
        raise KeyNotOpened from None
