"""A queue of its own for the tests that run it: a database for each of them."""

from tests.jobs.conftest import migrated, own_db, own_server

__all__ = ["migrated", "own_db", "own_server"]
