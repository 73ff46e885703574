"""A sign-in as calls use it: an access token that is about to end, or that the server says has
ended, is renewed once for everybody who waits for it, because a refresh token works only once.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import TypeVar

import httpx

from ..errors import NotSignedIn
from ..tokens import Held, OnTokens, Tokens
from ..waiting import AsyncLock, AsyncResult, async_undisturbed
from .calling import AsyncCaller, Call, read_answer

T = TypeVar("T")

_NOT_PROVEN = 401

Renew = Callable[[str], AsyncResult[Held]]
"""Trades a refresh token for the next pair."""


class AsyncSession:
    """The tokens of one sign-in, and the calls that carry them."""

    def __init__(
        self, caller: AsyncCaller, renew: Renew, tokens: Tokens | None, on_tokens: OnTokens | None
    ) -> None:
        self._caller = caller
        self._renew = renew
        self._held = None if tokens is None else Held(tokens)
        self._on_tokens = on_tokens
        self._lock = AsyncLock()

    @property
    def tokens(self) -> Tokens | None:
        """What is held now."""
        return None if self._held is None else self._held.tokens

    async def begin(self, held: Held) -> None:
        """Use these tokens from now on, whatever renewal is under way."""
        async with self._lock:
            self._take(held)

    async def end(self) -> None:
        """Hold none, whatever renewal is under way."""
        async with self._lock:
            self._held = None

    async def renewed(self, used: Held | None = None) -> Held:
        """Tokens newer than `used` (None: than those held now), renewed at most once for all who
        ask at the same time. Raises NotSignedIn when there is nothing to renew.
        """
        return await async_undisturbed(self._renewed(used or self._in_use()))

    async def read(self, call: Call, shape: type[T]) -> T:
        """The answer to `call`, in its shape. Raises what `answer` raises, and NotUnderstood."""
        async with self.answer(call) as answer:
            return await read_answer(answer, shape)

    async def do(self, call: Call) -> None:
        """Send `call`, whose answer says no more than that it was done."""
        async with self.answer(call) as answer:
            await answer.aread()

    @asynccontextmanager
    async def answer(self, call: Call) -> AsyncGenerator[httpx.Response, None]:
        """The answer to `call`, signed in; a call that comes back as not signed in is sent once
        more with new tokens. Raises ApiError for a refusal, Unreachable.
        """
        held = self._in_use()
        if held.is_old:
            held = await self.renewed(held)
        async with AsyncExitStack() as opened:
            try:
                answering = self._caller.answer(_signed(call, held))
                answer = await opened.enter_async_context(answering)
            except NotSignedIn as refused:
                if refused.status != _NOT_PROVEN:
                    raise
                answering = self._caller.answer(_signed(call, await self.renewed(held)))
                answer = await opened.enter_async_context(answering)
            yield answer

    async def close(self) -> None:
        """Wait for a renewal that is under way: its tokens must not be lost."""
        async with self._lock:
            pass

    def _in_use(self) -> Held:
        if self._held is None:
            raise NotSignedIn(401, "Not signed in")
        return self._held

    async def _renewed(self, used: Held) -> Held:
        async with self._lock:
            held = self._in_use()
            if held is not used:
                return held
            try:
                held = await self._renew(used.tokens.refresh_token)
            except NotSignedIn:
                self._held = None  # nobody else needs to try
                raise
            self._take(held)
            return held

    def _take(self, held: Held) -> None:
        self._held = held
        if self._on_tokens is not None:
            self._on_tokens(held.tokens)


def _signed(call: Call, held: Held) -> Call:
    authorization = f"Bearer {held.tokens.access_token}"
    return replace(call, headers={**call.headers, "authorization": authorization})
