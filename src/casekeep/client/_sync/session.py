"""A sign-in as calls use it: an access token that is about to end, or that the server says has
ended, is renewed once for everybody who waits for it, because a refresh token works only once.
"""

from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TypeVar

import httpx

from ..errors import NotSignedIn
from ..tokens import Held, OnTokens, Tokens
from ..waiting import Lock, Result, undisturbed
from .calling import Call, Caller, read_answer

T = TypeVar("T")

_NOT_PROVEN = 401

Renew = Callable[[str], Result[Held]]
"""Trades a refresh token for the next pair."""


class Session:
    """The tokens of one sign-in, and the calls that carry them."""

    def __init__(
        self, caller: Caller, renew: Renew, tokens: Tokens | None, on_tokens: OnTokens | None
    ) -> None:
        self._caller = caller
        self._renew = renew
        self._held = None if tokens is None else Held(tokens)
        self._on_tokens = on_tokens
        self._lock = Lock()

    @property
    def tokens(self) -> Tokens | None:
        """What is held now."""
        return None if self._held is None else self._held.tokens

    def begin(self, held: Held) -> None:
        """Use these tokens from now on, whatever renewal is under way."""
        with self._lock:
            self._take(held)

    def end(self) -> None:
        """Hold none, whatever renewal is under way."""
        with self._lock:
            self._held = None

    def renewed(self, used: Held | None = None) -> Held:
        """Tokens newer than `used` (None: than those held now), renewed at most once for all who
        ask at the same time. Raises NotSignedIn when there is nothing to renew.
        """
        return undisturbed(self._renewed(used or self._in_use()))

    def read(self, call: Call, shape: type[T]) -> T:
        """The answer to `call`, in its shape. Raises what `answer` raises, and NotUnderstood."""
        with self.answer(call) as answer:
            return read_answer(answer, shape)

    def do(self, call: Call) -> None:
        """Send `call`, whose answer says no more than that it was done."""
        with self.answer(call) as answer:
            answer.read()

    @contextmanager
    def answer(self, call: Call) -> Generator[httpx.Response, None]:
        """The answer to `call`, signed in; a call that comes back as not signed in is sent once
        more with new tokens. Raises ApiError for a refusal, Unreachable.
        """
        held = self._in_use()
        if held.is_old:
            held = self.renewed(held)
        with ExitStack() as opened:
            try:
                answering = self._caller.answer(_signed(call, held))
                answer = opened.enter_context(answering)
            except NotSignedIn as refused:
                if refused.status != _NOT_PROVEN:
                    raise
                answering = self._caller.answer(_signed(call, self.renewed(held)))
                answer = opened.enter_context(answering)
            yield answer

    def close(self) -> None:
        """Wait for a renewal that is under way: its tokens must not be lost."""
        with self._lock:
            pass

    def _in_use(self) -> Held:
        if self._held is None:
            raise NotSignedIn(401, "Not signed in")
        return self._held

    def _renewed(self, used: Held) -> Held:
        with self._lock:
            held = self._in_use()
            if held is not used:
                return held
            try:
                held = self._renew(used.tokens.refresh_token)
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
