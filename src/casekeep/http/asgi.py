"""The shapes of ASGI 3.0 (asgi.readthedocs.io). Its messages are dictionaries whose keys depend on
their `type`; every framework gives them types of its own, so they are left open here.
"""

from collections.abc import Awaitable, Callable
from typing import Any

Scope = Any
Message = Any
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
ASGIApp = Callable[[Any, Any, Any], Awaitable[None]]
