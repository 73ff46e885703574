"""Fixtures of these tests."""

import io
import logging
from collections.abc import Iterator

import pytest
import structlog

from casekeep.http.logs import configure_logging


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What the process logs, as it would stand on stderr; logging is put back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    configure_logging(stream)
    yield stream
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)
