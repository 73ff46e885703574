"""Keeps queries out of httpx's log: they may carry the proof of a signed URL, or a name that was
searched for. Only requests of this package are touched.
"""

import logging
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

import httpx

_ours: ContextVar[bool] = ContextVar("casekeep_client_request", default=False)


@contextmanager
def queries_hidden() -> Generator[None, None, None]:
    """Requests sent in this block are logged without their query."""
    token = _ours.set(True)
    try:
        yield
    finally:
        _ours.reset(token)


def _hide(record: logging.LogRecord) -> bool:
    if _ours.get() and isinstance(record.args, tuple):
        record.args = tuple(
            each.copy_with(query=None) if isinstance(each, httpx.URL) else each
            for each in record.args
        )
    return True


logging.getLogger("httpx").addFilter(_hide)
