"""CSV tables of the synthetic clinic: diaries that patients keep and courses of values."""

import csv
from datetime import timedelta
from io import StringIO

import numpy as np

from casekeep.cli.demo.subjects import Occasion
from casekeep.cli.demo.textures import draw

_Row = tuple[object, ...]
_MEALS = (
    ("07:10", "before breakfast", 7.0),
    ("09:20", "after breakfast", 9.1),
    ("12:35", "before lunch", 6.6),
    ("18:40", "before dinner", 6.9),
    ("22:30", "bedtime", 7.6),
)
_REMARKS = (
    "",
    "",
    "",
    "",
    "",
    "long walk",
    "birthday cake",
    "slept badly",
    "swimming",
    "new meter",
)
_COURSES = {
    "hba1c": ("HbA1c", "mmol/mol", 90, (68.0, 61.0, 55.0, 52.0, 49.0), 42.0, 1),
    "ferritin": ("Ferritin", "µg/L", 28, (7.0, 13.0, 24.0, 38.0, 51.0, 60.0), 200.0, 0),
    "tsh": ("Thyroid stimulating hormone", "mU/L", 42, (7.8, 6.1, 4.4, 3.1, 2.6), 4.0, 2),
    "ldl": ("LDL cholesterol", "mmol/L", 42, (4.1, 3.2, 2.4, 1.9), 3.0, 1),
}


def table(occasion: Occasion, seed: int, what: str) -> bytes:
    """UTF-8 CSV with a header line: `glucose`, `pressure`, `troponin`, `spirometry`, `bone`, or one
    of the courses `hba1c`, `ferritin`, `tsh`, `ldl`.
    """
    rng = draw(seed, "table")
    match what:
        case "glucose":
            return _written(
                ("date", "time", "when", "mmol_per_l", "remark"), _glucose(occasion, rng)
            )
        case "pressure":
            header = ("date", "time", "systolic_mmhg", "diastolic_mmhg", "pulse_per_min")
            return _written(header, _pressure(occasion, rng))
        case "troponin":
            header = ("sample", "taken_at", "hours", "troponin_t_ng_per_l", "upper_limit")
            return _written(header, _troponin(occasion, rng))
        case "spirometry":
            header = (
                "measure",
                "unit",
                "predicted",
                "before",
                "percent",
                "after",
                "change_percent",
            )
            return _written(header, _spirometry(rng))
        case "bone":
            return _written(
                ("site", "area_cm2", "density_g_per_cm2", "t_score", "z_score"), _bone()
            )
        case _:
            header = ("date", "test", "value", "unit", "upper_limit", "flag")
            return _written(header, _course(occasion, rng, what))


def _written(header: tuple[str, ...], rows: list[_Row]) -> bytes:
    text = StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()


def _glucose(occasion: Occasion, rng: np.random.Generator) -> list[_Row]:
    rows = list[_Row]()
    for back in range(28, 0, -1):
        day = occasion.day - timedelta(days=back)
        for time, when, usual in _MEALS:
            if rng.random() < 0.12:  # noqa: PLR2004 - now and then a value is forgotten
                continue
            value = max(3.6, float(rng.normal(usual + back * 0.04, 0.8)))
            remark = str(rng.choice(_REMARKS)) if when == "bedtime" else ""
            rows.append((day.isoformat(), time, when, f"{value:.1f}", remark))
    return rows


def _pressure(occasion: Occasion, rng: np.random.Generator) -> list[_Row]:
    rows = list[_Row]()
    for back in range(21, 0, -1):
        for time in ("07:30", "20:15"):
            day = occasion.day - timedelta(days=back)
            upper = float(rng.normal(132 + back * 0.6, 6))
            lower, pulse = float(rng.normal(upper * 0.6, 3)), float(rng.normal(71, 5))
            rows.append((day.isoformat(), time, round(upper), round(lower), round(pulse)))
    return rows


def _troponin(occasion: Occasion, rng: np.random.Generator) -> list[_Row]:
    start = float(rng.normal(9, 0.8))
    return [
        (
            number,
            f"{occasion.day.isoformat()}T{8 + hours:02d}:20",
            hours,
            round(start + jump, 1),
            14,
        )
        for number, (hours, jump) in enumerate(((0, 0.0), (1, 0.3), (3, 0.1), (6, -0.4)), start=1)
    ]


def _spirometry(rng: np.random.Generator) -> list[_Row]:
    rows = list[_Row]()
    for name, unit, predicted, share in (
        ("FVC", "L", 2.61, 0.91),
        ("FEV1", "L", 2.02, 0.71),
        ("FEV1/FVC", "%", 77.4, 0.78),
        ("PEF", "L/s", 5.40, 0.74),
        ("MEF50", "L/s", 3.31, 0.48),
    ):
        before = predicted * float(rng.normal(share, 0.01))
        after = before * float(rng.normal(1.11, 0.01))
        percent = round(100 * before / predicted)
        change = round(100 * (after / before - 1))
        rows.append((name, unit, predicted, round(before, 2), percent, round(after, 2), change))
    return rows


def _bone() -> list[_Row]:
    return [
        ("L1", 12.4, 0.861, -2.1, -0.6),
        ("L2", 13.6, 0.912, -1.9, -0.4),
        ("L3", 15.1, 0.934, -1.8, -0.4),
        ("L4", 16.9, 0.941, -1.8, -0.3),
        ("Left femoral neck", 4.9, 0.688, -1.6, -0.2),
        ("Left hip, total", 31.7, 0.771, -1.5, -0.2),
    ]


def _course(occasion: Occasion, rng: np.random.Generator, what: str) -> list[_Row]:
    name, unit, apart, values, limit, digits = _COURSES[what]
    rows = list[_Row]()
    for index, usual in enumerate(values):
        day = occasion.day - timedelta(days=apart * (len(values) - 1 - index))
        value = round(usual * float(rng.normal(1, 0.02)), digits)
        rows.append((day.isoformat(), name, value, unit, limit, "H" if value > limit else ""))
    return rows
