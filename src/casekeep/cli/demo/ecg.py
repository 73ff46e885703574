"""Twelve-lead electrocardiograms as PDF: synthetic beats drawn as vectors on millimetre paper,
25 mm to the second and 10 mm to the millivolt.
"""

# reportlab ships without types for what draws a path.
# pyright: reportUnknownMemberType=false

from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from casekeep.cli.demo.subjects import Occasion
from casekeep.cli.demo.textures import draw

Trace = NDArray[np.float64]

_RATE = 400
"""Samples to the second."""
_SECONDS = 10.0
_LEFT, _BOTTOM = 16.0, 28.0
_ROWS = (("I", "aVR", "V1", "V4"), ("II", "aVL", "V2", "V5"), ("III", "aVF", "V3", "V6"))

# Heights in millivolts of P, Q, R, S, T as each lead sees them.
_LEADS = {
    "I": (0.10, -0.05, 0.75, -0.12, 0.22),
    "II": (0.16, -0.08, 1.15, -0.18, 0.32),
    "III": (0.07, -0.06, 0.45, -0.10, 0.12),
    "aVR": (-0.12, 0.05, -0.90, 0.12, -0.26),
    "aVL": (0.04, -0.04, 0.34, -0.08, 0.08),
    "aVF": (0.11, -0.07, 0.80, -0.14, 0.22),
    "V1": (0.05, 0.00, 0.22, -1.00, -0.06),
    "V2": (0.07, 0.00, 0.45, -1.45, 0.38),
    "V3": (0.08, 0.00, 0.85, -0.95, 0.44),
    "V4": (0.09, -0.06, 1.50, -0.50, 0.42),
    "V5": (0.09, -0.09, 1.40, -0.26, 0.34),
    "V6": (0.09, -0.09, 1.05, -0.12, 0.26),
}


@dataclass(frozen=True, slots=True)
class _Rhythm:
    """How this heart beats. `rate`: beats a minute; `jitter`: its relative unevenness."""

    name: str
    rate: int
    jitter: float
    p_waves: bool
    st: float
    remark: str


_RHYTHMS = {
    "normal": _Rhythm("Sinus rhythm", 68, 0.02, True, 0.0, "Normal ECG"),
    "depression": _Rhythm(
        "Sinus rhythm", 84, 0.02, True, -0.12, "ST depression V4 to V6, T waves flattened"
    ),
    "fibrillation": _Rhythm("Atrial fibrillation", 104, 0.19, False, 0.0, "Irregular, no P waves"),
}


def ecg(occasion: Occasion, seed: int, rhythm: str) -> bytes:
    """A one-page PDF of ten seconds: `normal`, `depression` or `fibrillation`."""
    chosen = _RHYTHMS[rhythm]
    rng = draw(seed, "ecg")
    output = BytesIO()
    canvas = Canvas(output, pagesize=landscape(A4), invariant=1, pageCompression=1)
    canvas.setTitle("Electrocardiogram")
    _paper(canvas)
    _heading(canvas, occasion, chosen)
    beats = _beats(rng, chosen)
    for row, leads in enumerate(_ROWS):
        for column, lead in enumerate(leads):
            start = column * 2.5
            _trace(canvas, _lead(rng, chosen, lead, beats), start, start + 2.5, 112 - row * 31)
            _label(canvas, lead, column, 112 - row * 31)
    _trace(canvas, _lead(rng, chosen, "II", beats), 0, _SECONDS, 19)
    _label(canvas, "II", 0, 19)
    _foot(canvas)
    canvas.save()
    return output.getvalue()


def _beats(rng: np.random.Generator, rhythm: _Rhythm) -> list[float]:
    """The times of the R waves, in seconds."""
    times, now = list[float](), float(rng.uniform(-0.4, 0.0))
    while now < _SECONDS + 1:
        times.append(now)
        now += 60 / rhythm.rate * (1 + float(np.clip(rng.normal(0, rhythm.jitter), -0.35, 0.5)))
    return times


def _lead(rng: np.random.Generator, rhythm: _Rhythm, lead: str, beats: list[float]) -> Trace:
    """Ten seconds of one lead, in millivolts."""
    time = np.arange(int(_SECONDS * _RATE)) / _RATE
    p, q, r, s, t = _LEADS[lead]
    lateral = rhythm.st if lead in {"I", "V4", "V5", "V6"} else rhythm.st * 0.2
    stretch = (60 / rhythm.rate) ** 0.5
    trace = 0.025 * np.sin(2 * np.pi * 0.23 * time + rng.uniform(0, 6)) + rng.normal(
        0, 0.006, time.size
    )
    waves = [
        (-0.165, 0.022, p if rhythm.p_waves else 0.0),
        (-0.026, 0.009, q),
        (0.0, 0.0105, r),
        (0.028, 0.011, s),
        (0.13 * stretch, 0.05, lateral),
        (0.27 * stretch, 0.05, t * (0.45 if rhythm.st else 1.0)),
        (0.23 * stretch, 0.06, 0.35 * t * (0.4 if rhythm.st else 1.0)),
    ]
    for beat in beats:
        strength = 1 + 0.03 * np.sin(beat * 1.6)
        for offset, width, height in waves:
            trace += height * strength * np.exp(-(((time - beat - offset) / width) ** 2) / 2)
    if not rhythm.p_waves:
        for frequency, height in ((6.1, 0.03), (7.4, 0.022), (5.2, 0.018)):
            size = height * (1.8 if lead in {"II", "V1"} else 0.8)
            trace += size * np.sin(2 * np.pi * frequency * time + 2 * np.sin(time * 1.3))
    return trace


def _trace(canvas: Canvas, trace: Trace, start: float, end: float, base: float) -> None:
    """Draw the seconds from `start` to `end` about the height `base`, in millimetres."""
    canvas.setStrokeColor(HexColor("#14171a"))
    canvas.setLineWidth(0.75)
    canvas.setLineJoin(1)
    path = canvas.beginPath()
    for index in range(int(start * _RATE), int(end * _RATE)):
        x = (_LEFT + 7 + index / _RATE * 25) * mm
        y = (_BOTTOM + base + float(trace[index]) * 10) * mm
        (path.lineTo if index > start * _RATE else path.moveTo)(x, y)
    canvas.drawPath(path)


def _label(canvas: Canvas, lead: str, column: int, base: float) -> None:
    x = _LEFT + 7 + column * 62.5
    canvas.setFillColor(HexColor("#14171a"))
    canvas.setFont("Helvetica-Bold", 9)
    canvas.drawString((x + 1) * mm, (_BOTTOM + base + 13) * mm, lead)
    canvas.setLineWidth(0.7)
    if column:
        for low, high in ((-3, -1), (1, 3)):
            canvas.line(x * mm, (_BOTTOM + base + low) * mm, x * mm, (_BOTTOM + base + high) * mm)
    else:
        # The calibration step: one millivolt, a fifth of a second.
        path = canvas.beginPath()
        steps = ((-6.5, 0), (-5.5, 0), (-5.5, 10), (-1.5, 10), (-1.5, 0), (-0.5, 0))
        for index, (dx, dy) in enumerate(steps):
            point = ((x + dx) * mm, (_BOTTOM + base + dy) * mm)
            (path.lineTo if index else path.moveTo)(*point)
        canvas.drawPath(path)


def _paper(canvas: Canvas) -> None:
    wide, high = 265, 140
    for step, colour, width in ((1, "#f7d9d6", 0.25), (5, "#eaa9a3", 0.5)):
        canvas.setStrokeColor(HexColor(colour))
        canvas.setLineWidth(width)
        for x in range(0, wide + 1, step):
            line = (_LEFT + x) * mm
            canvas.line(line, _BOTTOM * mm, line, (_BOTTOM + high) * mm)
        for y in range(0, high + 1, step):
            line = (_BOTTOM + y) * mm
            canvas.line(_LEFT * mm, line, (_LEFT + wide) * mm, line)


def _heading(canvas: Canvas, occasion: Occasion, rhythm: _Rhythm) -> None:
    subject = occasion.subject
    canvas.setFillColor(HexColor("#14171a"))
    canvas.setFont("Helvetica-Bold", 13)
    canvas.drawString(_LEFT * mm, 194 * mm, subject.name)
    canvas.setFont("Helvetica", 9)
    about = f"{subject.gender}, born {subject.born:%d %b %Y} ({occasion.age} years)"
    canvas.drawString(_LEFT * mm, 188.5 * mm, f"{about}, record {subject.record}")
    canvas.drawString(_LEFT * mm, 183.5 * mm, f"{occasion.house.name}, {occasion.day:%d %b %Y}")
    interval = round(400 * (60 / rhythm.rate) ** 0.5)
    facts = (
        (f"Rate {rhythm.rate}/min", f"PR {'152 ms' if rhythm.p_waves else '-'}", "QRS 92 ms"),
        (f"QT {interval} ms", f"QTc {interval * (rhythm.rate / 60) ** 0.5:.0f} ms", "Axis 48°"),
    )
    for column, lines in enumerate(facts):
        for line, text in enumerate(lines):
            canvas.drawString((122 + column * 30) * mm, (194 - line * 5.2) * mm, text)
    canvas.setFont("Helvetica-Bold", 10)
    canvas.drawString(188 * mm, 194 * mm, rhythm.name)
    canvas.setFont("Helvetica", 9)
    canvas.drawString(188 * mm, 188.8 * mm, rhythm.remark)
    canvas.setFillColor(HexColor("#66727f"))
    canvas.drawString(188 * mm, 183.6 * mm, "Unconfirmed, to be read by a clinician")


def _foot(canvas: Canvas) -> None:
    canvas.setFillColor(HexColor("#66727f"))
    canvas.setFont("Helvetica", 8)
    canvas.drawString(_LEFT * mm, 21 * mm, "25 mm/s    10 mm/mV    0.05 - 150 Hz")
    foot = "Synthetic recording of a demonstration: nobody's heart."
    canvas.drawRightString((_LEFT + 265) * mm, 21 * mm, foot)
