"""What both edges ask of a connection before they look at what it wants: the parts behind it, and
what its head says. It decides nothing; the words for a refusal are the edges' own.
"""

from typing import Any, cast

from litestar.connection import ASGIConnection
from litestar.datastructures import State

from .house import House

Connection = ASGIConnection[Any, Any, Any, State]


def house_of(connection: Connection) -> House:
    """The assembled parts behind this application."""
    return cast("House", connection.app.state.house)


def bearer(connection: Connection) -> str | None:
    """The token of `Authorization: Bearer …` (RFC 6750, section 2.1), if there is one such field:
    of two, two readers could read two tokens.
    """
    values = field_values(connection, b"authorization")
    if len(values) != 1:
        return None
    scheme, _, token = values[0].partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def field_values(connection: Connection, name: bytes) -> list[str]:
    """Every value of a header field, in order. `name`: in lower case."""
    headers = connection.scope["headers"]
    return [value.decode("latin-1").strip() for key, value in headers if key == name]
