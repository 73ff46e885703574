"""Runs the server: the database's supervisor and a pool of server processes, until SIGTERM."""

import asyncio
import socket
import time
from collections.abc import Callable

import structlog
import uvicorn
from uvicorn.supervisors import Multiprocess

from casekeep.bootstrap.channels import open_channels
from casekeep.bootstrap.database import running_database
from casekeep.bootstrap.sealing import check_deployment_keys
from casekeep.bootstrap.stores import check_contents, check_store
from casekeep.cli.listening import listen
from casekeep.db.addresses import Addresses
from casekeep.http.logs import configure_logging
from casekeep.http.protocol import BoundedProtocol
from casekeep.settings import Settings, export_settings

_ENDING_SECONDS = 25
"""For what a server process does after its last request: each part of it takes seconds at most."""

_log = structlog.get_logger()


def serve(
    settings: Settings,
    *,
    prepare: Callable[[Addresses], None] | None = None,
    on_ready: Callable[[str], None],
) -> int:
    """Serve until SIGTERM or SIGINT, finishing the running requests; the exit status.

    `prepare` runs once the database is up and migrated; `on_ready` gets the server's URL when every
    process answers. Raises PortNotFree, SettingsNotValid without the deployment's key, and what
    `check_store`, `check_contents` and `running_database` raise.
    """
    configure_logging()
    open_channels(settings)
    asyncio.run(check_store(settings))
    with (
        listen(settings.host, settings.port) as listener,
        running_database(settings, keep=True) as database,
    ):
        asyncio.run(check_deployment_keys(settings, database.addresses))
        asyncio.run(check_contents(settings, database.addresses))
        if prepare is not None:
            prepare(database.addresses)
        return _run(settings, listener, on_ready)


class _Supervisor(Multiprocess):
    """Keeps the server processes alive, and tells once when all of them answer."""

    def __init__(
        self, config: uvicorn.Config, listener: socket.socket, on_ready: Callable[[], None]
    ) -> None:
        super().__init__(config, [listener])
        self._on_ready = on_ready
        self._is_told = False

    def keep_subprocess_alive(self) -> None:
        """Runs twice a second; asks for readiness here, because one thread alone may use the pipe
        to a server process.
        """
        super().keep_subprocess_alive()
        if not self._is_told and all(process.is_ready() for process in self.processes):
            self._is_told = True
            self._on_ready()

    def join_all(self) -> None:
        """Wait for the server processes to end; one that does not in good time is killed, which
        loses nothing that was acknowledged.
        """
        until = time.monotonic() + (self.config.timeout_graceful_shutdown or 0) + _ENDING_SECONDS
        for process in self.processes:
            process.process.join(max(0.0, until - time.monotonic()))
            if process.process.is_alive():
                _log.warning("server.killed", pid=process.pid)
                process.process.kill()
            process.join()


def _run(settings: Settings, listener: socket.socket, on_ready: Callable[[str], None]) -> int:
    export_settings(settings)
    host, port = listener.getsockname()[:2]
    url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    supervisor = _Supervisor(_config(settings), listener, lambda: on_ready(url))
    supervisor.run()
    return 0 if all(not p.exitcode or p.exitcode < 0 for p in supervisor.processes) else 1


def _config(settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        "casekeep.bootstrap.application:application",
        factory=True,
        workers=settings.workers,
        loop="uvloop",
        http=BoundedProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies or None,
        timeout_graceful_shutdown=settings.shutdown_seconds,
        timeout_worker_healthcheck=60,
    )
