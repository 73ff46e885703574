"""Turns a mail into the form that travels (RFC 5322): plain text, marked as automatic."""

from email.message import EmailMessage
from email.utils import format_datetime, make_msgid, parseaddr

from casekeep.kernel.clock import utc_now
from casekeep.mail.message import Email


def bare_address(sender: str) -> str:
    """The address in a From value such as `Clinic <no-reply@example.org>`.

    Raises ValueError, naming the setting.
    """
    address = parseaddr(sender)[1]
    local, _, domain = address.rpartition("@")
    if not (local and domain and sender.isprintable()):
        raise ValueError(
            "CASEKEEP_MAIL_FROM must hold a mail address, such as Clinic <no-reply@example.org>"
        )
    return address


def compose(message: Email, sender: str) -> EmailMessage:
    """The whole mail, with `sender` as its From. Its id tells nothing of the machine."""
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = message.to
    mail["Subject"] = message.subject
    mail["Date"] = format_datetime(utc_now())
    mail["Message-ID"] = make_msgid(domain=bare_address(sender).rpartition("@")[2])
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office replies, please
    mail.set_content(message.text, cte=None if message.text.isascii() else "quoted-printable")
    return mail
