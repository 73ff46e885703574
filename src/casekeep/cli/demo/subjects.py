"""Whom and what the synthetic files are about: invented people, their clinic, a day."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Subject:
    """An invented patient. `record`: the clinic's own number for them."""

    first_name: str
    last_name: str
    born: date
    gender: str
    record: str

    @property
    def name(self) -> str:
        """Both names."""
        return f"{self.first_name} {self.last_name}"

    def age_on(self, day: date) -> int:
        """The age on `day`, in years."""
        before_birthday = (day.month, day.day) < (self.born.month, self.born.day)
        return day.year - self.born.year - before_birthday


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What stands at the top of a house's paper. `colour`: red, green, blue, each 0 to 1."""

    name: str
    motto: str
    address: str
    phone: str
    colour: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Occasion:
    """The setting of one file: about whom, on whose paper, signed by whom, on which day."""

    subject: Subject
    house: Letterhead
    clinician: str
    day: date

    @property
    def age(self) -> int:
        """The subject's age that day, in years."""
        return self.subject.age_on(self.day)
