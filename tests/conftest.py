"""Fixtures every test may use: a real PostgreSQL, reached as the application role."""

from tests.support.database import *  # noqa: F403
