"""Secrets of webhooks: made here, shown once, sealed at rest. A sealed secret opens for the webhook
it was sealed for and no other, so that rows cannot be swapped.
"""

import base64
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from casekeep.kernel.ids import OrganizationId, WebhookId

PREFIX = "whsec_"
"""How a secret begins (Standard Webhooks, "Signature scheme"); base64 of the key follows."""

_KEY_BYTES = 32
_NONCE_BYTES = 12


class SecretNotReadable(Exception):
    """A sealed secret that this deployment's key does not open."""


class WebhookSecrets:
    """Makes, seals and opens secrets, with AES-256-GCM."""

    def __init__(self, key: bytes) -> None:
        """`key`: 32 bytes, used for nothing else."""
        self._cipher = AESGCM(key)

    def seal(self, secret: str, organization_id: OrganizationId, webhook_id: WebhookId) -> bytes:
        """A secret as it is kept: a nonce, then the ciphertext with its tag."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        bound = _bound(organization_id, webhook_id)
        return nonce + self._cipher.encrypt(nonce, secret.encode(), bound)

    def open(self, sealed: bytes, organization_id: OrganizationId, webhook_id: WebhookId) -> str:
        """The secret that was sealed for this webhook. Raises SecretNotReadable."""
        nonce, content = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            opened = self._cipher.decrypt(nonce, content, _bound(organization_id, webhook_id))
        except (InvalidTag, ValueError):
            raise SecretNotReadable from None
        return opened.decode()


def new_secret() -> str:
    """A fresh secret of 256 random bits."""
    return PREFIX + base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()


def _bound(organization_id: OrganizationId, webhook_id: WebhookId) -> bytes:
    return b"casekeep webhook secret" + organization_id.bytes + webhook_id.bytes
