"""Colour on the synthetic pictures: paint that covers, and tints that let the texture through."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from casekeep.cli.demo.textures import Plane

Colours = NDArray[np.floating[Any]]
"""Rows by columns by red, green, blue, each 0 to 1."""
Colour = tuple[float, float, float]


def mix(colours: Colours, cover: Plane, colour: Colour) -> None:
    """Lay a colour over the picture where `cover` is above 0."""
    colours += (np.array(colour, dtype=np.float32) - colours) * np.clip(cover, 0, 1)[:, :, None]


def tint(colours: Colours, cover: Plane, factor: Colour) -> None:
    """Multiply the picture by a colour where `cover` is above 0: texture stays visible."""
    change = np.array(factor, dtype=np.float32) - 1
    colours *= 1 + np.clip(cover, 0, 1)[:, :, None] * change
