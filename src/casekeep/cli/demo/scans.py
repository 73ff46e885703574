"""Faxed forms as multi-page TIFF: black on white, a little crooked, with an old scanner's dust.

Nobody filled them in.
"""

from io import BytesIO

import numpy as np
from PIL import Image, ImageDraw

from casekeep.cli.demo.subjects import Occasion
from casekeep.cli.demo.textures import draw, font

_WIDE, _HIGH = 1240, 1754
"""A4 at 150 dots to the inch."""

_FORMS = {
    "imaging_request": (
        "REQUEST FOR IMAGING",
        (
            "Region and method",
            "Clinical question",
            "Earlier images",
            "Kidney function, allergies",
            "Pregnancy excluded",
            "Appointment wished for",
        ),
        (
            "Chest, two planes",
            "Cough, fever for 5 days. Infiltrate?",
            "none",
            "normal, none known",
            "does not apply",
            "today if possible",
        ),
    ),
    "consent": (
        "CONSENT TO A MINOR OPERATION",
        (
            "Procedure",
            "Explained risks",
            "Alternatives",
            "Questions asked",
            "Blood thinners",
            "Date and signature",
        ),
        (
            "Removal of a cyst, left forearm",
            "bleeding, infection, scar, recurrence",
            "watch and wait",
            "sport? - after 3 weeks",
            "none",
            "signed",
        ),
    ),
    "old_records": (
        "RECORDS FROM AN EARLIER HOUSE",
        ("Reason for the stay", "Findings", "Course", "Medicines", "Vaccinations", "Remarks"),
        (
            "Pneumonia, left, 2019",
            "CRP 112, leucocytes 14.1",
            "Antibiotics for 7 days, no fever",
            "none at discharge",
            "influenza, pneumococci",
            "images are not kept any more",
        ),
    ),
}


def scan(occasion: Occasion, seed: int, form: str) -> bytes:
    """A TIFF of two or three pages, one of `imaging_request`, `consent` or `old_records`."""
    rng = draw(seed, "scan")
    pages = [_cover(occasion, form, rng), _form(occasion, form, rng)]
    if form == "old_records":
        pages.append(_form(occasion, form, rng))
    total = len(pages)
    scanned = [_scanned(page, occasion, rng, n, total) for n, page in enumerate(pages, start=1)]
    output = BytesIO()
    scanned[0].save(
        output,
        "TIFF",
        save_all=True,
        append_images=scanned[1:],
        compression="group4",
        dpi=(150, 150),
    )
    return output.getvalue()


def _cover(occasion: Occasion, form: str, rng: np.random.Generator) -> Image.Image:
    page = Image.new("L", (_WIDE, _HIGH), 255)
    pen = ImageDraw.Draw(page)
    pen.text((110, 190), "FAX", 0, font(120))
    pen.line([(110, 350), (1130, 350)], fill=0, width=6)
    rows = (
        ("To", occasion.house.name),
        ("Number", occasion.house.phone),
        ("From", "Dr M. Fernweh, general practice, Mill Lane 2"),
        ("Date", f"{occasion.day:%d %b %Y}"),
        ("About", _FORMS[form][0].capitalize()),
        ("Patient", f"{occasion.subject.name}, born {occasion.subject.born:%d %b %Y}"),
    )
    for index, (label, value) in enumerate(rows):
        pen.text((110, 420 + index * 78), label, 90, font(28))
        pen.text((330, 416 + index * 78), value, 0, font(34))
        pen.line([(330, 466 + index * 78), (1130, 466 + index * 78)], fill=150, width=2)
    lines = (
        "Dear colleagues,",
        "please find the form on the next page. The patient knows of it",
        "and agrees. Call us in the morning if something is missing.",
        "",
        "Many thanks,",
    )
    for index, line in enumerate(lines):
        pen.text((110, 980 + index * 54), line, 0, font(32))
    _signature(pen, rng, 130, 1330)
    pen.text(
        (110, 1600), "Confidential. If this reached you by mistake, please call us.", 60, font(24)
    )
    return page


def _form(occasion: Occasion, form: str, rng: np.random.Generator) -> Image.Image:
    title, labels, answers = _FORMS[form]
    page = Image.new("L", (_WIDE, _HIGH), 255)
    pen = ImageDraw.Draw(page)
    pen.rectangle((90, 130, 1150, 220), fill=0)
    pen.text((120, 150), title, 255, font(44))
    subject = occasion.subject
    about = f"{subject.name}   born {subject.born:%d.%m.%Y}   {subject.record}"
    pen.text((110, 250), about, 0, font(32))
    for index, (label, answer) in enumerate(zip(labels, answers, strict=True)):
        top = 330 + index * 158
        pen.rectangle((90, top, 1150, top + 140), outline=0, width=3)
        pen.text((108, top + 10), label, 70, font(24))
        _handwritten(page, answer, 130, top + 58, rng)
    for index, word in enumerate(("urgent", "walking", "in bed", "interpreter")):
        x = 110 + index * 260
        pen.rectangle((x, 1310, x + 34, 1344), outline=0, width=3)
        pen.text((x + 50, 1308), word, 0, font(30))
        if index in {0, 1}:
            pen.line([(x + 4, 1326), (x + 14, 1342), (x + 40, 1298)], fill=0, width=5)
    pen.line([(110, 1530), (560, 1530)], fill=0, width=3)
    pen.text((110, 1540), "Signature", 70, font(24))
    _signature(pen, rng, 130, 1440)
    return page


def _handwritten(
    page: Image.Image, words: str, x: float, y: float, rng: np.random.Generator
) -> None:
    """Write letter by letter, each a little askew, as a hurried hand does."""
    pen_x = x
    for letter in words:
        box = Image.new("L", (70, 80))
        ImageDraw.Draw(box).text((12, 8), letter, 255, font(46))
        lean = Image.Transform.AFFINE
        leaned = box.transform(box.size, lean, (1, 0.28, -10, 0, 1, 0), Image.Resampling.BICUBIC)
        turned = leaned.rotate(float(rng.normal(0, 3)), Image.Resampling.BICUBIC)
        page.paste(0, (round(pen_x), round(y + rng.normal(0, 2))), turned)
        pen_x += font(46).getlength(letter) * 0.93 + float(rng.normal(0, 0.8))


def _signature(pen: ImageDraw.ImageDraw, rng: np.random.Generator, x: float, y: float) -> None:
    turn = np.linspace(0, 6.2, 160)
    sway = np.convolve(rng.normal(0, 1, 200), np.ones(41) / 41, "valid")
    across = x + turn * 62 + 34 * np.sin(turn * 4.1)
    down = y + 40 + 42 * np.cos(turn * 4.7 + sway * 2) * np.linspace(1, 0.25, 160)
    points = [(float(a), float(d)) for a, d in zip(across, down, strict=True)]
    pen.line(points, fill=0, width=5, joint="curve")


def _scanned(
    page: Image.Image, occasion: Occasion, rng: np.random.Generator, number: int, total: int
) -> Image.Image:
    """The page as the machine passed it on: crooked, speckled, with the sender's line on top."""
    crooked = page.rotate(float(rng.normal(0, 0.5)), Image.Resampling.BICUBIC, fillcolor=255)
    pixels = np.asarray(crooked, dtype=np.float32)
    pixels = pixels + rng.normal(0, 22, pixels.shape).astype(np.float32)
    dust = rng.random(pixels.shape, dtype=np.float32) < np.float32(0.00035)
    pixels[dust] = 0
    pixels[np.roll(dust, 1, axis=1)] = 0
    pixels[:, int(rng.integers(200, 1100))] -= 70
    done = Image.fromarray((pixels > 138).astype(np.uint8) * np.uint8(255))  # noqa: PLR2004 - black
    pen = ImageDraw.Draw(done)
    sent = f"{occasion.day:%d/%m/%Y} 08:{12 + number}   FROM +1 202 555 0187"
    line = f"{sent}   PAGE {number:03d}/{total:03d}"
    pen.text((60, 24), line, 0, font(24))
    return done.convert("1", dither=Image.Dither.NONE)
