"""Skin that belongs to nobody: its texture, a healing cut, a mole, a callus, and light on it."""

import math

import numpy as np
from PIL import Image, ImageDraw

from casekeep.cli.demo.pigments import Colour, Colours, mix, tint
from casekeep.cli.demo.textures import blur, clouds, ellipse, grid, smooth

WIDE, HIGH = 1200, 900
"""Pixels of a photograph."""


def bare_skin(rng: np.random.Generator, tone: Colour) -> Colours:
    """Skin of a tone, with blotches, pores and the fine net of lines that skin has."""
    blotches = clouds(rng, HIGH, WIDE, cells=5, octaves=3)
    pores = clouds(rng, HIGH, WIDE, cells=150, octaves=2)
    net = np.abs(clouds(rng, HIGH, WIDE, cells=70, octaves=2))
    creases = blur(smooth(net, 0.16, 0.0), 0.8) * np.float32(0.035)
    shade = 1 + 0.045 * blotches + 0.03 * pores - creases
    colours = shade[:, :, None] * np.array(tone, dtype=np.float32)
    warmth = clouds(rng, HIGH, WIDE, cells=9, octaves=3)[:, :, None]
    colours += warmth * np.array((0.018, -0.012, -0.014), dtype=np.float32)
    return colours


def with_wound(rng: np.random.Generator, skin: Colours, day: int) -> Colours:
    """A closed cut with stitches (until day 10), redder in the first days."""
    rows, columns = grid(HIGH, WIDE)
    rows = rows * np.float32(HIGH / WIDE)
    fresh = math.exp(-day / 6)
    wander = 0.012 * np.sin(columns * 9) + 0.006 * np.sin(columns * 31 + 1)
    beyond = np.clip(np.abs(columns) - np.float32(0.44), 0, None)
    across = rows - wander - np.clip(columns, -0.44, 0.44) * np.float32(0.16)
    away = np.sqrt(across**2 + beyond**2)
    uneven = clouds(rng, HIGH, WIDE, cells=18, octaves=4)
    halo = np.exp(-((away / np.float32(0.05 + 0.11 * fresh)) ** 2))
    tint(skin, halo * (0.35 + 0.65 * fresh) * (1 + 0.35 * uneven), (1.0, 0.70, 0.70))
    ridge = np.exp(-((away / np.float32(0.017)) ** 2))
    tint(skin, ridge * 0.8, (1.02, 0.72, 0.70))
    line = smooth(away + 0.004 * uneven, 0.0075, 0.003)
    scab = (0.30, 0.07, 0.06) if fresh > 0.3 else (0.62, 0.30, 0.27)  # noqa: PLR2004 - about day 7
    mix(skin, line * (0.45 + 0.5 * fresh) * (1 + 0.25 * uneven), scab)
    bruise = np.exp(-ellipse(rows, columns, (0.12, 0.1), (0.16, 0.34))) * np.float32(0.4 * fresh)
    tint(skin, bruise * (1 + 0.5 * uneven), (0.84, 0.80, 0.92))
    if day <= 10:  # noqa: PLR2004 - the stitches are out on day 10
        _stitch(skin)
    return skin


def _stitch(skin: Colours) -> None:
    layer = Image.new("L", (WIDE, HIGH))
    pen = ImageDraw.Draw(layer)
    for number in range(5):
        across = -0.36 + number * 0.18
        down = 0.012 * math.sin(across * 9) + across * 0.16
        x, y = (across + 1) / 2 * WIDE, (down * WIDE / HIGH + 1) / 2 * HIGH
        pen.line([(x - 8, y - 44), (x + 7, y + 44)], fill=235, width=5)
        pen.ellipse((x - 10, y - 50, x - 2, y - 40), fill=255)
        pen.line([(x + 7, y + 42), (x + 30, y + 60)], fill=235, width=4)
        pen.line([(x + 7, y + 42), (x - 12, y + 66)], fill=235, width=4)
    thread = blur(np.asarray(layer, dtype=np.float32) / np.float32(255), 0.9)
    shadow = np.roll(blur(thread, 4), (5, 4), axis=(0, 1))
    tint(skin, shadow * 0.9, (0.62, 0.58, 0.58))
    mix(skin, thread, (0.10, 0.12, 0.22))


def with_naevus(rng: np.random.Generator, skin: Colours, month: int) -> Colours:
    """A mole under a dermatoscope: a network that fades to the edge, in a round field."""
    rows, columns = grid(HIGH, WIDE)
    rows = rows * np.float32(HIGH / WIDE)
    uneven = clouds(rng, HIGH, WIDE, cells=10, octaves=4)
    size = 0.30 + 0.004 * month
    shape = ellipse(rows, columns, (0.0, 0.0), (size * 0.86, size)) + 0.16 * uneven
    mole = smooth(shape, 1.15, 0.55)
    tint(skin, mole, (0.62, 0.46, 0.38))
    core = smooth(shape, 0.6, 0.05)
    tint(skin, core * 0.7, (0.66, 0.56, 0.52))
    net = blur(smooth(np.abs(clouds(rng, HIGH, WIDE, cells=88, octaves=2)), 0.2, 0.02), 1.3)
    tint(skin, net * mole, (0.74, 0.64, 0.60))
    _hairs(rng, skin)
    view = ellipse(rows, columns, (0, 0), (0.72, 0.72))
    skin *= smooth(view, 1.02, 0.97)[:, :, None]
    _ruler(skin)
    return skin


def _hairs(rng: np.random.Generator, skin: Colours) -> None:
    layer = Image.new("L", (WIDE, HIGH))
    pen = ImageDraw.Draw(layer)
    for _ in range(7):
        x, y = float(rng.uniform(200, 1000)), float(rng.uniform(100, 800))
        angle = float(rng.normal(0.5, 0.35))
        points = [(x, y)]
        for _ in range(16):
            angle += float(rng.normal(0.01, 0.05))
            x, y = x + 13 * math.cos(angle), y + 13 * math.sin(angle)
            points.append((x, y))
        pen.line(points, fill=190, width=3)
    mix(skin, blur(np.asarray(layer, dtype=np.float32) / 255, 0.9), (0.16, 0.10, 0.07))


def _ruler(skin: Colours) -> None:
    for tick in range(11):
        x, length = 350 + tick * 50, 26 if tick % 5 == 0 else 14
        skin[850 - length : 850, x : x + 3] = 0.85


def with_callus(rng: np.random.Generator, skin: Colours) -> Colours:
    """A callus: yellowish, dry, with a paler rim and fine cracks."""
    rows, columns = grid(HIGH, WIDE)
    rows = rows * np.float32(HIGH / WIDE)
    uneven = clouds(rng, HIGH, WIDE, cells=7, octaves=4)
    shape = ellipse(rows, columns, (0.02, -0.05), (0.27, 0.34)) + 0.22 * uneven
    tint(skin, smooth(shape, 1.5, 0.8), (1.02, 0.86, 0.84))
    mix(skin, smooth(shape, 1.0, 0.55) * 0.6, (0.88, 0.74, 0.50))
    cracks = smooth(np.abs(clouds(rng, HIGH, WIDE, cells=64, octaves=3)), 0.05, 0.0)
    tint(skin, blur(cracks, 0.8) * smooth(shape, 0.8, 0.3), (0.86, 0.78, 0.72))
    return skin


def lit(rng: np.random.Generator, colours: Colours) -> Colours:
    """Light from one side, darker corners and the noise of a small sensor."""
    rows, columns = grid(HIGH, WIDE)
    light = 1.04 + 0.12 * (-rows * 0.6 - columns * 0.8) - 0.16 * (rows**2 + columns**2) ** 1.2
    noise = rng.standard_normal((HIGH, WIDE, 3), dtype=np.float32) * np.float32(0.012)
    return (colours * light[:, :, None] + noise).astype(np.float32)
