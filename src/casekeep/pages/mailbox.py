"""The mail and text messages that went to the outbox folder, newest first. For the synthetic
clinic only: it shows one-time codes.
"""

import re
from dataclasses import dataclass
from email import message_from_bytes, policy
from mailbox import Maildir
from pathlib import Path

_MOST = 50
_MOMENT = re.compile(r"(\d+)\.M(\d+)")


@dataclass(frozen=True, slots=True)
class Letter:
    """One message as a page shows it. `channel`: Mail or SMS."""

    channel: str
    to: str
    subject: str
    date: str
    text: str


def read_mailbox(folder: Path) -> list[Letter]:
    """The newest messages of a maildir; none where there is no folder yet."""
    if not folder.is_dir():
        return []
    box = Maildir(folder, factory=None, create=False)
    newest = sorted(box.iterkeys(), key=_time_of, reverse=True)[:_MOST]
    return [_letter(box.get_bytes(key)) for key in newest]


def _time_of(key: str) -> tuple[int, int]:
    """When a message was put in: a maildir's names begin with seconds, then microseconds."""
    found = _MOMENT.match(key)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _letter(content: bytes) -> Letter:
    message = message_from_bytes(content, policy=policy.default)
    body = message.get_body(("plain",))
    return Letter(
        channel=str(message.get("X-Channel", "Mail")),
        to=str(message.get("To", "")),
        subject=str(message.get("Subject", "")),
        date=str(message.get("Date", "")),
        text=str(body.get_content()).strip() if body else "",
    )
