"""Publishes the keys that certificates of destruction are, and ever were, signed with, to anybody:
who has them can check a certificate without asking this server.
"""

import json

from casekeep.retention.certificates import published_keys
from casekeep.retention.queries import used_certificate_keys

from .asgi import Receive, Scope, Send
from .house import House

KEYS = "/.well-known/casekeep-certificates.json"
_METHODS = {"GET", "HEAD"}


class CertificateKeys:
    """`GET /.well-known/casekeep-certificates.json`: the key of today first."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI entry point."""
        del receive
        is_asked = scope["method"] in _METHODS
        headers = [(b"content-type", b"application/json"), (b"cache-control", b"max-age=3600")]
        if not is_asked:
            headers = [(b"allow", b"GET, HEAD")]
        body = await self._keys() if is_asked and scope["method"] == "GET" else b""
        status = 200 if is_asked else 405
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _keys(self) -> bytes:
        today = self._house.certificates.public_key
        used = await used_certificate_keys(self._house.db)
        keys = published_keys([today, *(each for each in used if each != today)])
        return json.dumps(keys).encode()
