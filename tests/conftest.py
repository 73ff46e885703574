"""Fixtures every test may use: a real PostgreSQL, reached as the application role."""

from tests.support.database import *  # noqa: F403 - fixtures are found by name
from tests.support.marking import *  # noqa: F403 - a hook is found by name
