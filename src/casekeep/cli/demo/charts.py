"""PNG pictures that software makes: a phone's glucose app, charts of pressure and of breathing."""

import math
from collections.abc import Callable, Sequence
from io import BytesIO

import numpy as np
from PIL import Image, ImageDraw

from casekeep.cli.demo.subjects import Occasion
from casekeep.cli.demo.textures import draw, font

_Point = tuple[float, float]
_INK, _SOFT, _RULE, _TEAL, _AMBER, _BLUE = (
    "#1f2933",
    "#7b8794",
    "#e4e8ec",
    "#0f766e",
    "#d97706",
    "#2563a8",
)
_FINE = 2
"""Pictures are drawn this many times larger and then reduced, for smooth edges."""


class _Sheet:
    """A white picture with a pen; coordinates are pixels of the finished picture."""

    def __init__(self, width: int, height: int, ground: str = "#ffffff") -> None:
        self.image = Image.new("RGB", (width * _FINE, height * _FINE), ground)
        self._pen = ImageDraw.Draw(self.image)

    def text(
        self, at: _Point, words: str, size: int, colour: str = _INK, anchor: str = "ls"
    ) -> None:
        self._pen.text((at[0] * _FINE, at[1] * _FINE), words, colour, font(size * _FINE), anchor)

    def line(self, points: Sequence[_Point], colour: str, width: float = 1.5) -> None:
        scaled = [(x * _FINE, y * _FINE) for x, y in points]
        self._pen.line(scaled, fill=colour, width=max(1, round(width * _FINE)), joint="curve")

    def box(
        self,
        left: float,
        top: float,
        right: float,
        bottom: float,
        colour: str,
        *,
        rounded: float = 0,
    ) -> None:
        corners = (left * _FINE, top * _FINE, right * _FINE, bottom * _FINE)
        self._pen.rounded_rectangle(corners, rounded * _FINE, fill=colour)

    def dot(self, at: _Point, radius: float, colour: str) -> None:
        x, y, r = at[0] * _FINE, at[1] * _FINE, radius * _FINE
        self._pen.ellipse((x - r, y - r, x + r, y + r), fill=colour)

    def png(self) -> bytes:
        output = BytesIO()
        self.image.reduce(_FINE).quantize(128, dither=Image.Dither.NONE).save(
            output, "PNG", optimize=False
        )
        return output.getvalue()


def chart(occasion: Occasion, seed: int, what: str) -> bytes:
    """A PNG: `glucose_app`, `pressure`, `spirometry` or `bone`."""
    makers: dict[str, Callable[[Occasion, np.random.Generator], _Sheet]] = {
        "glucose_app": _glucose_app,
        "pressure": _pressure,
        "spirometry": _spirometry,
        "bone": _bone,
    }
    return makers[what](occasion, draw(seed, "chart")).png()


def _glucose_app(occasion: Occasion, rng: np.random.Generator) -> _Sheet:
    sheet = _Sheet(540, 1080, "#f4f6f8")
    sheet.text((28, 34), "09:41", 17)
    sheet.box(478, 20, 512, 36, _INK, rounded=5)
    sheet.text((28, 96), "Today", 34)
    sheet.text((28, 124), f"{occasion.day:%A, %d %B}", 17, _SOFT)
    sheet.box(20, 150, 520, 590, "#ffffff", rounded=22)
    sheet.text((44, 232), "7.2", 66)
    sheet.text((158, 232), "mmol/L", 20, _SOFT)
    sheet.text((496, 216), "in range", 18, _TEAL, "rs")
    hours = np.linspace(0, 9.6, 140)
    wave = 6.4 + 1.0 * np.exp(-((hours - 4) ** 2)) + 2.4 * np.exp(-((hours - 8.1) ** 2) / 0.7)
    wave += np.convolve(rng.normal(0, 0.35, 160), np.ones(21) / 21, "valid")
    place = _axes(sheet, (64, 270, 496, 540), (0, 12), (3, 12), 3)
    low, high = place(0, 10.0)[1], place(0, 3.9)[1]
    sheet.box(64, low, 496, high, "#e3f2ef")
    for hour in (0, 3, 6, 9, 12):
        sheet.text((place(hour, 3)[0], 566), f"{hour:02d}", 15, _SOFT, "ms")
    points = [place(float(h), float(v)) for h, v in zip(hours, wave, strict=True)]
    sheet.line(points, _TEAL, 3.4)
    sheet.dot(points[-1], 7, _TEAL)
    rows = (
        ("09:20", "After breakfast", "9.4", _AMBER),
        ("07:10", "Before breakfast", "6.8", _TEAL),
        ("22:30", "Bedtime, yesterday", "7.6", _TEAL),
        ("18:40", "Before dinner", "6.3", _TEAL),
    )
    sheet.box(20, 610, 520, 610 + 92 * len(rows), "#ffffff", rounded=22)
    for index, (time, when, value, colour) in enumerate(rows):
        y = 666 + 92 * index
        sheet.dot((50, y - 8), 8, colour)
        sheet.text((76, y - 10), when, 20)
        sheet.text((76, y + 14), time, 15, _SOFT)
        sheet.text((496, y), value, 26, _INK, "rs")
        if index:
            sheet.line([(76, y - 56), (496, y - 56)], _RULE, 1)
    sheet.box(190, 1058, 350, 1063, _INK, rounded=2)
    return sheet


def _pressure(occasion: Occasion, rng: np.random.Generator) -> _Sheet:
    sheet = _headed(occasion, "Blood pressure at home", "mmHg, mornings, three weeks")
    place = _axes(sheet, (80, 120, 920, 500), (0, 21), (50, 170), 20)
    sheet.box(80, place(0, 135)[1], 920, place(0, 134)[1], "#f2c9a0")
    for centre, slope, spread, colour, name in (
        (146, -0.6, 4.5, _TEAL, "systolic"),
        (88, -0.3, 3, _BLUE, "diastolic"),
        (72, 0, 3, _AMBER, "pulse"),
    ):
        values = [centre + slope * day + float(rng.normal(0, spread)) for day in range(21)]
        points = [place(day + 0.5, value) for day, value in enumerate(values)]
        sheet.line(points, colour, 2.6)
        for point in points:
            sheet.dot(point, 4, colour)
        sheet.text((points[-1][0] + 12, points[-1][1] + 5), name, 15, colour)
    return sheet


def _spirometry(occasion: Occasion, rng: np.random.Generator) -> _Sheet:
    sheet = _headed(
        occasion, "Spirometry: flow and volume", "before (blue) and after (green) spray"
    )
    place = _axes(sheet, (80, 120, 920, 560), (0, 3.2), (-5, 7), 2, label=lambda v: f"{v:g} L")
    sheet.line([place(0, 0), place(3.2, 0)], _SOFT, 1.5)
    for volume, peak, scoop, colour, width in (
        (2.61, 5.4, 0.95, "#c3cad1", 2.0),
        (2.38, 4.0, 1.75, _BLUE, 3.0),
        (2.55, 4.6, 1.45, _TEAL, 3.0),
    ):
        share = np.linspace(0, 1, 160)
        out = peak * np.minimum(share / 0.12, 1) ** 0.8
        out *= np.where(share > 0.12, ((1 - share) / 0.88).clip(0) ** scoop, 1)  # noqa: PLR2004 - peak
        wobble = np.convolve(rng.normal(0, 0.1, 180), np.ones(21) / 21, "valid")
        back = -0.82 * peak * np.sin(share * math.pi) ** 0.7
        loop = [
            place(float(s * volume), float(f + w))
            for s, f, w in zip(share, out, wobble, strict=True)
        ]
        loop += [
            place(float(s * volume), float(f)) for s, f in zip(share[::-1], back[::-1], strict=True)
        ]
        sheet.line(loop, colour, width)
    sheet.text((900, 150), "FEV1  71 % of predicted, +11 % after spray", 17, _INK, "rs")
    return sheet


def _bone(occasion: Occasion, rng: np.random.Generator) -> _Sheet:
    sheet = _headed(occasion, "Bone density of the spine", "T-score by age")
    place = _axes(sheet, (80, 120, 920, 500), (20, 90), (-4, 2), 1)
    for upper, lower, colour in ((2, -1, "#e3f2ef"), (-1, -2.5, "#fdf0d9"), (-2.5, -4, "#fbe0dd")):
        sheet.box(80, place(20, upper)[1], 920, place(20, lower)[1], colour)
    ages = np.linspace(20, 90, 80)
    for offset in (-1, 0, 1):
        curve = 0.1 + offset - 2.4 / (1 + np.exp(-(ages - 62) / 9))
        points = [place(float(a), float(v)) for a, v in zip(ages, curve, strict=True)]
        sheet.line(points, _SOFT if offset == 0 else "#b9c2cb", 2)
    for years, score in ((-4, -1.5), (-2, -1.7), (0, -1.9)):
        point = place(occasion.age + years, score + float(rng.normal(0, 0.04)))
        sheet.dot(point, 8, _BLUE)
    return sheet


def _headed(occasion: Occasion, title: str, under: str) -> _Sheet:
    sheet = _Sheet(1000, 600)
    sheet.text((40, 52), title, 28)
    sheet.text((40, 82), f"{under}. {occasion.subject.name}, {occasion.day:%d %b %Y}", 17, _SOFT)
    return sheet


def _axes(
    sheet: _Sheet,
    area: tuple[float, float, float, float],
    across: tuple[float, float],
    up: tuple[float, float],
    step: float,
    label: Callable[[float], str] = lambda value: f"{value:g}",
) -> Callable[[float, float], _Point]:
    """Draw the rules of a chart; what returns turns values into pixels."""
    left, top, right, bottom = area

    def place(x: float, y: float) -> _Point:
        return (
            left + (x - across[0]) / (across[1] - across[0]) * (right - left),
            bottom - (y - up[0]) / (up[1] - up[0]) * (bottom - top),
        )

    value = up[0]
    while value <= up[1]:
        y = place(across[0], value)[1]
        sheet.line([(left, y), (right, y)], _RULE, 1)
        sheet.text((left - 8, y + 5), label(value).removesuffix(" L"), 14, _SOFT, "rs")
        value += step
    return place
