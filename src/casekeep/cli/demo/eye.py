"""The back of an eye, as a fundus camera sees it. Nobody's eye."""

import math

import numpy as np
from PIL import Image, ImageDraw

from casekeep.cli.demo.pigments import Colours, mix, tint
from casekeep.cli.demo.textures import Plane, blur, clouds, ellipse, grid, smooth


def fundus(rng: np.random.Generator, side: str) -> Colours:
    """The back of an eye: disc towards the nose, vessels in two arcades, the darker macula."""
    size = 900
    rows, columns = grid(size, size)
    nose = 1.0 if side == "right" else -1.0
    colours = np.zeros((size, size, 3), dtype=np.float32)
    colours += np.array((0.72, 0.31, 0.13), dtype=np.float32)
    grain = clouds(rng, size, size, cells=12, octaves=4)
    colours *= (1 + 0.07 * grain - 0.22 * ellipse(rows, columns, (0, 0), (1, 1)))[:, :, None]
    macula = np.exp(-ellipse(rows, columns, (0.03, -0.16 * nose), (0.17, 0.17)))
    tint(colours, macula, (0.70, 0.55, 0.5))
    disc = ellipse(rows, columns, (0.0, 0.46 * nose), (0.135, 0.12))
    mix(colours, np.exp(-disc * 0.45) * 0.35, (0.95, 0.55, 0.25))
    mix(colours, smooth(disc, 1.1, 0.8), (0.97, 0.76, 0.45))
    mix(colours, smooth(disc, 0.35, 0.1) * 0.7, (1.0, 0.92, 0.72))
    _vessels(rng, colours, nose, 1 - np.float32(0.92) * macula)
    if side == "right":
        for row, column in ((0.36, -0.22), (0.42, -0.16)):
            dot = ellipse(rows, columns, (row, column), (0.012, 0.012))
            mix(colours, smooth(dot, 1.3, 0.5), (0.42, 0.07, 0.05))
    field = smooth(ellipse(rows, columns, (0, 0), (0.95, 0.95)), 1.01, 0.98)
    noise = rng.standard_normal((size, size, 3), dtype=np.float32) * np.float32(0.012)
    return ((colours + noise) * field[:, :, None]).astype(np.float32)


def _vessels(rng: np.random.Generator, colours: Colours, nose: float, sparing: Plane) -> None:
    size = colours.shape[0]
    layer = Image.new("L", (size, size))
    pen = ImageDraw.Draw(layer)

    def grow(
        x: float, y: float, angle: float, width: float, bend: float, left: int, outwards: float
    ) -> None:
        for step in range(left):
            angle += bend + float(rng.normal(0, 0.045))
            ahead = x + 13 * math.cos(angle), y + 13 * math.sin(angle)
            pen.line([(x, y), ahead], fill=int(90 + 14 * width), width=max(1, round(width)))
            x, y = ahead
            if step % 9 == 8 and width > 1.6:  # noqa: PLR2004 - the finest do not branch
                turn = float(rng.choice((0.65, -0.65), p=(0.8, 0.2))) * outwards
                grow(x, y, angle + turn, width * 0.58, bend * 0.4, int(left * 0.62), outwards)
            width *= 0.985

    x0, y0 = (0.46 * nose + 1) / 2 * size, size / 2
    away = math.pi if nose > 0 else 0.0
    for up in (-1, 1):
        for width, spread, bend in ((8, 1.22, 0.028), (6, 1.02, 0.022), (5, 2.3, 0.010)):
            turn = up * spread * nose
            grow(x0, y0 + up * 14, away + turn, width, -up * bend * nose, 44, up * nose)
    tree = blur(np.asarray(layer, dtype=np.float32) / np.float32(255), 1.1)
    mix(colours, tree * sparing * 0.9, (0.40, 0.07, 0.04))
