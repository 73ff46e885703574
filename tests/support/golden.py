"""Compares an answer with a golden document: the same keys in the same order, the same types, the
same values. Where a value differs from run to run, the document says so with a placeholder.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

PLACEHOLDERS = {
    "<uuid>": re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    "<seconds>": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"),
    "<milliseconds>": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"),
    "<microseconds>": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z"),
    "<jwt>": re.compile(r"[\w-]+\.[\w-]+\.[\w-]+"),
    "<opaque>": re.compile(r"[\w.=-]{40,}"),
    "<signed url>": re.compile(r"https://casekeep\.test/api/v1/files/content\?token=[\w.-]+"),
}  # fmt: skip
"""Placeholders that stand for any value of a form. `<name of a known value>` stands for it."""


def read_golden(path: Path, known: Mapping[str, object] | None = None) -> Any:
    """A golden document. A name in `known` between pointed brackets stands for that value, also
    for a number, and also within a text.
    """
    text = path.read_text("utf-8")
    for name, value in (known or {}).items():
        text = text.replace(f'"<{name}>"', json.dumps(value)).replace(f"<{name}>", str(value))
    return json.loads(text)


def differences(
    golden: Any, actual: Any, known: Mapping[str, str] | None = None, at: str = "$"
) -> Iterator[str]:
    """What is different, by place; nothing when they agree. `known`: values of placeholders."""
    if type(golden) is not type(actual):
        yield f"{at}: {type(golden).__name__} wanted, {type(actual).__name__} given"
    elif isinstance(golden, dict):
        if list(golden) != list(actual):
            yield f"{at}: keys {list(golden)} wanted, {list(actual)} given"
        for key in golden.keys() & actual.keys():
            yield from differences(golden[key], actual[key], known, f"{at}.{key}")
    elif isinstance(golden, list):
        if len(golden) != len(actual):
            yield f"{at}: {len(golden)} members wanted, {len(actual)} given"
        for index, (wanted, given) in enumerate(zip(golden, actual, strict=False)):
            yield from differences(wanted, given, known, f"{at}[{index}]")
    elif not _agree(golden, actual, known or {}):
        yield f"{at}: {golden!r} wanted, {actual!r} given"


def _agree(golden: Any, actual: Any, known: Mapping[str, str]) -> bool:
    if golden in PLACEHOLDERS:
        return bool(PLACEHOLDERS[golden].fullmatch(actual))
    if isinstance(golden, str) and golden.startswith("<") and golden.endswith(">"):
        return bool(actual == known[golden[1:-1]])
    return bool(golden == actual)
