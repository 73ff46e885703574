"""The bones of a chest radiograph, drawn as bands along curves: ribs, collar bones, blades."""

import math
from itertools import pairwise

import numpy as np
from PIL import Image, ImageDraw

from casekeep.cli.demo.textures import Plane, blur, smooth

SIZE = 1024
"""Pixels to a side of the radiograph."""
Points = list[tuple[float, float]]
_STEPS = 24


def bones() -> Plane:
    """How much bone the rays cross, SIZE x SIZE: 0 for none, about 0.15 for a collar bone."""
    rims = np.zeros((SIZE, SIZE), dtype=np.float32)
    for side in (-1, 1):
        for number in range(10):
            back, front = _rib(number)
            _bone(rims, placed(side, back), 27 - 0.4 * number, 0.105)
            if number < 8:  # noqa: PLR2004 - the lowest ribs end behind the liver and the stomach
                _bone(rims, placed(side, front), 29, 0.06)
        collar = [(0.06, -0.53), (0.18, -0.545), (0.34, -0.60), (0.50, -0.65), (0.70, -0.64)]
        _bone(rims, placed(side, _rounded(collar)), 33, 0.12)
        blade = [(0.70, -0.60), (0.70, -0.42), (0.63, -0.16), (0.55, -0.03)]
        _bone(rims, placed(side, _rounded(blade)), 18, 0.04)
    # Towards the shoulders the picture ends and the bones fade out.
    outwards = np.abs(np.linspace(-1, 1, SIZE, dtype=np.float32))[None, :]
    return blur(rims, 1.7) * smooth(outwards, 0.78, 0.62)


def placed(side: int, points: Points) -> Points:
    """Pixels of points given as (outwards from the middle line, down), each -1 to 1."""
    return [((side * x + 1) / 2 * (SIZE - 1), (y + 1) / 2 * (SIZE - 1)) for x, y in points]


def stroke(layer: Plane, points: Points, width: float, strength: float, end: float = 1.0) -> None:
    """Add a band of `width` pixels along `points` to `layer`; it thins to `end` of its width."""
    band = _band(points, width, end)
    left, top = (max(0, math.floor(min(p[axis] for p in band)) - 1) for axis in (0, 1))
    right, bottom = (min(SIZE, math.ceil(max(p[axis] for p in band)) + 2) for axis in (0, 1))
    if right <= left or bottom <= top:
        return
    # Twice the size and back again: soft edges.
    tile = Image.new("L", ((right - left) * 2, (bottom - top) * 2))
    shape = [((x - left) * 2, (y - top) * 2) for x, y in band]
    ImageDraw.Draw(tile).polygon(shape, fill=255)
    small = np.asarray(tile.reduce(2), dtype=np.float32)
    layer[top:bottom, left:right] += small * np.float32(strength / 255)


def _bone(layer: Plane, points: Points, width: float, strength: float) -> None:
    """A bone's rim is denser than its middle."""
    stroke(layer, points, width, strength)
    stroke(layer, points, width * 0.64, -0.42 * strength)


def _rib(number: int) -> tuple[Points, Points]:
    """The back half, falling outwards from the spine, and the front half, falling inwards."""
    start = -0.72 + number * 0.122
    drop = 0.16 + 0.03 * number
    reach = 0.31 + 0.44 * math.sqrt(min(1.0, max(0.0, (start + drop + 0.70) / 1.15)))
    back: Points = []
    front: Points = []
    for step in range(_STEPS + 1):
        t = step / _STEPS
        turn = t * math.pi / 2
        rise = 0.055 * math.sin(t * math.pi)
        back.append((0.08 + (reach - 0.08) * math.sin(turn), start + drop * t**2.4 - rise))
        inwards = (reach - 0.30) * (1 - math.cos(turn)) * 0.95
        front.append((reach - inwards, start + drop + (0.12 + 0.015 * number) * math.sin(turn)))
    return back, front


def _rounded(points: Points) -> Points:
    """The polyline with its corners cut three times (Chaikin)."""
    for _ in range(3):
        cut: Points = [points[0]]
        for (x0, y0), (x1, y1) in pairwise(points):
            cut.append((0.75 * x0 + 0.25 * x1, 0.75 * y0 + 0.25 * y1))
            cut.append((0.25 * x0 + 0.75 * x1, 0.25 * y0 + 0.75 * y1))
        points = [*cut, points[-1]]
    return points


def _band(points: Points, width: float, end: float) -> Points:
    """The outline of a band along the points."""
    left: Points = []
    right: Points = []
    last = len(points) - 1
    for index, (x, y) in enumerate(points):
        before, after = points[max(0, index - 1)], points[min(last, index + 1)]
        along, down = after[0] - before[0], after[1] - before[1]
        length = math.hypot(along, down) or 1.0
        half = width / 2 * (1 + (end - 1) * index / last)
        left.append((x - down / length * half, y + along / length * half))
        right.append((x + down / length * half, y - along / length * half))
    return left + right[::-1]
