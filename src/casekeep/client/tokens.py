"""The proof of a sign-in, as a program may keep it. Printing it shows no secret."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

_EARLY = 30.0
"""Seconds before its end from which an access token is no longer used."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """An access token, and the refresh token that brings the next pair; that one works once, so
    whoever stores tokens stores every new pair (`on_tokens`).
    """

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)


OnTokens = Callable[[Tokens], None]
"""Called with each new pair before it is used; it must not call the client. What it raises, the
caller of the client gets.
"""


@dataclass(frozen=True, slots=True)
class Held:
    """Tokens in use, and when the access token ends on this process's own clock. Of tokens that
    came from elsewhere the age is not known: the server will say.
    """

    tokens: Tokens
    ends_at: float | None = None

    @property
    def is_old(self) -> bool:
        """Whether the access token is known to have ended, or is about to."""
        return self.ends_at is not None and time.monotonic() >= self.ends_at


def held_for(tokens: Tokens, expires_in: float) -> Held:
    """Tokens that came just now, good for `expires_in` seconds."""
    return Held(tokens, time.monotonic() + max(expires_in - _EARLY, expires_in / 2))
