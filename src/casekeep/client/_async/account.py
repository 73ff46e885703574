"""The account of somebody who signs in with a password: what the clients of clinicians and
administrators have in common.
"""

from collections.abc import Mapping

import httpx

from ..clinician_shapes import Account, Granted
from ..repeating import REPEATS, Repeats
from ..sources import json_body
from ..tokens import Held, OnTokens, Tokens, held_for
from .base import AsyncConnection
from .calling import TIMEOUT
from .session import AsyncSession


class AsyncAccountClient(AsyncConnection):
    """An account's view of one server.

    `tokens` resumes a sign-in; `on_tokens` is called with every new pair, to be stored. `http` is a
    client of one's own, with a transport, a proxy or certificates; it is not closed with this one.
    """

    def __init__(
        self,
        base_url: str,
        *,
        tokens: Tokens | None = None,
        on_tokens: OnTokens | None = None,
        timeout: httpx.Timeout | float = TIMEOUT,
        repeats: Repeats = REPEATS,
        http: httpx.AsyncClient | None = None,
    ) -> None:
        super().__init__(base_url, http=http, timeout=timeout, repeats=repeats)
        self._session = AsyncSession(self._caller, self._renew, tokens, on_tokens)

    async def aclose(self) -> None:
        """Let go of the connections. The sign-in stays: `sign_out` ends it."""
        await self._session.close()
        await super().aclose()

    @property
    def tokens(self) -> Tokens | None:
        """The tokens of the sign-in, if there is one."""
        return self._session.tokens

    async def sign_in(self, email: str, password: str) -> Account:
        """Sign in with a password. Raises NotSignedIn, Limited."""
        granted = await self._grant("password", {"email": email, "password": password})
        await self._session.begin(_held(granted))
        return granted.user

    async def refresh(self) -> Tokens:
        """Trade the refresh token for a new pair now; calls do it by themselves when it is time."""
        return (await self._session.renewed()).tokens

    async def sign_out(self) -> None:
        """End the sign-in, here and on the server."""
        await self._session.do(self._call("POST", "auth/v1/logout"))
        await self._session.end()

    async def account(self) -> Account:
        """Who is signed in."""
        return await self._session.read(self._call("GET", "auth/v1/user"), Account)

    async def _renew(self, refresh_token: str) -> Held:
        return _held(await self._grant("refresh_token", {"refresh_token": refresh_token}))

    async def _grant(self, kind: str, proof: Mapping[str, str]) -> Granted:
        query = {"grant_type": kind}
        call = self._call("POST", "auth/v1/token", json_body(proof), query=query)
        return await self._caller.read(call, Granted)


def _held(granted: Granted) -> Held:
    return held_for(Tokens(granted.access_token, granted.refresh_token), granted.expires_in)
