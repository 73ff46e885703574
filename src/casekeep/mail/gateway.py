"""Sends text messages through an HTTP gateway: a POST of `{"to", "text"}` as JSON; any 2xx answer
means delivered. It follows no redirect, since that would carry a phone number elsewhere.
"""

import logging
import ssl
from dataclasses import dataclass
from typing import Self
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

import httpx

from casekeep.mail.message import DeliveryFailed, TextMessage

GATEWAY_FORM = "https://user:password@host/path, with ?token=… instead of a user for a bearer token"


@dataclass(frozen=True, slots=True)
class Gateway:
    """Where to POST and how to sign in there: a user and password, a bearer token, or neither."""

    address: str
    basic: tuple[str, str] | None
    token: str | None

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Read `https://` and `http://`; what signs in is taken out of the address.

        Raises ValueError with the form, not with the value.
        """
        try:
            return cls._read(url)
        except (ValueError, httpx.InvalidURL):
            raise ValueError(f"CASEKEEP_SMS_URL must be {GATEWAY_FORM}") from None

    @classmethod
    def _read(cls, url: str) -> Self:
        parts = urlsplit(url)
        query = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
        tokens = [value for name, value in query if name == "token"]
        user = unquote(parts.username or "")
        if not parts.hostname or len(tokens) > 1 or (tokens and user):
            raise ValueError
        rest = urlencode([pair for pair in query if pair[0] != "token"])
        host = parts.netloc.rpartition("@")[2]
        address = urlunsplit((parts.scheme, host, parts.path, rest, ""))
        httpx.URL(address)
        basic = (user, unquote(parts.password or "")) if user else None
        return cls(address, basic, tokens[0] if tokens else None)


class GatewayChannel:
    """A `TextChannel` over HTTP; keeps its connections open between messages."""

    def __init__(self, gateway: Gateway, *, timeout: float = 15.0) -> None:
        """`timeout`: seconds for each of connecting, writing and waiting for an answer."""
        # Its line at INFO quotes the address, whose query may be a secret.
        logging.getLogger("httpx").setLevel(logging.WARNING)
        self._address = gateway.address
        self._client = httpx.AsyncClient(
            auth=httpx.BasicAuth(*gateway.basic) if gateway.basic else None,
            headers={"Authorization": f"Bearer {gateway.token}"} if gateway.token else None,
            timeout=timeout,
            verify=ssl.create_default_context(),
            trust_env=False,  # only the settings read the environment; .netrc would win over ours
            follow_redirects=False,
        )

    async def send(self, message: TextMessage, /) -> None:
        """POST the message. Raises DeliveryFailed unless the answer is 2xx."""
        try:
            answer = await self._client.post(
                self._address, json={"to": message.to, "text": message.text}
            )
        except (httpx.HTTPError, OSError) as error:
            cause = f"the gateway could not be reached ({type(error).__name__})"
            raise DeliveryFailed(cause) from None
        if not answer.is_success:
            raise DeliveryFailed(f"the gateway refused the message ({answer.status_code})")

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()
