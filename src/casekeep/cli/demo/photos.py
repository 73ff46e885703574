"""Photographs that nobody took: skin with a healing cut or a mole, the back of an eye.

JPEG or WebP bytes; colours come from noise and smooth shapes, and show no person.
"""

from io import BytesIO
from typing import Literal

from PIL import Image

from casekeep.cli.demo.eye import fundus
from casekeep.cli.demo.pigments import Colours
from casekeep.cli.demo.skin import bare_skin, lit, with_callus, with_naevus, with_wound
from casekeep.cli.demo.subjects import Occasion
from casekeep.cli.demo.textures import draw, to_bytes

_SKINS = ((0.86, 0.66, 0.55), (0.74, 0.53, 0.41), (0.55, 0.37, 0.27), (0.90, 0.72, 0.62))


def photo(occasion: Occasion, seed: int, what: str) -> bytes:
    """A JPEG: `wound-DAY`, `naevus-MONTH`, `callus` or `fundus-right|left`."""
    return _encoded(_picture(occasion, seed, what), "JPEG")


def web_photo(occasion: Occasion, seed: int, what: str) -> bytes:
    """The same as WebP, as a phone's browser sends it."""
    return _encoded(_picture(occasion, seed, what), "WEBP")


def _encoded(colours: Colours, kind: Literal["JPEG", "WEBP"]) -> bytes:
    output = BytesIO()
    Image.fromarray(to_bytes(colours)).save(output, kind, quality=86, method=2)
    return output.getvalue()


def _picture(occasion: Occasion, seed: int, what: str) -> Colours:
    kind, _, detail = what.partition("-")
    rng = draw(seed, "photo")
    if kind == "fundus":
        return fundus(rng, detail)
    tone = _SKINS[sum(occasion.subject.record.encode()) % len(_SKINS)]
    skin = bare_skin(rng, tone)
    match kind:
        case "wound":
            return lit(rng, with_wound(rng, skin, int(detail)))
        case "naevus":
            return lit(rng, with_naevus(rng, skin, int(detail)))
        case _:
            return lit(rng, with_callus(rng, skin))
