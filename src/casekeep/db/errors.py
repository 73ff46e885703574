"""Refusals of PostgreSQL that a room may answer to, by names of the house; the driver's own types
stay behind the door.
"""

import asyncpg

RowNotValid = (asyncpg.IntegrityConstraintViolationError, asyncpg.DataError)
"""Rows that the database will never take, however often they are tried."""

RowTaken = asyncpg.UniqueViolationError
"""A value that one row alone may have, and that another one has."""


class DatabaseNotUsable(Exception):
    """The database cannot serve as Casekeep's; the text says why and what to do."""
