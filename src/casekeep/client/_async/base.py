"""What all three clients are: a connection to one server that is opened, used and closed."""

from collections.abc import Mapping
from types import TracebackType
from typing import Self

import httpx

from ..repeating import Repeats
from ..sources import Body, Progress
from .calling import AsyncCaller, Call


class AsyncConnection:
    """A connection to one server, over a pool of its own or over `http`, which stays open."""

    def __init__(
        self,
        base_url: str,
        *,
        http: httpx.AsyncClient | None,
        timeout: httpx.Timeout | float,
        repeats: Repeats,
    ) -> None:
        self._repeats = repeats
        self._caller = AsyncCaller(base_url, http=http, timeout=timeout, repeats=repeats)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._caller.base_url!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Let go of the connections. A sign-in stays: signing out ends it."""
        await self._caller.close()

    def _headers(self) -> Mapping[str, str]:
        """The header fields of every call."""
        return {}

    def _call(
        self,
        method: str,
        path: str,
        body: Body | None = None,
        *,
        query: Mapping[str, str] | None = None,
        progress: Progress | None = None,
        repeatable: bool = False,
    ) -> Call:
        return Call(
            method,
            self._caller.url(path),
            query or {},
            self._headers(),
            body,
            progress,
            repeatable,
        )
