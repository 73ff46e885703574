"""`casekeep blobs`: where the bytes of files are kept."""

from typing import Annotated

import typer

from casekeep.audit.log import AuditLog
from casekeep.blobs.joined import JoinedStore
from casekeep.blobs.moving import Move, Moved, count_blobs
from casekeep.bootstrap.stores import check_store, open_move
from casekeep.cli.options import DataOption, JsonOption, with_records
from casekeep.cli.printing import print_json, shown_bytes, tell
from casekeep.cli.progress import shown_progress
from casekeep.db.alone import do_alone
from casekeep.db.database import Database
from casekeep.settings import load_settings

blobs = typer.Typer(help="Where the bytes of files are kept.")

_ALONE = "a move of blobs"


@blobs.command("move")
def move_blobs(
    to: Annotated[
        str, typer.Option("--to", help="Where to: disk, or a bucket, as CASEKEEP_BLOBS names it.")
    ],
    keep: Annotated[
        bool, typer.Option("--keep", help="Copy and compare, and leave the old place as it is.")
    ] = False,
    at_once: Annotated[
        int, typer.Option("--at-once", help="Blobs on their way at one moment.", min=1, max=64)
    ] = 8,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring the bytes of all files from CASEKEEP_BLOBS_FROM to CASEKEEP_BLOBS.

    Servers go on meanwhile, once they know both places. Each blob is read back and compared before
    the old place lets go of it. Stop it at any time, with Ctrl-C too: the next run does what is
    left, and when nothing is, CASEKEEP_BLOBS_FROM may be taken out of the settings.

    Example: `casekeep blobs move --to 's3://clinic-files/casekeep?region=eu-central-1'`
    """
    settings = load_settings({"data": data})
    stores = open_move(settings, to)

    async def act(db: Database, _: AuditLog) -> tuple[Moved, int]:
        await check_store(settings)
        return await do_alone(db, _ALONE, lambda: _moved(stores, keep, at_once, quiet=as_json))

    done, left = with_records(data, act)
    if as_json:
        print_json(_encoded(done, left))
    else:
        _report(done, left, keep=keep)
    if done.failed:
        raise typer.Exit(1)


async def _moved(
    stores: JoinedStore, keep: bool, at_once: int, *, quiet: bool
) -> tuple[Moved, int]:
    """What was moved, and how many blobs are left."""
    total = await count_blobs(stores.source)
    with shown_progress(quiet=quiet) as bar:
        bar.begin("Copying" if keep else "Moving", total, 0)

        def told(now: Moved) -> None:
            bar.reach(now.blobs + now.passed_over + now.failed, now.bytes)

        done = await Move(stores.source, stores.target, keep, at_once, on_progress=told).run()
    return done, await count_blobs(stores.source)


def _encoded(done: Moved, left: int) -> dict[str, object]:
    return {
        "blobs": done.blobs,
        "bytes": done.bytes,
        "passed_over": done.passed_over,
        "failed": done.failed,
        "left": left,
    }


def _report(done: Moved, left: int, *, keep: bool) -> None:
    verb = "Copied" if keep else "Moved"
    typer.echo(
        f"{verb} {done.blobs} blobs, {shown_bytes(done.bytes)}, each read back and compared."
    )
    if done.failed:
        tell(f"{done.failed} could not be: {done.reason}. Run this again; the log names them.")
    elif keep:
        tell(f"The old place still has {left}.")
    elif left:
        tell(
            f"The old place still has {left}, which arrived or were being written meanwhile: run "
            "this again until none is left."
        )
    else:
        tell(
            "Nothing is left in the old place: take CASEKEEP_BLOBS_FROM out of the settings and "
            "restart."
        )
