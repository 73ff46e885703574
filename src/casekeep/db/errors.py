"""Refusals of PostgreSQL that a room may answer to, by names of the house; the driver's own types
stay behind the door.
"""

import asyncpg

RowNotValid = (asyncpg.IntegrityConstraintViolationError, asyncpg.DataError)
"""Rows that the database will never take, however often they are tried."""


class DatabaseNotUsable(Exception):
    """The database cannot serve as Casekeep's; the text says why and what to do."""
