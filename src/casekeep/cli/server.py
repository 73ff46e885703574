"""`casekeep serve`, `casekeep worker` and `casekeep demo`: processes in the foreground."""

from typing import Annotated, Any

import typer

from casekeep.cli import notices
from casekeep.cli.options import DataOption
from casekeep.settings import load_settings

HostOption = Annotated[
    str | None, typer.Option(help="Address to listen on (127.0.0.1). [env: CASEKEEP_HOST]")
]
PortOption = Annotated[
    int | None,
    typer.Option(help="Port to listen on (8000); 0 takes a free one. [env: CASEKEEP_PORT]"),
]
WorkersOption = Annotated[
    int | None, typer.Option(help="Server processes (2). [env: CASEKEEP_WORKERS]")
]


def serve(
    data: DataOption = None,
    host: HostOption = None,
    port: PortOption = None,
    workers: WorkersOption = None,
) -> None:
    """Serve the clinic's files until Ctrl-C or SIGTERM.

    Starts its own PostgreSQL in the data folder, or uses CASEKEEP_DATABASE_URL. Prints one line on
    stdout when it is ready; the log goes to stderr. `casekeep config show` lists every setting.

    Example: `casekeep serve --data /srv/casekeep --port 8000`
    """
    from casekeep.cli import serving  # noqa: PLC0415 - heavy, and needed here only

    given = {"data": data, "host": host, "port": port, "workers": workers}
    settings = load_settings({**given, "demo": False})  # its pages show codes: `casekeep demo` only
    notices.tell_unknown_variables()
    notices.tell_demo_passwords(settings)
    notices.tell_undelivered(settings)
    with notices.around(settings):
        status = serving.serve(settings, on_ready=_announce)
    raise typer.Exit(status)


def _announce(url: str) -> None:
    typer.echo(f"Casekeep is ready on {url}")


def worker(data: DataOption = None) -> None:
    """Do jobs, such as telling webhooks, and serve nobody, until Ctrl-C or SIGTERM.

    The server does jobs itself unless CASEKEEP_JOBS is false: start workers where jobs deserve
    machines or processes of their own, as many as you like. One that is killed loses nothing.

    Example: `casekeep worker --data /srv/casekeep`
    """
    from casekeep.cli import working  # noqa: PLC0415 - heavy, and needed here only

    settings = load_settings({"data": data})
    notices.tell_unknown_variables()
    with notices.around(settings):
        working.work(settings, on_ready=lambda: typer.echo("Casekeep's worker is ready"))


def demo(
    data: DataOption = None,
    host: HostOption = None,
    port: PortOption = None,
    workers: WorkersOption = None,
) -> None:
    """Serve a synthetic clinic to look around in.

    The first start makes two organisations with clinicians, patients, cases and some eighty real
    files; later starts find them again. Prints who can sign in and how. Never use it for real
    patients: its passwords are public.

    Example: `casekeep demo --port 8000`
    """
    from casekeep.cli.demo import running  # noqa: PLC0415 - heavy, and needed here only

    given: dict[str, Any] = {"data": data, "host": host, "port": port, "workers": workers}
    settings = load_settings({**given, "demo": True})
    notices.tell_unknown_variables()
    with notices.around(settings):
        status = running.serve_demo(settings)
    raise typer.Exit(status)
