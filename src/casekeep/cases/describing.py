"""What may be written about a case: cleans and judges each thing by itself, for new cases and for
changes alike.
"""

from casekeep.kernel.errors import InputNotValid
from casekeep.kernel.texts import one_line

LONGEST_NAME = 200
"""Characters that a patient's name may have."""

LONGEST_GENDER = 50
"""Characters that a patient's gender may have."""

OLDEST = 150
"""Years that a patient may have."""


def clean_patient_name(text: str) -> str:
    """A patient's name on one line, of 1 to 200 characters. Raises InputNotValid."""
    name = one_line(text, "patient_name")
    if not 1 <= len(name) <= LONGEST_NAME:
        raise InputNotValid(f"patient_name must have 1 to {LONGEST_NAME} characters")
    return name


def clean_gender(text: str) -> str:
    """A patient's gender on one line, of at most 50 characters. Raises InputNotValid."""
    gender = one_line(text, "patient_gender")
    if len(gender) > LONGEST_GENDER:
        raise InputNotValid(f"patient_gender must have at most {LONGEST_GENDER} characters")
    return gender


def checked_age(years: int) -> int:
    """A patient's age, 0 to 150 years. Raises InputNotValid."""
    if not 0 <= years <= OLDEST:
        raise InputNotValid(f"patient_age must be 0 to {OLDEST}")
    return years


def checked_summary(text: str) -> str:
    """A summary as it was written, if the database can keep it. Raises InputNotValid."""
    if "\0" in text:
        raise InputNotValid("A text may not hold a NUL character")
    return text
