"""How a person is reached: one spelling for each email address and phone number. The texts of
refusals never repeat what was given.
"""

import re
from dataclasses import dataclass
from typing import Self

import phonenumbers

from casekeep.kernel.errors import InputNotValid

_LONGEST_EMAIL = 254
_EMAIL = re.compile(r"[^@\s\x00-\x1f\x7f]{1,64}@[^@\s\x00-\x1f\x7f.]+(\.[^@\s\x00-\x1f\x7f.]+)*")
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_PHONE_REFUSED = "phone is not a phone number with its country code, such as +14155550123"


def clean_email(given: str) -> str:
    """The address trimmed and in lower case, at most 254 characters (RFC 5321, 4.5.3.1).

    Raises InputNotValid when it cannot be an address.
    """
    email = given.strip().lower()
    if len(email) > _LONGEST_EMAIL or not _EMAIL.fullmatch(email) or not email.isprintable():
        raise InputNotValid("email is not an email address")
    return email


def clean_phone(given: str) -> str:
    """The number in E.164 form, such as +14155550123; the country code must be given.

    Possible numbers are taken, not only assigned ones: numbering plans change more often than
    anybody updates the table of them. Raises InputNotValid.
    """
    try:
        number = phonenumbers.parse(given.strip(), None)
    except phonenumbers.NumberParseException:
        raise InputNotValid(_PHONE_REFUSED) from None
    phone = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if not phonenumbers.is_possible_number(number) or not _E164.fullmatch(phone):
        raise InputNotValid(_PHONE_REFUSED)
    return phone


@dataclass(frozen=True, slots=True)
class Reached:
    """Where one person is reached: exactly one of an email address and a phone number, cleaned."""

    email: str | None
    phone: str | None

    @classmethod
    def at(cls, email: str | None, phone: str | None) -> Self:
        """Raises InputNotValid unless exactly one is given and can be one."""
        match email, phone:
            case str(), None:
                return cls(clean_email(email), None)
            case None, str():
                return cls(None, clean_phone(phone))
            case _:
                raise InputNotValid("exactly one of email and phone is needed")

    def __str__(self) -> str:
        return self.email or self.phone or ""
