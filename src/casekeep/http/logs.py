"""The one place that sets up logging: JSON lines on stderr, or coloured text on a terminal. The
second line of defence against health data in a log: what may carry it is dropped, by its key.
"""

import logging
import re
import sys
import traceback
from collections.abc import MutableMapping, Sequence
from pathlib import Path
from typing import Any, TextIO, cast
from uuid import UUID

import structlog

from casekeep.kernel.request import request_id

Line = MutableMapping[str, Any]

FORBIDDEN = frozenset(
    {"address", "authorization", "birth", "body", "code", "cookie", "dob", "email", "filename"}
    | {"key", "message", "name", "password", "path", "phone", "query", "secret", "text", "token"}
    | {"url"}
)
"""A key of a log line that has one of these among its words, singular or plural, is dropped."""

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_LONGEST = 300
_INNERMOST = 8
_PLAIN = (bool, int, float, type(None))
_HEARD_FROM = {"uvicorn.error": logging.WARNING, "pogo_core.util.migrate": logging.ERROR}
"""The level from which libraries are heard that tell of every step they take."""


def configure_logging(stream: TextIO | None = None, *, level: int = logging.INFO) -> None:
    """Send all log lines of the process to `stream` (stderr if not given), those of libraries too.
    May be called again.
    """
    out = stream or sys.stderr
    render = (
        structlog.dev.ConsoleRenderer() if out.isatty() else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            _without_health_data,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _with_request_id,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(out),
    )
    logging.basicConfig(handlers=[_FromLibraries()], level=max(level, logging.INFO), force=True)


def places(error: BaseException) -> list[str]:
    """Where an exception came from, innermost last: `room/module.function:line`, and none of its
    words, which may hold a row, a name or a file.
    """
    frames = traceback.extract_tb(error.__traceback__)[-_INNERMOST:]
    found = [(Path(frame.filename), frame) for frame in frames]
    return [f"{at.parent.name}/{at.stem}.{each.name}:{each.lineno}" for at, each in found]


def _without_health_data(_: Any, method: str, line: Line) -> Line:  # noqa: ANN401 - structlog's
    if error := _raised(line.pop("exc_info", None), method):
        line.setdefault("error", type(error).__name__)
        line.setdefault("where", places(error))
    forbidden = [key for key in line if _is_forbidden(key)]
    for key in forbidden:
        del line[key]
    kept = {key: _told(value) for key, value in line.items()}
    return kept | {"dropped": sorted(forbidden)} if forbidden else kept


def _is_forbidden(key: str) -> bool:
    words = {word.lower() for word in _WORDS.findall(key)}
    return not FORBIDDEN.isdisjoint(words | {word.removesuffix("s") for word in words})


def _told(value: object) -> object:
    """Values that say what they are; of anything else only the kind."""
    if isinstance(value, str):
        return value[:_LONGEST]
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, list | tuple):
        return [_told(each) for each in cast("Sequence[object]", value)]
    return type(value).__name__


def _raised(exc_info: object, method: str) -> BaseException | None:
    if isinstance(exc_info, BaseException):
        return exc_info
    if isinstance(exc_info, tuple):
        members = cast("Sequence[object]", exc_info)
        return next((each for each in members if isinstance(each, BaseException)), None)
    return sys.exc_info()[1] if exc_info or method == "exception" else None


def _with_request_id(_: Any, __: str, line: Line) -> Line:  # noqa: ANN401 - structlog's shape
    if (current := request_id.get()) is not None:
        line["request_id"] = current
    return line


class _FromLibraries(logging.Handler):
    """Lines of libraries: the first line of the unfilled template, since what would be filled in,
    or follows, can be anything (asyncio prints whole tasks, drivers print rows).
    """

    def emit(self, record: logging.LogRecord) -> None:
        """Hand one record on."""
        said = record.msg if isinstance(record.msg, str) else type(record.msg).__name__
        is_step = record.levelno < _HEARD_FROM.get(record.name, logging.NOTSET)
        if is_step and not said.endswith(" died"):  # uvicorn's word for a lost server process
            return
        structlog.get_logger().log(
            record.levelno,
            "library",
            library=record.name,
            said=said.split("\n", 1)[0],
            exc_info=record.exc_info,
        )
