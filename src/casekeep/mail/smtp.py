"""Sends mail through an SMTP server (RFC 5321), one connection a mail. It never sends a password
over an open line unless the setting says so, and never goes on when a certificate is not valid.
"""

import asyncio
import ssl
from dataclasses import dataclass
from typing import Self
from urllib.parse import parse_qsl, unquote, urlsplit

import aiosmtplib

from casekeep.mail.composing import bare_address, compose
from casekeep.mail.message import DeliveryFailed, Email

SMTP_FORM = (
    "smtp://user:password@host:587 (with ?starttls=required or ?starttls=never if wanted) "
    "or smtps://user:password@host:465"
)
_STARTTLS: dict[str | None, bool | None] = {None: None, "required": True, "never": False}


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where and how to hand mail over. `starttls`: None takes it when offered (RFC 3207)."""

    host: str
    port: int
    tls: bool
    starttls: bool | None
    user: str | None
    password: str | None

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Read `smtp://` and `smtps://`; with a password, STARTTLS is required unless the URL
        says never. Raises ValueError with the form, not with the value.
        """
        try:
            return cls._read(url)
        except (ValueError, KeyError):
            raise ValueError(f"CASEKEEP_MAIL_URL must be {SMTP_FORM}") from None

    @classmethod
    def _read(cls, url: str) -> Self:
        parts = urlsplit(url)
        options = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
        starttls = _STARTTLS[options.pop("starttls", None)]
        tls = parts.scheme == "smtps"
        if not parts.hostname or options or parts.path.strip("/") or (tls and starttls is not None):
            raise ValueError
        user = unquote(parts.username) if parts.username else None
        return cls(
            host=parts.hostname,
            port=parts.port or (465 if tls else 587),
            tls=tls,
            starttls=True if user and not tls and starttls is None else starttls,
            user=user,
            password=unquote(parts.password or "") if user else None,
        )


class SmtpChannel:
    """An `EmailChannel` over SMTP."""

    def __init__(self, server: SmtpServer, *, sender: str, timeout: float = 30.0) -> None:
        """`timeout`: seconds for the whole of one mail. Raises ValueError for a sender without
        an address.
        """
        self._server = server
        self._sender = sender
        self._envelope_from = bare_address(sender)
        self._timeout = timeout
        self._tls = ssl.create_default_context()

    async def send(self, message: Email, /) -> None:
        """Hand the mail over. Raises DeliveryFailed."""
        try:
            async with asyncio.timeout(self._timeout):
                await self._send(message)
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            # `from None`: the library's texts repeat addresses and what the server said of them.
            raise DeliveryFailed(_cause(error)) from None

    async def close(self) -> None:
        """Nothing is held between two mails."""

    async def _send(self, message: Email) -> None:
        server = self._server
        await aiosmtplib.send(
            compose(message, self._sender),
            sender=self._envelope_from,
            recipients=[message.to],
            hostname=server.host,
            port=server.port,
            username=server.user,
            password=server.password,
            use_tls=server.tls,
            start_tls=None if server.tls else server.starttls,
            tls_context=self._tls,
            timeout=self._timeout,
        )


def _cause(error: Exception) -> str:
    match error:
        case aiosmtplib.SMTPRecipientsRefused():
            codes = sorted({refused.code for refused in error.recipients})
            return f"the mail server refused the recipient ({', '.join(map(str, codes))})"
        case aiosmtplib.SMTPAuthenticationError():
            return f"the mail server refused our user or password ({error.code})"
        case aiosmtplib.SMTPResponseException():
            return f"the mail server refused the mail ({error.code})"
        case TimeoutError():
            return "the mail server did not answer in time"
        case ssl.SSLError() | aiosmtplib.SMTPConnectError(__cause__=ssl.SSLError()):
            return "the mail server could not prove who it is"
        case _:
            return f"the mail could not be handed over ({type(error).__name__})"
