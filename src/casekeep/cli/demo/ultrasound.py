"""Ultrasound pictures of a thyroid lobe as PNG: speckle in soft shapes. Nobody's neck."""

from io import BytesIO

import numpy as np
from PIL import Image, ImageDraw

from casekeep.cli.demo.subjects import Occasion
from casekeep.cli.demo.textures import (
    Plane,
    blur,
    clouds,
    draw,
    ellipse,
    font,
    grid,
    smooth,
    to_bytes,
)

_WIDE, _HIGH = 800, 600


def ultrasound(occasion: Occasion, seed: int, side: str) -> bytes:
    """A PNG of the `right`, the `left`, or the `measured` right lobe with its nodule."""
    rng = draw(seed, "ultrasound")
    grey = _echoes(rng, nodule=side != "left")
    image = Image.fromarray(to_bytes(np.pad(grey, ((60, 60), (110, 110)))))
    pen = ImageDraw.Draw(image)
    small = font(17)
    subject = occasion.subject
    pen.text((20, 14), f"{subject.last_name}, {subject.first_name}   {subject.record}", 210, small)
    pen.text((1000, 14), f"{occasion.day:%d.%m.%Y}  12 MHz", 210, small, "ra")
    pen.text(
        (20, 690), f"THYROID {'LEFT' if side == 'left' else 'RIGHT'}   MI 0.7  TIs 0.2", 180, small
    )
    for tick in range(9):
        y = 60 + tick * 75
        pen.line([(918, y), (930 if tick % 2 == 0 else 924, y)], fill=190, width=2)
    if side == "measured":
        _calipers(pen)
    output = BytesIO()
    image.save(output, "PNG")
    return output.getvalue()


def _calipers(pen: ImageDraw.ImageDraw) -> None:
    for x, y in ((396, 330), (556, 330), (476, 270), (476, 392)):
        pen.line([(x - 8, y), (x + 8, y)], fill=255, width=2)
        pen.line([(x, y - 8), (x, y + 8)], fill=255, width=2)
    for x in range(396, 556, 12):
        pen.point([(x, 330), (x + 1, 330)], fill=230)
    for y in range(270, 392, 12):
        pen.point([(476, y), (476, y + 1)], fill=230)
    pen.text((760, 600), "1  D  9.1 mm", 230, font(17))
    pen.text((760, 622), "2  D  7.0 mm", 230, font(17))


def _echoes(rng: np.random.Generator, *, nodule: bool) -> Plane:
    rows, columns = grid(_HIGH, _WIDE)
    tissue = np.full((_HIGH, _WIDE), 0.34, dtype=np.float32)
    layers = smooth(rows, -0.55, -0.75)
    tissue += layers * (0.22 * np.sin(rows * 60 + 1.5 * np.sin(columns * 2)) + 0.1)
    muscle = smooth(np.abs(rows + 0.52 - 0.05 * np.cos(columns * 2)), 0.1, 0.07)
    tissue -= muscle * np.float32(0.2)
    lobe = ellipse(rows, columns, (-0.06, -0.08), (0.38, 0.62)) + 0.10 * clouds(
        rng, _HIGH, _WIDE, cells=4, octaves=3
    )
    tissue += smooth(lobe, 1.06, 0.94) * np.float32(0.16)
    tissue += smooth(np.abs(lobe - 1.0), 0.05, 0.01) * np.float32(0.2)
    if nodule:
        knot = ellipse(rows, columns, (-0.1, -0.085), (0.2, 0.2)) + 0.06 * clouds(
            rng, _HIGH, _WIDE, cells=8, octaves=2
        )
        tissue -= smooth(knot, 1.05, 0.85) * np.float32(0.27)
        tissue += smooth(np.abs(knot - 1.05), 0.14, 0.02) * np.float32(0.14)
        behind = smooth(np.abs(columns + 0.085), 0.2, 0.1) * smooth(rows, 0.08, 0.2)
        tissue += behind * np.float32(0.09)
    for row, column, size in ((0.22, 0.72, 0.17), (0.5, -0.55, 0.1)):
        vessel = ellipse(rows, columns, (row, column), (size * 1.15, size))
        tissue *= 1 - smooth(vessel, 1.1, 0.85) * np.float32(0.93)
        tissue += smooth(np.abs(vessel - 1.15), 0.2, 0.02) * np.float32(0.18)
    tissue += smooth(np.abs(rows - 0.56 - 0.06 * np.sin(columns * 3)), 0.035, 0.0) * np.float32(
        0.35
    )
    tissue *= 1 - smooth(rows, 0.55, 1.0) * np.float32(0.55)
    # Speckle is wide across the beam and narrow along it, and grows with the echo.
    waves = [rng.standard_normal((_HIGH, _WIDE // 2), dtype=np.float32) for _ in range(2)]
    speckle = np.sqrt(sum(blur(wave, 1.1) ** 2 for wave in waves)) * np.float32(3.2)
    speckle = np.repeat(speckle, 2, axis=1)
    uneven = 1 + 0.22 * clouds(rng, _HIGH, _WIDE, cells=16, octaves=3)
    picture = tissue.clip(0) * uneven * (0.42 + 0.58 * blur(speckle.astype(np.float32), 0.8))
    return np.clip(picture * np.float32(1.15), 0, 1)
