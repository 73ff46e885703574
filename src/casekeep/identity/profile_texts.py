"""What a profile may say, field by field: one spelling for each value, or a refusal that names the
field and never repeats what was given.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import date
from typing import Any

from casekeep.identity.contacts import clean_phone
from casekeep.identity.model import Gender, NewProfile
from casekeep.kernel.errors import InputNotValid
from casekeep.kernel.texts import one_line, some_lines

LONGEST_NAME = 200
"""Characters that a first or a last name may have."""
LONGEST_ADDRESS = 200
"""Characters that a line of an address may have."""
LONGEST_PLACE = 100
"""Characters that a city or a state may have."""
LONGEST_POSTAL_CODE = 20
LONGEST_TEXT = 5000
"""Characters that each of the three clinical texts may have."""
LONGEST_LANGUAGE = 50
MOST_LANGUAGES = 20

CLEARED = {
    "address",
    "address2",
    "city",
    "postal_code",
    "allergies",
    "health_conditions",
    "current_medications",
}
"""What a profile can be without again, once it was known (portal contract, "Profile")."""

_LONGEST_GIVEN = 2 * LONGEST_TEXT
"""Characters that a value may have before it is cleaned; more is not even gone through."""
_FIRST_YEAR = 1900
_COUNTRY = re.compile(r"[A-Za-z]{2}")


def clean_changes(given: Mapping[str, object], today: date) -> dict[str, Any]:
    """New values of a profile by the names of its fields, as they are kept. None clears.

    Raises InputNotValid for what cannot be kept, and for None where nothing may be cleared.
    """
    return {field: _clean(field, value, today) for field, value in given.items()}


def clean_profile(new: NewProfile, today: date) -> NewProfile:
    """A new patient's profile, as it is kept; what is None or blank is not known.

    Raises InputNotValid.
    """
    said = {field.name: getattr(new, field.name) for field in fields(new)}
    return NewProfile(**clean_changes({name: each for name, each in said.items() if each}, today))


def _clean(field: str, value: object, today: date) -> object:
    cleaned = None if value is None else _CLEANERS[field](value)
    if isinstance(cleaned, date) and cleaned > today:
        raise InputNotValid("dob is in the future")
    if cleaned in {None, ""}:
        if field not in CLEARED:
            raise InputNotValid(f"{field} may not be empty")
        return None
    return cleaned


def _line(field: str, longest: int) -> Callable[[str], str]:
    return lambda text: _bounded(one_line(_given(text, field), field), field, longest)


def _lines(field: str) -> Callable[[str], str]:
    return lambda text: _bounded(some_lines(_given(text, field), field), field, LONGEST_TEXT)


def _given(text: str, field: str) -> str:
    return _bounded(text, field, _LONGEST_GIVEN)


def _bounded(text: str, field: str, longest: int) -> str:
    if len(text) > longest:
        raise InputNotValid(f"{field} must have at most {longest} characters")
    return text


def _dob(given: date) -> date:
    if given.year < _FIRST_YEAR:
        raise InputNotValid(f"dob is before {_FIRST_YEAR}")
    return given


def _country(text: str) -> str:
    if not _COUNTRY.fullmatch(text):
        raise InputNotValid("country must be two letters")
    return text.upper()


def _languages(given: tuple[str, ...]) -> tuple[str, ...]:
    clean = _line("language_preferences", LONGEST_LANGUAGE)
    languages = tuple(dict.fromkeys(clean(each) for each in given))
    if len(languages) > MOST_LANGUAGES or "" in languages:
        raise InputNotValid(f"language_preferences may name {MOST_LANGUAGES} languages")
    return languages


_CLEANERS: Mapping[str, Callable[[Any], object]] = {
    "first_name": _line("first_name", LONGEST_NAME),
    "last_name": _line("last_name", LONGEST_NAME),
    "phone": clean_phone,
    "dob": _dob,
    "gender": Gender,
    "address": _line("address", LONGEST_ADDRESS),
    "address2": _line("address2", LONGEST_ADDRESS),
    "city": _line("city", LONGEST_PLACE),
    "state": _line("state", LONGEST_PLACE),
    "country": _country,
    "postal_code": _line("postal_code", LONGEST_POSTAL_CODE),
    "allergies": _lines("allergies"),
    "health_conditions": _lines("health_conditions"),
    "current_medications": _lines("current_medications"),
    "language_preferences": _languages,
    "sms_notifications_disabled": bool,
    "email_notifications_disabled": bool,
}
