"""Puts mails and text messages into a maildir instead of sending them: for the demo, for trying
things out, and for sites whose own software fetches them. The folder is private to the service.
"""

import asyncio
import mailbox
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from threading import Lock

from casekeep.kernel.clock import utc_now
from casekeep.mail.composing import bare_address, compose
from casekeep.mail.message import DeliveryFailed, Email, TextMessage

MAILDIR_FORM = "maildir:FOLDER"

_ONE_WRITER = Lock()
"""The counter in a maildir's file names is one for the process, and not safe between threads."""


def folder_of(url: str) -> Path:
    """The folder of a `maildir:` URL, taken literally. Raises ValueError when it names none."""
    name = url.removeprefix("maildir:").removeprefix("//")
    if not name or "\0" in name:
        raise ValueError(f"the form of a maildir is {MAILDIR_FORM}")
    return Path(name)


class _Outbox:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            self._make_private()
            self._box = mailbox.Maildir(folder)
        except OSError as error:
            raise ValueError(f"the maildir {folder} cannot be used: {error.strerror}") from None

    async def close(self) -> None:
        """Nothing is held open."""

    async def _put(self, message: EmailMessage) -> None:
        try:
            await asyncio.to_thread(self._add, message)
        except (OSError, mailbox.Error) as error:
            cause = f"the maildir did not take the message ({type(error).__name__})"
            raise DeliveryFailed(cause) from None

    def _add(self, message: EmailMessage) -> None:
        with _ONE_WRITER:
            self._box.add(message)

    def _make_private(self) -> None:
        # A data folder that is made here shows nobody what is in it, as the database's own does.
        self._folder.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self._folder.chmod(0o700)
        for part in ("new", "cur", "tmp"):
            (self._folder / part).mkdir(mode=0o700, exist_ok=True)


class EmailOutbox(_Outbox):
    """An `EmailChannel` into a maildir."""

    def __init__(self, folder: Path, *, sender: str) -> None:
        """Makes the folder. Raises ValueError when it cannot be used, or for a bad sender."""
        bare_address(sender)
        super().__init__(folder)
        self._sender = sender

    async def send(self, message: Email, /) -> None:
        """Put the mail into `new`, synced to disk. Raises DeliveryFailed."""
        await self._put(compose(message, self._sender))


class TextOutbox(_Outbox):
    """A `TextChannel` into a maildir: `X-Channel: SMS`, the number in `To`."""

    def __init__(self, folder: Path) -> None:
        """Makes the folder. Raises ValueError when it cannot be used."""
        super().__init__(folder)

    async def send(self, message: TextMessage, /) -> None:
        """Put the message into `new`, synced to disk. Raises DeliveryFailed."""
        mail = EmailMessage()
        mail["X-Channel"] = "SMS"
        mail["To"] = message.to
        mail["Date"] = format_datetime(utc_now())
        mail.set_content(message.text, cte=None if message.text.isascii() else "quoted-printable")
        await self._put(mail)
