"""Laboratory reports as PDF: sections of values with units, ranges and flags. Never a real value:
all are drawn from the seed.
"""

import numpy as np
from reportlab.lib.colors import HexColor
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, KeepTogether, Paragraph, Spacer, Table, TableStyle

from casekeep.cli.demo.panels import PANELS, Analyte
from casekeep.cli.demo.stationery import (
    BODY,
    HEADING,
    INK,
    RULE,
    SMALL,
    SOFT,
    TITLE,
    house_colour,
    typeset,
)
from casekeep.cli.demo.subjects import Occasion
from casekeep.cli.demo.textures import draw

_HIGH, _LOW = HexColor("#b3261e"), HexColor("#1c5fb0")
_UNIT = ParagraphStyle("unit", parent=BODY, fontSize=9.5, leading=10, textColor=SOFT)
_COLUMNS = (62 * mm, 24 * mm, 13 * mm, 37 * mm, 34 * mm)


def lab_report(occasion: Occasion, seed: int, panel: str) -> bytes:
    """A PDF of one panel of `panels.PANELS`, on as many pages as its sections take."""
    chosen = PANELS[panel]
    rng = draw(seed, "lab report")
    story: list[Flowable] = [
        Paragraph(chosen.title, TITLE),
        Paragraph(
            f"{chosen.sample}. Taken {occasion.day:%d %b %Y} at "
            f"{int(rng.integers(7, 10)):02d}:{int(rng.integers(0, 60)):02d}. "
            f"Report {int(rng.integers(10**7, 10**8))}.",
            SMALL,
        ),
        Spacer(1, 3 * mm),
    ]
    for name, analytes in chosen.sections:
        story.append(KeepTogether([Paragraph(name, HEADING), _table(occasion, rng, analytes)]))
    story.append(_remark(occasion, chosen.remark))
    return typeset(occasion, chosen.title, story)


def _table(occasion: Occasion, rng: np.random.Generator, analytes: tuple[Analyte, ...]) -> Table:
    rows: list[list[str | Paragraph]] = [["Test", "Result", "", "Unit", "Reference"]]
    style = [
        ("FONT", (0, 0), (-1, -1), "Helvetica", 9.5),
        ("FONT", (0, 0), (-1, 0), "Helvetica", 8),
        ("TEXTCOLOR", (0, 0), (-1, 0), SOFT),
        ("TEXTCOLOR", (0, 1), (-1, -1), INK),
        ("TEXTCOLOR", (3, 1), (-1, -1), SOFT),
        ("ALIGN", (1, 0), (1, -1), "RIGHT"),
        ("ALIGN", (2, 0), (2, -1), "CENTER"),
        ("LINEBELOW", (0, 0), (-1, 0), 0.9, house_colour(occasion)),
        ("LINEBELOW", (0, 1), (-1, -1), 0.35, RULE),
        ("TOPPADDING", (0, 0), (-1, -1), 2.6),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 3.4),
        ("LEFTPADDING", (0, 0), (0, -1), 0),
    ]
    for line, analyte in enumerate(analytes, start=1):
        value = round(float(rng.normal(analyte.centre, analyte.spread)), analyte.digits)
        flag = analyte.flag(value)
        result = f"{value:.{analyte.digits}f}"
        rows.append([analyte.name, result, flag, _unit(analyte.unit), analyte.reference])
        if flag:
            colour = _HIGH if flag == "H" else _LOW
            style.append(("FONT", (1, line), (2, line), "Helvetica-Bold", 9.5))
            style.append(("TEXTCOLOR", (1, line), (2, line), colour))
    return Table(rows, colWidths=_COLUMNS, style=TableStyle(style), hAlign="LEFT", repeatRows=1)


def _unit(unit: str) -> str | Paragraph:
    """The unit as printed: powers are raised."""
    base, raised, rest = unit.partition("^")
    if not raised:
        return unit
    power, _, per = rest.partition("/")
    return Paragraph(f"{base}<super size=6.5>{power}</super>/{per}", _UNIT)


def _remark(occasion: Occasion, remark: str) -> Flowable:
    return KeepTogether(
        [
            Paragraph("Remark", HEADING),
            Paragraph(remark, BODY),
            Spacer(1, 5 * mm),
            Paragraph(
                '<font color="#b3261e"><b>H</b></font> above, '
                '<font color="#1c5fb0"><b>L</b></font> below the reference range of adults. '
                f"Released for {occasion.clinician}; valid without signature.",
                SMALL,
            ),
        ]
    )
