"""The keys of a deployment, which wrap the organisations' keys. They are never in the database;
it knows them by fingerprints.
"""

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Self

KEY = 32
_FINGERPRINT = 16


@dataclass(frozen=True, slots=True)
class DeploymentKey:
    """A key of 32 bytes. `id`: a fingerprint, safe to show."""

    id: str
    key: bytes = field(repr=False)

    @classmethod
    def of(cls, key: bytes) -> Self:
        """The key of these 32 bytes."""
        return cls(sha256(b"casekeep deployment key" + key).hexdigest()[:_FINGERPRINT], key)


class DeploymentKeyUnknown(Exception):
    """An organisation's key is wrapped by a deployment key that is not at hand."""

    def __init__(self, key_id: str) -> None:
        super().__init__(key_id)
        self.key_id = key_id


class DeploymentKeys:
    """The current key, which wraps what is new, and older ones that open what they wrapped."""

    def __init__(self, load: Callable[[], Sequence[DeploymentKey]]) -> None:
        """`load`: reads them, the current one first. It is asked again for a key that is not known,
        because another process may have made one meanwhile; it may block.
        """
        self._load = load
        self._keys = tuple(load())

    @property
    def current(self) -> DeploymentKey:
        """The key that wraps what is new."""
        return self._keys[0]

    @property
    def all(self) -> tuple[DeploymentKey, ...]:
        """Every key at hand, the current one first."""
        return self._keys

    def find(self, key_id: str) -> DeploymentKey:
        """The key of a fingerprint. Raises DeploymentKeyUnknown."""
        found = self._find(key_id)
        if found is None:
            with suppress(Exception):  # what cannot be read is not at hand
                self.load_again()
            found = self._find(key_id)
        if found is None:
            raise DeploymentKeyUnknown(key_id)
        return found

    def load_again(self) -> None:
        """Read the keys anew."""
        self._keys = tuple(self._load())

    def _find(self, key_id: str) -> DeploymentKey | None:
        return next((each for each in self._keys if each.id == key_id), None)


def new_key_text() -> str:
    """A fresh key as it is kept in a file: base64 in the alphabet for URLs, without padding."""
    return urlsafe_b64encode(secrets.token_bytes(KEY)).decode().rstrip("=")


def read_key(text: str) -> DeploymentKey:
    """The key of a base64 text, in either alphabet, padded or not. Raises ValueError, which never
    has the text in it.
    """
    plain = text.strip().rstrip("=").replace("+", "-").replace("/", "_")
    try:
        key = urlsafe_b64decode(plain + "=" * (-len(plain) % 4))
    except (NotBase64, ValueError):
        key = b""
    if len(key) != KEY:
        raise ValueError("a key is 32 bytes in base64")
    return DeploymentKey.of(key)
