"""Publishes the key that certificates of destruction are signed with, to anybody: who has it can
check a certificate without asking this server.
"""

import json

from casekeep.retention.certificates import published_keys

from .asgi import Receive, Scope, Send
from .house import House

KEYS = "/.well-known/casekeep-certificates.json"
_METHODS = {"GET", "HEAD"}


class CertificateKeys:
    """`GET /.well-known/casekeep-certificates.json`."""

    def __init__(self, house: House) -> None:
        self._body = json.dumps(published_keys(house.certificates.public_key)).encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI entry point."""
        del receive
        is_asked = scope["method"] in _METHODS
        headers = [(b"content-type", b"application/json"), (b"cache-control", b"max-age=3600")]
        if not is_asked:
            headers = [(b"allow", b"GET, HEAD")]
        body = self._body if is_asked and scope["method"] == "GET" else b""
        status = 200 if is_asked else 405
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})
