"""Logs what nobody expected: the kind of failure and where, never its text or values, which could
carry somebody's health data. The request's id ties the entry to the answer.
"""

import structlog

from .logs import places

_log = structlog.get_logger()

AGAIN_IN = 30
"""Seconds after which whoever met a store that cannot be used may try again."""


def log_failure(event: str, error: BaseException) -> None:
    """One log entry under `event`, with the innermost places of the failure."""
    _log.error(event, error=type(error).__name__, where=places(error))
