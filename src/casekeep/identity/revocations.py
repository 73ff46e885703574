"""Listens for the ids of ended sign-ins and revoked keys, from every process of the house. While
it cannot hear it says so, and nobody may rely on what they remember.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol
from uuid import UUID

import structlog

from casekeep.db.database import Database
from casekeep.identity.queries_sign_ins import REVOKED

_BEAT = 5.0
"""Seconds between checks that the connection lives: a cut cable says nothing by itself."""
_LATE = 5.0
_RETRY = (0.05, 0.2, 1.0, 2.0)

_log = structlog.get_logger()


class Listener(Protocol):
    """Who is told."""

    def revoked(self, revoked: UUID) -> None:
        """This id is worth nothing now."""
        ...

    def hearing(self) -> None:
        """From now on every revocation is told."""
        ...

    def deaf(self) -> None:
        """Revocations may pass unheard."""
        ...


class Revocations:
    """A connection of its own that listens, and comes back when it is lost."""

    def __init__(self, db: Database, listener: Listener, *, beat: float = _BEAT) -> None:
        """`beat`: seconds between the questions whether the connection lives."""
        self._beat = beat
        self._db = db
        self._listener = listener
        self._first = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to listen; returns when it does, or when the first try has failed."""
        self._task = asyncio.create_task(self._listen_forever(), name="revocations")
        await self._first.wait()

    async def close(self) -> None:
        """Stop listening."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _listen_forever(self) -> None:
        failures = 0
        while True:
            try:
                await self._listen()
                failures = 0
            except Exception as error:  # noqa: BLE001 - whatever it was: say so, and listen again
                _log.warning("revocations.not_heard", cause=type(error).__name__)
            self._first.set()
            await asyncio.sleep(_RETRY[min(failures, len(_RETRY) - 1)])
            failures += 1

    async def _listen(self) -> None:
        """Listen until the connection is lost."""
        lost = asyncio.Event()
        connection = await self._db.listening_connection()
        try:
            connection.add_termination_listener(self._on_lost(lost))
            await connection.add_listener(REVOKED, self._hear)
            self._listener.hearing()
            self._first.set()
            while not lost.is_set():
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._beat):
                        await lost.wait()
                if not lost.is_set():
                    await connection.execute("select 1", timeout=_LATE)
            _log.warning("revocations.not_heard", cause="ConnectionLost")
        finally:
            self._listener.deaf()
            connection.terminate()

    def _on_lost(self, lost: asyncio.Event) -> Callable[[object], None]:
        def on_lost(_: object) -> None:
            self._listener.deaf()
            lost.set()

        return on_lost

    def _hear(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        try:
            revoked = UUID(str(payload))
        except ValueError:
            _log.warning("revocations.not_understood")
            return
        self._listener.revoked(revoked)
