"""Logs what nobody expected: the kind of failure and where, never its text or values, which could
carry somebody's health data. The request's id ties the entry to the answer.
"""

import traceback
from pathlib import Path

import structlog

_log = structlog.get_logger()
_INNERMOST = 8


def log_failure(event: str, error: BaseException) -> None:
    """One log entry under `event`, with the innermost places of the failure."""
    frames = traceback.extract_tb(error.__traceback__)[-_INNERMOST:]
    where = [f"{Path(frame.filename).stem}.{frame.name}:{frame.lineno}" for frame in frames]
    _log.error(event, error=type(error).__name__, where=where)
