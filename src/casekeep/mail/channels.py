"""Ways to send, chosen by a URL of the settings. A channel sends or raises `DeliveryFailed`; it
tries once and remembers nothing.
"""

from typing import Protocol

from casekeep.mail.gateway import GATEWAY_FORM, Gateway, GatewayChannel
from casekeep.mail.message import Email, TextMessage
from casekeep.mail.outbox import MAILDIR_FORM, EmailOutbox, TextOutbox, folder_of
from casekeep.mail.smtp import SMTP_FORM, SmtpChannel, SmtpServer


class EmailChannel(Protocol):
    """Sends mail."""

    async def send(self, message: Email, /) -> None:
        """Hand the mail over; on return the next server, or the folder, has it.

        Raises DeliveryFailed.
        """
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class TextChannel(Protocol):
    """Sends text messages."""

    async def send(self, message: TextMessage, /) -> None:
        """Hand the message over; on return the gateway, or the folder, has it.

        Raises DeliveryFailed.
        """
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


def open_email_channel(url: str, *, sender: str) -> EmailChannel:
    """The channel that `url` (`CASEKEEP_MAIL_URL`) names. `sender`: the From of every mail.

    Raises ValueError, whose text gives the form of the setting and never repeats its value.
    """
    match url.partition(":")[0]:
        case "smtp" | "smtps":
            return SmtpChannel(SmtpServer.from_url(url), sender=sender)
        case "maildir":
            return EmailOutbox(folder_of(url), sender=sender)
        case _:
            raise ValueError(f"CASEKEEP_MAIL_URL must be {SMTP_FORM}, or {MAILDIR_FORM}")


def open_text_channel(url: str) -> TextChannel:
    """The channel that `url` (`CASEKEEP_SMS_URL`) names.

    Raises ValueError, whose text gives the form of the setting and never repeats its value.
    """
    match url.partition(":")[0]:
        case "https" | "http":
            return GatewayChannel(Gateway.from_url(url))
        case "maildir":
            return TextOutbox(folder_of(url))
        case _:
            raise ValueError(f"CASEKEEP_SMS_URL must be {GATEWAY_FORM}, or {MAILDIR_FORM}")
