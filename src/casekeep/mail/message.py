"""What can be sent: a mail or a text message, to one person. Their addresses and texts are private;
no error or log line of this house repeats them.
"""

from dataclasses import dataclass


class DeliveryFailed(Exception):
    """A message that was not taken over; the text says by what and why, never for whom."""


@dataclass(frozen=True, slots=True)
class Email:
    """A mail of plain text. Raises ValueError for a line break in a header."""

    to: str
    subject: str
    text: str

    def __post_init__(self) -> None:
        if not (_one_line(self.to) and _one_line(self.subject)):
            raise ValueError("an address and a subject are one line each")


@dataclass(frozen=True, slots=True)
class TextMessage:
    """A text message. `to`: a phone number as of E.164, such as +15550100."""

    to: str
    text: str

    def __post_init__(self) -> None:
        if not _one_line(self.to):
            raise ValueError("a phone number is one line")


def _one_line(value: str) -> bool:
    return bool(value) and value.isprintable()
