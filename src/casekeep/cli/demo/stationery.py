"""The paper of the synthetic houses: letterhead, patient block and page foot of their PDFs.

Drawn with fixed metadata, so that the same content gives the same bytes.
"""

from collections.abc import Callable, Sequence
from io import BytesIO

from reportlab.lib.colors import Color, HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageTemplate

from casekeep.cli.demo.subjects import Occasion

INK = HexColor("#1f2933")
SOFT = HexColor("#66727f")
RULE = HexColor("#d5dbe1")
_WIDTH, _HEIGHT = A4
_MARGIN = 20 * mm

BODY = ParagraphStyle("body", fontName="Helvetica", fontSize=10, leading=14.5, textColor=INK)
ITEM = ParagraphStyle("item", parent=BODY, leftIndent=10, bulletIndent=1)
SMALL = ParagraphStyle("small", parent=BODY, fontSize=8.5, leading=11.5, textColor=SOFT)
TITLE = ParagraphStyle(
    "title", parent=BODY, fontName="Helvetica-Bold", fontSize=15, leading=19, spaceAfter=4
)
HEADING = ParagraphStyle(
    "heading", parent=BODY, fontName="Helvetica-Bold", spaceBefore=9, spaceAfter=2
)


def house_colour(occasion: Occasion) -> Color:
    """The colour of the house's paper."""
    return Color(*occasion.house.colour)


def typeset(occasion: Occasion, title: str, story: Sequence[Flowable]) -> bytes:
    """A PDF of the house's paper with `story` on as many pages as it takes."""
    output = BytesIO()
    document = BaseDocTemplate(
        output, pagesize=A4, title=title, author=occasion.house.name, invariant=1
    )
    first = Frame(_MARGIN, 24 * mm, _WIDTH - 2 * _MARGIN, _HEIGHT - 96 * mm, 0, 0, 0, 0)
    later = Frame(_MARGIN, 24 * mm, _WIDTH - 2 * _MARGIN, _HEIGHT - 61 * mm, 0, 0, 0, 0)
    document.addPageTemplates(
        [
            PageTemplate(
                "first", [first], onPage=_page(occasion, _first), autoNextPageTemplate="later"
            ),
            PageTemplate("later", [later], onPage=_page(occasion, _later)),
        ]
    )
    document.build(list(story))
    return output.getvalue()


def _page(
    occasion: Occasion, head: Callable[[Canvas, Occasion], None]
) -> Callable[[Canvas, BaseDocTemplate], None]:
    def on_page(canvas: Canvas, document: BaseDocTemplate) -> None:
        _letterhead(canvas, occasion)
        head(canvas, occasion)
        _foot(canvas, occasion, document.page)

    return on_page


def _letterhead(canvas: Canvas, occasion: Occasion) -> None:
    house, top = occasion.house, _HEIGHT - 17 * mm
    canvas.setFillColor(house_colour(occasion))
    canvas.roundRect(_MARGIN, top - 5.5 * mm, 11 * mm, 11 * mm, 2.4 * mm, stroke=0, fill=1)
    canvas.setFillColor(HexColor("#ffffff"))
    canvas.rect(_MARGIN + 4.5 * mm, top - 3.5 * mm, 2 * mm, 7 * mm, stroke=0, fill=1)
    canvas.rect(_MARGIN + 2 * mm, top - 1 * mm, 7 * mm, 2 * mm, stroke=0, fill=1)
    canvas.setFillColor(INK)
    canvas.setFont("Helvetica-Bold", 15)
    canvas.drawString(_MARGIN + 15 * mm, top + 0.6 * mm, house.name)
    canvas.setFillColor(SOFT)
    canvas.setFont("Helvetica", 8.5)
    canvas.drawString(_MARGIN + 15 * mm, top - 4 * mm, house.motto)
    right = _WIDTH - _MARGIN
    canvas.drawRightString(right, top + 1 * mm, house.address)
    canvas.drawRightString(right, top - 3 * mm, house.phone)
    canvas.setStrokeColor(house_colour(occasion))
    canvas.setLineWidth(1.2)
    canvas.line(_MARGIN, top - 10 * mm, right, top - 10 * mm)


def _first(canvas: Canvas, occasion: Occasion) -> None:
    """The block that says whom the paper is about."""
    subject, top, height = occasion.subject, _HEIGHT - 33 * mm, 29 * mm
    canvas.setFillColor(HexColor("#f4f6f8"))
    canvas.roundRect(_MARGIN, top - height, _WIDTH - 2 * _MARGIN, height, 2 * mm, stroke=0, fill=1)
    facts = (
        ("Patient", subject.name),
        ("Date of birth", f"{subject.born:%d %b %Y}  ({occasion.age} years)"),
        ("Sex", subject.gender.capitalize()),
        ("Record", subject.record),
        ("Date", f"{occasion.day:%d %b %Y}"),
        ("Clinician", occasion.clinician),
    )
    for index, (label, value) in enumerate(facts):
        x = _MARGIN + 5 * mm + (index // 3) * 88 * mm
        y = top - 8 * mm - (index % 3) * 7.5 * mm
        canvas.setFillColor(SOFT)
        canvas.setFont("Helvetica", 8.5)
        canvas.drawString(x, y, label)
        canvas.setFillColor(INK)
        canvas.setFont("Helvetica-Bold" if label == "Patient" else "Helvetica", 10)
        canvas.drawString(x + 25 * mm, y, value)


def _later(canvas: Canvas, occasion: Occasion) -> None:
    canvas.setFillColor(SOFT)
    canvas.setFont("Helvetica", 8.5)
    subject = occasion.subject
    line = f"{subject.name}  |  born {subject.born:%d %b %Y}  |  record {subject.record}"
    canvas.drawString(_MARGIN, _HEIGHT - 32 * mm, f"{line}  |  {occasion.day:%d %b %Y}, continued")


def _foot(canvas: Canvas, occasion: Occasion, page: int) -> None:
    canvas.setStrokeColor(RULE)
    canvas.setLineWidth(0.5)
    canvas.line(_MARGIN, 17 * mm, _WIDTH - _MARGIN, 17 * mm)
    canvas.setFillColor(SOFT)
    canvas.setFont("Helvetica", 7.5)
    foot = f"{occasion.house.name}. Synthetic document of a demonstration: nobody in it exists."
    canvas.drawString(_MARGIN, 12.5 * mm, foot)
    canvas.drawRightString(_WIDTH - _MARGIN, 12.5 * mm, f"Page {page}")
