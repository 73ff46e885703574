"""A tus client for tests, one request at a time: real HTTP header fields, and no retries."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

VERSION = {"Tus-Resumable": "1.0.0"}
BYTES = {"Content-Type": "application/offset+octet-stream"}
CLINICIAN, PORTAL = "/uploads", "/api/v1/users/me/uploads"


def metadata(**values: object) -> str:
    """Pairs as `Upload-Metadata` has them."""
    pairs = [
        f"{key} {base64.b64encode(str(value).encode()).decode()}" for key, value in values.items()
    ]
    return ",".join(pairs)


@dataclass(frozen=True)
class Sender:
    """Somebody who uploads to an edge. `path`: of its uploads."""

    client: httpx.AsyncClient
    headers: Mapping[str, str]
    path: str = CLINICIAN

    async def begin(self, length: int | None, *, said: Any = None, **more: str) -> httpx.Response:
        """A creation; `said`: metadata."""
        known = {"Upload-Defer-Length": "1"} if length is None else {"Upload-Length": str(length)}
        told = {"Upload-Metadata": metadata(**said)} if said else {}
        headers = {**self.headers, **VERSION, **known, **told, **_fields(more)}
        return await self.client.post(self.path, headers=headers)

    async def send(self, url: str, offset: int, content: Any, **more: str) -> httpx.Response:
        """The next bytes."""
        fields = {**VERSION, **BYTES, "Upload-Offset": str(offset), **_fields(more)}
        return await self.client.patch(url, headers={**self.headers, **fields}, content=content)

    async def ask(self, url: str) -> httpx.Response:
        """How far it is."""
        return await self.client.head(url, headers={**self.headers, **VERSION})

    async def end(self, url: str) -> httpx.Response:
        """Give it up."""
        return await self.client.delete(url, headers={**self.headers, **VERSION})


def _fields(more: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in more.items()}
