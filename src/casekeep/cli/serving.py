"""Runs the server: the database's supervisor and a pool of server processes, until SIGTERM."""

import ctypes
import signal
import socket
import sys
import threading
from collections.abc import Callable

import uvicorn
from uvicorn.supervisors import Multiprocess

from casekeep.bootstrap import application, open_channels, running_database
from casekeep.db.addresses import Addresses
from casekeep.http.logs import configure_logging
from casekeep.http.root import Root
from casekeep.settings import Settings, export_settings

_START_SECONDS = 120.0
_PR_SET_PDEATHSIG = 1


class PortNotFree(Exception):
    """The address to listen on cannot be taken; the text says which and what to do."""


def serve(
    settings: Settings,
    *,
    prepare: Callable[[Addresses], None] | None = None,
    on_ready: Callable[[str], None],
) -> int:
    """Serve until SIGTERM or SIGINT, finishing the running requests; the exit status.

    `prepare` runs once the database is up and migrated; `on_ready` gets the server's URL when every
    process answers. Raises PortNotFree, and what `running_database` raises.
    """
    configure_logging()
    open_channels(settings)
    with (
        _listener(settings.host, settings.port) as listener,
        running_database(settings, keep=True) as database,
    ):
        if prepare is not None:
            prepare(database.addresses)
        return _run(settings, listener, on_ready)


def _run(settings: Settings, listener: socket.socket, on_ready: Callable[[str], None]) -> int:
    export_settings(settings)
    supervisor = Multiprocess(_config(settings), [listener])
    host, port = listener.getsockname()[:2]
    url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    threading.Thread(target=_announce, args=(supervisor, url, on_ready), daemon=True).start()
    supervisor.run()
    return 0 if all(not p.exitcode or p.exitcode < 0 for p in supervisor.processes) else 1


def _announce(supervisor: Multiprocess, url: str, on_ready: Callable[[str], None]) -> None:
    while len(supervisor.processes) < supervisor.processes_num:
        if supervisor.should_exit.wait(0.02):
            return
    if all(
        process.wait_until_ready(_START_SECONDS, supervisor.should_exit)
        for process in supervisor.processes
    ):
        on_ready(url)


def _config(settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        "casekeep.cli.serving:server_process",
        factory=True,
        workers=settings.workers,
        loop="uvloop",
        http="httptools",
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


def server_process() -> Root:
    """The application of one server process, which ends with the process that started it."""
    configure_logging()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    return application()


def _listener(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise PortNotFree(
            f"cannot listen on {host} port {port}: {error.strerror}. "
            "Choose another with --port, or stop what uses it."
        ) from None
    listener.set_inheritable(True)
    return listener
