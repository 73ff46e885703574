"""Letters and notes of the synthetic clinic: referrals, discharges and findings as PDF, and notes
as plain text. About nobody.
"""

from dataclasses import dataclass
from datetime import timedelta

from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Paragraph, Spacer

from casekeep.cli.demo.correspondence import LETTERS, NOTES
from casekeep.cli.demo.stationery import BODY, HEADING, ITEM, SMALL, TITLE, typeset
from casekeep.cli.demo.subjects import Occasion


@dataclass(frozen=True, slots=True)
class _Words:
    """What the placeholders of a text stand for."""

    they: str
    their: str
    them: str


def letter(occasion: Occasion, seed: int, which: str) -> bytes:  # noqa: ARG001 - as every maker
    """A PDF of one of `correspondence.LETTERS`, signed by the clinician."""
    title, sections = LETTERS[which]
    story: list[Flowable] = [Paragraph(title, TITLE), Spacer(1, 2 * mm)]
    for heading, text in sections:
        if heading:
            story.append(Paragraph(heading, HEADING))
        for part in filled(text, occasion).split("\n"):
            item = part.startswith("- ")
            story.append(
                Paragraph(part.removeprefix("- "), ITEM if item else BODY, "•" if item else None)
            )
            story.append(Spacer(1, 1.4 * mm))
    story += [
        Spacer(1, 8 * mm),
        Paragraph("With kind regards,", BODY),
        Spacer(1, 9 * mm),
        Paragraph(f"<b>{occasion.clinician}</b>", BODY),
        Paragraph(f"{occasion.house.name}, dictated and read {occasion.day:%d %b %Y}", SMALL),
    ]
    return typeset(occasion, title, story)


def note(occasion: Occasion, seed: int, which: str) -> bytes:  # noqa: ARG001 - as every maker
    """A plain text note, UTF-8, one of `correspondence.NOTES`."""
    return filled(NOTES[which], occasion).encode()


def filled(text: str, occasion: Occasion) -> str:
    """`text` with its placeholders replaced by the occasion's facts."""
    female = occasion.subject.gender == "female"
    words = _Words("she", "her", "her") if female else _Words("he", "his", "him")
    return text.format(
        name=occasion.subject.name,
        last=occasion.subject.last_name,
        title="Ms" if female else "Mr",
        age=occasion.age,
        clinician=occasion.clinician,
        house=occasion.house.name,
        day=f"{occasion.day:%d %b %Y}",
        later=f"{occasion.day + timedelta(days=28):%d %b %Y}",
        they=words.they,
        They=words.they.capitalize(),
        their=words.their,
        Their=words.their.capitalize(),
        them=words.them,
    )
