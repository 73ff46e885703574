"""Works through the queue until it is closed, and comes back when the database does. A job that
fails is tried again a few times and then held; of a job that fails only its id and kind are told.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog
from pgqueuer.core.qm import QueueManager
from pgqueuer.db import AsyncpgDriver
from pgqueuer.domain.errors import RetryRequested
from pgqueuer.models import Job

from casekeep.db.database import Database
from casekeep.jobs.queries import forget_finished
from casekeep.jobs.queue import JobName, ids_in
from casekeep.jobs.schema import CHANNEL, queries_over

if TYPE_CHECKING:
    from casekeep.db.database import Connection

Work = Callable[..., Awaitable[None]]
"""Does one kind of job: takes the organisation's id, and the ids that the job was given."""

_RECONNECT = (0.05, 0.2, 1.0, 2.0, 5.0)
_ANSWER_WITHIN = 5.0
_FORGET_EVERY = 3600.0
_KEPT = timedelta(days=7)
"""How long it is known what became of a job."""
_FORGOTTEN_AT_ONCE = 10_000

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Pacing:
    """How a runner goes about it.

    `at_once`: jobs of each kind at a time (even). `presumed_dead`: a job whose runner has not been
    heard of for so long is anybody's. `look_every`: the longest time until such a job is found.
    `tries`: after so many failures a job is held; the first retry comes after `first_retry`, each
    other after twice the time, up to `longest_retry`. `ending`: seconds that running jobs get when
    the runner is closed.
    """

    at_once: int = 4
    presumed_dead: timedelta = timedelta(seconds=30)
    look_every: timedelta = timedelta(seconds=10)
    tries: int = 8
    first_retry: timedelta = timedelta(seconds=5)
    longest_retry: timedelta = timedelta(minutes=10)
    ending: float = 10.0

    def until_retry(self, failures: int) -> timedelta:
        """How long to wait after so many failures: between half and all of the full time."""
        full = min(self.first_retry * 2 ** (failures - 1), self.longest_retry)
        return full * random.uniform(0.5, 1)


class JobHeld(Exception):
    """A job failed too often. It carries no cause: what pgqueuer writes down of it is of code."""


class Runner:
    """Does jobs, on a connection of its own for the queue. Each kind has its own share of the
    work, so that slow ones of one kind hold up no other.
    """

    def __init__(
        self,
        db: Database,
        work: Mapping[JobName, Work],
        pacing: Pacing | None = None,
        *,
        give_up: Mapping[JobName, Work] | None = None,
    ) -> None:
        """`work`: the kinds that it does, and by what; it leaves others alone. `give_up`: what is
        done, once, for a job that is held, so that nobody waits for it for ever.
        """
        self._db = db
        self._work = work
        self._give_up = give_up or {}
        self._pacing = pacing or Pacing()
        self._ending = asyncio.Event()
        self._running: set[asyncio.Future[None]] = set()
        self._working: asyncio.Task[None] | None = None
        self._forgetting: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, at once or when the database is there."""
        self._working = asyncio.create_task(self._work_forever(), name="jobs")
        self._forgetting = asyncio.create_task(self._forget_forever(), name="forgetting jobs")

    async def close(self) -> None:
        """Take no more jobs. What runs gets some seconds; what is cut off then is another's. It
        takes seconds too when the database is silent.
        """
        self._ending.set()
        if self._forgetting is not None:
            self._forgetting.cancel()
        if self._working is not None:
            await self._working

    async def _work_forever(self) -> None:
        failures = 0
        while not self._ending.is_set():
            try:
                await self._work_connected()
                failures = 0
            except Exception as error:  # noqa: BLE001 - an outage must not end it
                _log.warning("jobs.interrupted", cause=type(error).__name__)
            await self._rest(_RECONNECT[min(failures, len(_RECONNECT) - 1)])
            failures += 1

    async def _forget_forever(self) -> None:
        while not self._ending.is_set():
            try:
                count = await forget_finished(self._db, _KEPT, _FORGOTTEN_AT_ONCE)
            except Exception as error:  # noqa: BLE001 - there is time until the next
                _log.warning("jobs.not_forgotten", cause=type(error).__name__)
                count = 0
            await self._rest(0.0 if count == _FORGOTTEN_AT_ONCE else _FORGET_EVERY)

    async def _rest(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._ending.wait()

    async def _work_connected(self) -> None:
        """Work until the end, or until the connection is lost."""
        connection = await self._db.listening_connection()
        try:
            managers = self._managers(connection)
            runs = [asyncio.create_task(self._run(manager)) for manager in managers]
            ending = asyncio.create_task(self._ending.wait())
            try:
                await asyncio.wait({*runs, ending}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                ending.cancel()
                await self._wind_up(managers, runs, connection)
            for run in runs:
                run.result()
        finally:
            connection.terminate()

    def _managers(self, connection: "Connection") -> list[QueueManager]:
        """A manager for each kind of job, over one connection; it tells all that it is lost."""
        driver = AsyncpgDriver(connection)
        managers: list[QueueManager] = []
        for name, work in self._work.items():
            manager = QueueManager(queries_over(driver), channel=CHANNEL)
            manager.entrypoint(str(name), on_failure="hold", accepts_context=False)(
                self._doing(name, work)
            )
            connection.add_termination_listener(lambda _, manager=manager: manager.shutdown.set())
            managers.append(manager)
        return managers

    async def _run(self, manager: QueueManager) -> None:
        await manager.run(
            dequeue_timeout=self._pacing.look_every,
            batch_size=self._pacing.at_once // 2,  # what pgqueuer takes at once, at most
            max_concurrent_tasks=self._pacing.at_once,
            shutdown_on_listener_failure=True,
            heartbeat_timeout=self._pacing.presumed_dead,
            log_aggregation_interval=timedelta(0),  # nobody reads the statistics
        )

    async def _wind_up(
        self,
        managers: list[QueueManager],
        runs: list[asyncio.Task[None]],
        connection: "Connection",
    ) -> None:
        """Never cancels a run: pgqueuer would take its jobs for cancelled, and delete them. A run
        that waits for a silent database ends with its connection.
        """
        for manager in managers:
            manager.shutdown.set()
        if not runs:
            return
        if self._running:
            await asyncio.wait(self._running, timeout=self._pacing.ending)
        self._cut_off_jobs()
        _, late = await asyncio.wait(runs, timeout=_ANSWER_WITHIN)
        if late:
            self._cut_off_jobs()
            connection.terminate()
            await asyncio.wait(late)

    def _cut_off_jobs(self) -> None:
        for job in self._running:
            job.cancel()

    def _doing(self, name: JobName, work: Work) -> Callable[[Job], Awaitable[None]]:
        """What pgqueuer calls with a job of this kind. It lets no cause of a failure through, since
        pgqueuer would write its text down.
        """

        async def do(job: Job) -> None:
            running = asyncio.ensure_future(self._do(job, work))
            self._running.add(running)
            try:
                await asyncio.wait({running})
            except asyncio.CancelledError:  # pgqueuer would delete a cancelled job
                running.cancel()
                raise RetryRequested from None
            finally:
                self._running.discard(running)
            if running.cancelled():
                raise RetryRequested
            if (error := running.exception()) is not None:
                raise await self._again_or_held(name, job, error) from None

        return do

    async def _do(self, job: Job, work: Work) -> None:
        organization_id, ids = ids_in(job.payload)
        await work(organization_id, *ids)

    async def _again_or_held(self, name: JobName, job: Job, error: BaseException) -> Exception:
        failures = job.attempts + 1
        if failures >= self._pacing.tries:
            _log.error("job.held", kind=str(name), job=job.id, tries=failures, exc_info=error)
            await self._given_up(name, job)
            return JobHeld()
        _log.warning("job.failed", kind=str(name), job=job.id, tries=failures, exc_info=error)
        return RetryRequested(self._pacing.until_retry(failures))

    async def _given_up(self, name: JobName, job: Job) -> None:
        if (give_up := self._give_up.get(name)) is None:
            return
        try:
            await self._do(job, give_up)
        except Exception as error:  # noqa: BLE001 - the job is held all the same
            _log.error("job.not_given_up", kind=str(name), job=job.id, cause=type(error).__name__)
