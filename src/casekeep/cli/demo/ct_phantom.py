"""A chest in Hounsfield units, slice by slice, from ellipses and noise. Nobody's chest.

Rows run from front to back and columns from the patient's right to left, as radiologists look.
"""

import math

import numpy as np

from casekeep.cli.demo.textures import Plane, blur, clouds, draw, ellipse, grid, smooth

SIZE = 256
SLICES = 24
_AIR, _FAT, _MUSCLE, _BLOOD, _BONE, _LUNG = -1000.0, -105.0, 50.0, 42.0, 620.0, -850.0
_EDGE = 0.06
"""How soft an outline is, in units of squared distance."""


def chest_slices(seed: int) -> list[Plane]:
    """`SLICES` planes of SIZE x SIZE in Hounsfield units, from the apex of the lungs downwards."""
    rng = draw(seed, "chest")
    # One field for the vessels of all slices: it drifts from slice to slice as vessels do.
    vessels = clouds(rng, SIZE + 4 * SLICES, SIZE, cells=22, octaves=2)
    slices = list[Plane]()
    for index in range(SLICES):
        depth = index / (SLICES - 1)
        drift = vessels[4 * index : 4 * index + SIZE]
        slices.append(_slice(depth, drift, rng))
    return slices


def _slice(depth: float, vessels: Plane, rng: np.random.Generator) -> Plane:
    rows, columns = (axis * np.float32(0.88) for axis in grid(SIZE, SIZE))
    width = 0.74 + 0.12 * math.sin(depth * math.pi * 0.8)
    body = ellipse(rows, columns, (0.02, 0), (0.56, width))
    hu = np.full((SIZE, SIZE), _AIR, dtype=np.float32)
    _lay(hu, body, 1.0, _FAT)
    _lay(hu, body, 0.84, _MUSCLE)
    # Planes of fat between the muscles.
    _lay(hu, np.abs(body - 0.79 - 0.03 * np.sin(columns * 9)), 0.008, -20, 0.02)
    _lay_lungs(hu, rows, columns, depth, width, vessels)
    _lay_heart(hu, rows, columns, depth)
    _lay_airways(hu, rows, columns, depth)
    _lay_ribs(hu, rows, columns, depth, width)
    _lay_spine(hu, rows, columns, depth)
    _lay(hu, ellipse(rows, columns, (0.83, 0), (0.035, 0.8)), 1.0, -750)
    return hu + blur(rng.standard_normal((SIZE, SIZE), dtype=np.float32), 0.8) * np.float32(34)


def _lay(hu: Plane, shape: Plane, limit: float, value: float, edge: float = _EDGE) -> None:
    """Put `value` where `shape` is below `limit`, softly."""
    inside = smooth(shape, limit + edge, limit - edge)
    hu += (np.float32(value) - hu) * inside


def _lay_lungs(
    hu: Plane, rows: Plane, columns: Plane, depth: float, width: float, vessels: Plane
) -> None:
    swell = math.sin(min(1.0, 0.16 + depth * 1.1) * math.pi / 2)
    for side in (-1, 1):
        # A lung leans towards the spine behind and leaves room for the heart in front.
        lean = columns * side - np.float32(0.1) * rows
        lung = ellipse(rows, lean, (0.0, width * 0.46), (0.45 * swell, width * 0.385 * swell))
        value = _LUNG + 45 * (rows + 0.3)
        inside = smooth(lung, 1.06, 0.94)
        hu += (value - hu) * inside
        towards_hilum = np.exp(-ellipse(rows, columns * side, (0.0, 0.2), (0.34, 0.3)))
        trunks = smooth(np.abs(vessels), 0.10, 0.0) * towards_hilum
        dots = smooth(vessels, 1.15, 1.5)
        hu += inside * (trunks * np.float32(480) + dots * np.float32(420))
    if depth > 0.3:  # noqa: PLR2004 - below the apex
        nodule = ellipse(rows, columns, (0.08, -0.42), (0.055, 0.055))
        size = 1 - ((depth - 0.5) / 0.07) ** 2
        if size > 0:
            _lay(hu, nodule + clouds_edge(vessels), size, 35, 0.2)
    if depth > 0.8:  # noqa: PLR2004 - the dome of the liver rises into the right lung
        rise = (depth - 0.8) / 0.2
        _lay(hu, ellipse(rows, columns, (0.02, -0.38), (0.36 * rise, 0.3 * rise)), 1.0, 62)


def clouds_edge(vessels: Plane) -> Plane:
    """A little unevenness for an outline."""
    return vessels * np.float32(0.18)


def _lay_heart(hu: Plane, rows: Plane, columns: Plane, depth: float) -> None:
    _lay(hu, ellipse(rows, columns, (0.0, 0), (0.4, 0.15)), 1.0, -40)
    if depth > 0.38:  # noqa: PLR2004 - below the great vessels
        size = math.sin(min(1.0, (depth - 0.38) / 0.42) * math.pi / 2)
        turned = columns + np.float32(0.35) * rows
        _lay(hu, ellipse(rows, turned, (-0.13, 0.06), (0.27 * size, 0.36 * size)), 1.0, -60)
        _lay(hu, ellipse(rows, turned, (-0.13, 0.06), (0.25 * size, 0.33 * size)), 1.0, _BLOOD)
        _lay(hu, ellipse(rows, turned, (-0.12, 0.14), (0.12 * size, 0.15 * size)), 1.0, 66, 0.3)
    else:
        _lay(hu, ellipse(rows, columns, (-0.08, -0.08), (0.075, 0.06)), 1.0, _BLOOD)
        arch = 0.22 if depth > 0.26 else 0.07  # noqa: PLR2004 - one slice or two cut the arch
        _lay(hu, ellipse(rows, columns, (-0.05, 0.08), (arch, 0.075)), 1.0, _BLOOD + 6)
    if depth > 0.26:  # noqa: PLR2004 - the descending aorta beside the spine
        _lay(hu, ellipse(rows, columns, (0.26, 0.14), (0.062, 0.055)), 1.0, _BLOOD + 8)


def _lay_airways(hu: Plane, rows: Plane, columns: Plane, depth: float) -> None:
    if depth < 0.36:  # noqa: PLR2004 - above the carina: one trachea
        _lay(hu, ellipse(rows, columns, (0.1, 0), (0.05, 0.045)), 1.0, -990)
    elif depth < 0.55:  # noqa: PLR2004 - below it: two main bronchi that part
        part = 0.06 + (depth - 0.36) * 0.75
        for side in (-1, 1):
            _lay(hu, ellipse(rows, columns, (0.1, side * part), (0.035, 0.042)), 1.0, -985)
    _lay(hu, ellipse(rows, columns, (0.2, 0.035), (0.028, 0.034)), 1.0, 30)


def _lay_ribs(hu: Plane, rows: Plane, columns: Plane, depth: float, width: float) -> None:
    for count in range(14):
        # Ribs slope, so a slice cuts each at another angle; they walk round as one goes down.
        angle = (count + depth * 9) % 14 / 14 * 2 * math.pi
        down, along = 0.02 + 0.48 * math.sin(angle), (width - 0.075) * math.cos(angle)
        if abs(along) < 0.16:  # noqa: PLR2004 - the spine and the breastbone are there
            continue
        turn = np.float32(math.atan2(math.cos(angle) * 0.475, -math.sin(angle) * width))
        across = (columns - along) * np.cos(turn) + (rows - down) * np.sin(turn)
        beside = (rows - down) * np.cos(turn) - (columns - along) * np.sin(turn)
        rib = (across / np.float32(0.09)) ** 2 + (beside / np.float32(0.02)) ** 2
        _lay(hu, rib, 1.0, _BONE, 0.2)
        _lay(hu, rib, 0.28, 240, 0.2)
    _lay(hu, ellipse(rows, columns, (-0.455, 0), (0.03, 0.1)), 1.0, _BONE * 0.7, 0.2)


def _lay_spine(hu: Plane, rows: Plane, columns: Plane, depth: float) -> None:
    body = ellipse(rows, columns, (0.32, 0), (0.1, 0.12))
    _lay(hu, body, 1.0, _BONE, 0.12)
    _lay(hu, body, 0.74, 210 + 40 * math.sin(depth * 40), 0.12)
    for side in (-1, 1):
        turned = columns - np.float32(side * 0.9) * (rows - np.float32(0.44))
        _lay(hu, ellipse(rows, turned, (0.47, side * 0.09), (0.05, 0.045)), 1.0, _BONE, 0.2)
    _lay(hu, ellipse(rows, columns, (0.49, 0), (0.07, 0.022)), 1.0, _BONE * 0.9, 0.2)
    _lay(hu, ellipse(rows, columns, (0.445, 0), (0.045, 0.055)), 1.0, 25, 0.1)
