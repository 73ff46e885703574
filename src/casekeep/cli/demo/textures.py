"""Grain and shade for the synthetic pictures: seeded noise, soft edges, smooth blobs.

Pure array work; knows nothing of what the pictures show.
"""

from functools import lru_cache
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFont

Plane = NDArray[np.floating[Any]]
"""One channel of a picture: rows by columns."""


def draw(seed: int, label: str) -> np.random.Generator:
    """A generator of its own for `label`, the same for the same seed."""
    digest = sha256(f"{seed}/{label}".encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "big")))


def grid(height: int, width: int) -> tuple[Plane, Plane]:
    """Row and column coordinates, each from -1 to 1, to be broadcast against each other."""
    rows = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    columns = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    return rows, columns


def resized(plane: Plane, height: int, width: int) -> Plane:
    """The plane at another size, interpolated bicubically."""
    picture = Image.fromarray(plane.astype(np.float32))
    return np.asarray(picture.resize((width, height), Image.Resampling.BICUBIC), dtype=np.float32)


def clouds(
    rng: np.random.Generator, height: int, width: int, *, cells: int, octaves: int = 4
) -> Plane:
    """Fractal noise about 0, mostly within -1 to 1; the largest lumps are `cells` to the width."""
    total = np.zeros((height, width), dtype=np.float32)
    for octave in range(octaves):
        count = cells * 2**octave
        rows = max(2, count * height // width)
        lumps = rng.standard_normal((rows, max(2, count)), dtype=np.float32)
        total += resized(lumps, height, width) * np.float32(0.5**octave)
    return total * np.float32(0.6)


def blur(plane: Plane, sigma: float) -> Plane:
    """A Gaussian blur of `sigma` pixels (edges wrap round)."""
    rows = np.fft.fftfreq(plane.shape[0])[:, None]
    columns = np.fft.rfftfreq(plane.shape[1])[None, :]
    kernel = np.exp(-2 * (np.pi * sigma) ** 2 * (rows**2 + columns**2)).astype(np.float32)
    spectrum = np.fft.rfft2(plane.astype(np.float32, copy=False))
    return np.fft.irfft2(spectrum * kernel, s=plane.shape).astype(np.float32, copy=False)


def smooth(plane: Plane, start: float, end: float) -> Plane:
    """0 up to `start`, 1 from `end` on, a smooth step between; either may be the larger."""
    t = np.clip((plane - np.float32(start)) / np.float32(end - start), 0, 1)
    return t * t * (3 - 2 * t)


def ellipse(
    rows: Plane, columns: Plane, centre: tuple[float, float], radii: tuple[float, float]
) -> Plane:
    """Squared distance from `centre` (row, column) in units of `radii`: below 1 is inside."""
    down = (rows - np.float32(centre[0])) / np.float32(radii[0])
    along = (columns - np.float32(centre[1])) / np.float32(radii[1])
    return down * down + along * along


def to_bytes(plane: Plane) -> NDArray[np.uint8]:
    """A plane of 0 to 1 as 8-bit grey."""
    return (np.clip(plane, 0, 1) * 255 + np.float32(0.5)).astype(np.uint8)


@lru_cache(maxsize=64)
def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The typeface that comes with Pillow, `size` pixels high; unpacked once."""
    return ImageFont.load_default(size)
