"""The id of the request in hand, for log lines and audit events. It is made by the house, never
taken from a client, and says nothing about who asks or for what.
"""

from contextvars import ContextVar

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""The current request's id; None outside of a request."""
