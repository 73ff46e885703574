"""What a profile may say, field by field."""

import time
from datetime import date

import pytest

from casekeep.identity.model import Gender, NewProfile
from casekeep.identity.profile_texts import CLEARED, clean_changes, clean_profile
from casekeep.kernel.errors import InputNotValid

TODAY = date(2026, 4, 15)


def test_a_new_profile_is_cleaned_and_blanks_are_not_known() -> None:
    said = NewProfile(
        dob=TODAY,
        gender=Gender.MALE,
        address=" ",
        state="",
        country="de",
        allergies="Nuts\r\n\tand\rpollen ",
        language_preferences=(" Deutsch", "English", "Deutsch"),
    )
    assert clean_profile(said, TODAY) == NewProfile(
        dob=TODAY,
        gender=Gender.MALE,
        country="DE",
        allergies="Nuts\n\tand\npollen",
        language_preferences=("Deutsch", "English"),
    )
    assert clean_profile(NewProfile(), TODAY) == NewProfile()


def test_cleaning_twice_changes_nothing() -> None:
    once = clean_changes({"first_name": " A  b ", "phone": "+1 415 555 0123", "city": None}, TODAY)
    assert once == {"first_name": "A b", "phone": "+14155550123", "city": None}
    assert clean_changes(once, TODAY) == once


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("dob", date(2026, 4, 16)),
        ("dob", date(1899, 12, 31)),
        ("country", "D"),
        ("country", "\u00e4\u00f6"),
        ("state", " "),
        ("first_name", None),
        ("city", "x" * 101),
        ("postal_code", "x" * 21),
        ("allergies", "x" * 5001),
        ("allergies", "a\x0bb"),
        ("allergies", "a\u2028b"),
        ("allergies", "a\u202eb"),
        ("language_preferences", ("x" * 51,)),
        ("language_preferences", tuple(str(number) for number in range(21))),
        ("language_preferences", ("",)),
        *((field, None) for field in ("phone", "dob", "gender", "state", "country")),
    ],
)
def test_what_cannot_be_kept(field: str, value: object) -> None:
    with pytest.raises(InputNotValid) as refused:
        clean_changes({field: value}, TODAY)
    assert field in str(refused.value) or field == "phone"


def test_what_can_be_cleared() -> None:
    assert clean_changes(dict.fromkeys(CLEARED), TODAY) == dict.fromkeys(CLEARED)


def test_what_is_far_too_long_is_not_gone_through() -> None:
    began = time.monotonic()
    for field in ("city", "allergies"):
        with pytest.raises(InputNotValid, match=field):
            clean_changes({field: "\u200b" * 20_000_000}, TODAY)
    with pytest.raises(InputNotValid, match="language_preferences"):
        clean_changes({"language_preferences": ("\u200b" * 20_000_000,)}, TODAY)
    assert time.monotonic() - began < 1
