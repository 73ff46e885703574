"""One attempt: a POST to an address that was judged a moment ago, and what came of it in a word of
our own. It follows no redirect, believes no proxy variable, and throws the answer's body away.
"""

import asyncio
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import version
from ipaddress import IPv6Address

import httpx

from casekeep.webhooks.addresses import Address, Allowed, Target, TargetNotAllowed, target_of
from casekeep.webhooks.model import Failure
from casekeep.webhooks.queries_deliveries import Result

_CONNECT_SECONDS = 5.0
_TOTAL_SECONDS = 15.0
_MOST_READ = 4096
_TAKEN = 2
_USER_AGENT = f"Casekeep/{version('casekeep')} (webhooks)"


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends. `certificates`: what a receiver's certificate is checked against."""

    allowed: Allowed
    certificates: ssl.SSLContext = field(default_factory=ssl.create_default_context)
    connect_seconds: float = _CONNECT_SECONDS
    total_seconds: float = _TOTAL_SECONDS

    async def send(self, url: str, body: bytes, headers: Mapping[str, str]) -> Result:
        """Send a body once. Never raises for anything that a receiver or the network does."""
        began = time.monotonic()
        status: int | None = None
        error: str | None = None
        try:
            async with asyncio.timeout(self.total_seconds):
                status = await self._send(url, body, headers)
        except (TimeoutError, httpx.HTTPError, OSError, TargetNotAllowed, HostNotFound) as raised:
            error = _word(raised).value
        if status is not None and not is_delivered(status):
            error = f"answered {status}"
        return Result(status, error, round((time.monotonic() - began) * 1000))

    async def _send(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        target = target_of(url)
        try:
            *others, last = await self.allowed.addresses_of(target)
        except OSError as error:
            raise HostNotFound from error
        for address in others:
            with suppress(httpx.ConnectError, httpx.ConnectTimeout):
                return await self._post(target, address, body, headers)
        return await self._post(target, last, body, headers)

    async def _post(
        self, target: Target, address: Address, body: bytes, headers: Mapping[str, str]
    ) -> int:
        """A client for each attempt: a connection that was kept would be one to another name."""
        host = f"[{address}]" if isinstance(address, IPv6Address) else str(address)
        async with (
            httpx.AsyncClient(
                verify=self.certificates,
                trust_env=False,
                timeout=httpx.Timeout(self.total_seconds, connect=self.connect_seconds),
            ) as client,
            client.stream(
                "POST",
                f"{target.scheme}://{host}:{target.port}{target.path}",
                content=body,
                headers={
                    "host": target.authority,
                    "content-type": "application/json",
                    "user-agent": _USER_AGENT,
                    "accept-encoding": "identity",
                    "connection": "close",
                    **headers,
                },
                extensions={"sni_hostname": target.host},
                follow_redirects=False,
            ) as response,
        ):
            await _throw_away(response)
            return response.status_code


class HostNotFound(Exception):
    """A host that nobody knows."""


def is_delivered(status: int) -> bool:
    """Whether a receiver has taken what it was sent."""
    return status // 100 == _TAKEN


async def _throw_away(response: httpx.Response) -> None:
    """Read a little, so that a short answer ends in good order; a broken one is an answer too."""
    read = 0
    with suppress(httpx.HTTPError):
        async for chunk in response.aiter_raw():
            read += len(chunk)
            if read > _MOST_READ:
                return


def _word(raised: BaseException) -> Failure:
    """What went wrong, in a word of ours."""
    causes = tuple(_causes(raised))
    for kind, failure in _WORDS:
        if any(isinstance(each, kind) for each in causes):
            return failure
    return Failure.BROKEN


def _causes(raised: BaseException | None) -> Iterator[BaseException]:
    """An exception and all that led to it."""
    while raised is not None:
        yield raised
        if isinstance(raised, BaseExceptionGroup):
            for each in raised.exceptions:  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType] - of anything
                yield from _causes(each)  # pyright: ignore[reportUnknownArgumentType] - as above
        raised = raised.__cause__ or raised.__context__


_WORDS: tuple[tuple[type[BaseException], Failure], ...] = (
    (TargetNotAllowed, Failure.NOT_ALLOWED),
    (HostNotFound, Failure.NOT_FOUND),
    (ssl.SSLError, Failure.TLS),
    (ConnectionRefusedError, Failure.REFUSED),
    (httpx.TimeoutException, Failure.TIMED_OUT),
    (TimeoutError, Failure.TIMED_OUT),
    (httpx.ConnectError, Failure.NOT_CONNECTED),
    (OSError, Failure.NOT_CONNECTED),
)
