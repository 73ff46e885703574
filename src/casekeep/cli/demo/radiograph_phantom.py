"""A chest radiograph, seen from the front: shadows of body, lungs, heart and vessels summed up.
Nobody's chest. 0 is black (air), 1 is white (bone).
"""

import math

import numpy as np
from PIL import Image, ImageDraw

from casekeep.cli.demo.rib_cage import SIZE, bones, placed, stroke
from casekeep.cli.demo.textures import Plane, blur, clouds, draw, ellipse, grid, smooth


def chest_radiograph(seed: int, *, heart: float = 1.0, haze: float = 0.0) -> Plane:
    """SIZE x SIZE, 0 to 1. `heart`: its width against the usual; `haze`: 0 to 1, how much the
    right lower field is clouded.
    """
    rng = draw(seed, "radiograph")
    rows, columns = grid(SIZE, SIZE)
    open_lung = _lungs(rows, columns) * (1 - np.float32(0.88) * _heart(rows, columns, heart))
    shadow = _body(rows, columns) * np.float32(0.78)
    shadow -= open_lung * (np.float32(0.53) - np.float32(0.06) * rows)
    shadow += _markings(rng, rows, columns) * open_lung
    shadow += _spine_and_airway(rows, columns)
    shadow += bones() * smooth(rows, 0.85, 0.35)
    cloud = np.exp(-ellipse(rows, columns, (0.28, -0.4), (0.24, 0.2)))
    shadow += cloud * open_lung * haze * (0.22 + 0.16 * clouds(rng, SIZE, SIZE, cells=10))
    shadow += blur(rng.standard_normal((SIZE, SIZE), dtype=np.float32), 0.9) * np.float32(0.022)
    # A film darkens less and less towards white: nothing is burnt out.
    light = 1 - np.exp(-1.75 * np.clip(shadow, 0, None))
    return (np.clip(light, 0, 1) ** 1.45).astype(np.float32)


def marked(picture: Plane) -> Plane:
    """The picture with the lead marker of the patient's right side in its corner."""
    layer = Image.new("L", (SIZE, SIZE))
    pen = ImageDraw.Draw(layer)
    pen.ellipse((62, 92, 118, 148), outline=235, width=4)
    pen.line([(80, 136), (80, 105), (94, 105), (99, 112), (94, 120), (80, 120)], fill=235, width=5)
    pen.line([(89, 120), (101, 136)], fill=235, width=5)
    return np.maximum(picture, blur(np.asarray(layer, dtype=np.float32) / 255, 0.8))


def _body(rows: Plane, columns: Plane) -> Plane:
    # Shoulders slope from the neck; the flanks come near the edge of the picture.
    neck = smooth(np.abs(columns), 0.36, 0.20) * np.float32(0.86)
    shoulder_line = np.float32(-0.93) + smooth(np.abs(columns), 0.16, 1.05) * np.float32(0.36)
    trunk = smooth(rows - shoulder_line, -0.03, 0.22)
    flank = smooth(np.abs(columns) - 0.05 * rows, 1.05, 0.80)
    arms = smooth(rows, -0.05, -0.5) * smooth(np.abs(columns), 0.66, 0.9)
    outline = np.maximum(trunk * np.maximum(flank, arms), neck)
    roundness = 0.50 + 0.50 * np.sqrt(np.clip(1 - (columns * np.float32(0.98)) ** 2, 0, 1))
    belly = 1 + smooth(rows, 0.35, 1.0) * np.float32(0.28)
    body = (outline * roundness * belly).astype(np.float32)
    padded = np.pad(body, 64, mode="edge")
    return blur(padded, 6)[64:-64, 64:-64]


def _lungs(rows: Plane, columns: Plane) -> Plane:
    fields = np.zeros((SIZE, SIZE), dtype=np.float32)
    for side, floor, inner in ((-1, 0.46, 0.12), (1, 0.53, 0.13)):
        beside = columns * side
        # The lateral wall bows out downwards; the apex is narrow and rounded.
        height = (rows + np.float32(0.74)) / np.float32(floor + 0.74)
        wall = 0.30 + 0.44 * np.sqrt(np.clip(height, 0, 1)) - 0.04 * np.clip(height, 0, 1) ** 4
        inside = smooth(beside - wall, 0.014, -0.034) * smooth(beside, inner - 0.04, inner + 0.04)
        apex = ellipse(rows, beside, (-0.42, 0.34), (0.34, 0.27))
        top = np.maximum(smooth(rows, -0.46, -0.38), smooth(apex, 1.06, 0.86))
        dome = floor - 0.16 * np.exp(-(((beside - 0.36) / 0.26) ** 2))
        dome += 0.14 * smooth(beside, 0.48, 0.75)
        bottom = smooth(rows - dome.astype(np.float32), 0.018, -0.02)
        fields += inside * top * bottom
    return blur(np.clip(fields, 0, 1), 3)


def _heart(rows: Plane, columns: Plane, width: float) -> Plane:
    """How much the heart and the great vessels cover, 0 to 1."""
    left = ellipse(rows, columns - 0.36 * rows, (0.26, 0.02), (0.34, 0.30 * width))
    right = ellipse(rows, columns, (0.24, -0.02), (0.25, 0.19 * width))
    trunk = ellipse(rows, columns, (-0.06, 0.1), (0.24, 0.13))
    knob = ellipse(rows, columns, (-0.29, 0.11), (0.095, 0.105))
    vein = ellipse(rows, columns, (-0.25, -0.09), (0.42, 0.075))
    cover = np.zeros((SIZE, SIZE), dtype=np.float32)
    for shape, weight in ((left, 1.0), (right, 1.0), (trunk, 0.9), (knob, 0.85), (vein, 0.6)):
        cover = np.maximum(cover, smooth(shape, 1.10, 0.86) * np.float32(weight))
    return blur(cover, 5)


def _spine_and_airway(rows: Plane, columns: Plane) -> Plane:
    spine = smooth(np.abs(columns), 0.11, 0.055) * np.float32(0.10)
    discs = 1 - np.float32(0.4) * smooth(np.sin(rows * 36 + 0.8), 0.6, 0.97)
    shadow = spine * discs * smooth(rows, -1.2, 0.2)
    for side in (-1, 1):
        pedicles = np.exp(-((columns - side * 0.055) ** 2) / 0.0003)
        shadow += pedicles * smooth(np.sin(rows * 36 - 1.2), 0.8, 1.0) * np.float32(0.05)
    airway = smooth(np.abs(columns + 0.012), 0.058, 0.03) * smooth(rows, -0.10, -0.22)
    shadow -= airway * np.float32(0.17)
    for side in (-1, 1):
        across = np.abs(columns - side * (rows + np.float32(0.2)))
        branch = smooth(across, 0.055, 0.025) * smooth(rows, -0.22, -0.15)
        branch *= smooth(rows, 0.02, -0.05) * smooth(columns * side, -0.02, 0.03)
        shadow -= branch * np.float32(0.09)
    return shadow


def _markings(rng: np.random.Generator, rows: Plane, columns: Plane) -> Plane:
    """Vessels that leave the hila, branch and thin out, over a fine grain."""
    layer = np.zeros((SIZE, SIZE), dtype=np.float32)
    for side in (-1, 1):
        for angle in np.linspace(-1.25, 1.35, 11):
            turn = float(angle + rng.normal(0, 0.08))
            _grow(
                layer,
                rng,
                (side, 0.13, -0.03 + 0.07 * turn),
                turn,
                float(rng.uniform(6, 10)),
                0.036,
            )
    layer = blur(np.clip(layer, 0, 1.6), 1.8)
    fade = np.zeros((SIZE, SIZE), dtype=np.float32)
    roots = np.zeros((SIZE, SIZE), dtype=np.float32)
    for side in (-1, 1):
        fade += np.exp(-ellipse(rows, columns, (0.05, side * 0.16), (0.48, 0.42)))
        roots += np.exp(-ellipse(rows, columns, (-0.02, side * 0.17), (0.15, 0.07)))
    fine = clouds(rng, SIZE, SIZE, cells=16, octaves=4)
    return layer * fade * 0.095 + fine * (0.008 + 0.02 * fade) + roots * np.float32(0.2)


def _grow(
    layer: Plane,
    rng: np.random.Generator,
    start: tuple[int, float, float],
    angle: float,
    width: float,
    step: float,
) -> None:
    """Draw a vessel of `width` pixels from `start` (side, across, down), then its branches."""
    side, x, y = start
    points = [(x, y)]
    for _ in range(7):
        angle += float(rng.normal(0, 0.11))
        x, y = x + step * math.cos(angle), y + step * math.sin(angle)
        points.append((x, y))
    stroke(layer, placed(side, points), width, 1.0, end=0.6)
    if width > 3:  # noqa: PLR2004 - finer ones are lost in the grain
        for turn in (-0.42, 0.36):
            bend = angle + turn + float(rng.normal(0, 0.12))
            _grow(layer, rng, (side, x, y), bend, width * 0.55, step * 0.72)
