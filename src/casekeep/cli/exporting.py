"""`casekeep export`: a case as a ZIP, into a file that has its name only once it is whole, or to
stdout.
"""

import os
import sys
from collections.abc import AsyncGenerator, Generator
from contextlib import aclosing, contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from casekeep.cli.cases import read_case_ref, unknown_case
from casekeep.cli.options import DataOption, JsonOption, OrgOption
from casekeep.cli.printing import print_json, shown_bytes, tell_refusal
from casekeep.cli.progress import Bar, shown_progress
from casekeep.kernel.durability import sync_folder
from casekeep.kernel.errors import CaseNotVisible, InputNotValid

_STDOUT = "-"
_OWNERS_ALONE = 0o600


def export(
    org: OrgOption,
    case: Annotated[str, typer.Option(help="The case's number or id, from `casekeep case list`.")],
    to: Annotated[
        str, typer.Option(help="The ZIP to write, which must not be there yet; - for stdout.")
    ],
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a case with its files into a ZIP.

    It holds the originals in files/, manifest.json with the digest of each, case.json with the case
    itself, and SHA256SUMS, which `sha256sum -c` checks. `casekeep import` reads it. If a file's
    bytes are missing or altered, the export ends with status 1 and leaves no ZIP.

    Example: `casekeep export --org ID --case 10021 --to case.zip`
    """
    from casekeep.cli.housing import in_house  # noqa: PLC0415 - heavy
    from casekeep.clinician_api.exports import case_document  # noqa: PLC0415 - heavy
    from casekeep.files.exporting import Export, ExportBroken, export_case  # noqa: PLC0415 - heavy
    from casekeep.http.house import House  # noqa: PLC0415 - heavy
    from casekeep.identity.model import Operator  # noqa: PLC0415 - heavy
    from casekeep.kernel.ids import OrganizationId  # noqa: PLC0415 - heavy

    ref = read_case_ref(case)
    target = _target(to)

    async def act(house: House, organization_id: OrganizationId) -> Export:
        actor = Operator(organization_id)
        try:
            made = await export_case(
                house.db, house.audit, house.blobs, actor, ref, describe=case_document
            )
        except CaseNotVisible:
            raise unknown_case() from None
        with shown_progress(quiet=as_json) as bar:
            bar.begin("Exporting", 0, made.size)
            await _write(made.read(), target, bar)
        return made

    try:
        made = in_house(data, org, act)
    except ExportBroken as broken:
        tell_refusal(f"{broken}; nothing that looks whole was left")
        raise typer.Exit(1) from None
    except OSError as error:
        raise InputNotValid(f"the ZIP cannot be written: {error.strerror}") from None
    if target is None:
        return
    if as_json:
        print_json({"case_id": made.case.id, "files": made.files, "bytes": made.size})
    else:
        typer.echo(
            f"Exported {made.case.number}: {made.files} files, {shown_bytes(made.size)}, {to}"
        )


def _target(to: str) -> Path | None:
    """Where to write; None for stdout. Raises InputNotValid before anything is done."""
    if to == _STDOUT:
        if sys.stdout.isatty():
            raise InputNotValid("a ZIP is nothing for a terminal; send stdout into a file")
        return None
    path = Path(to).absolute()
    if path.exists():
        raise InputNotValid("there is a file of this name already; remove it, or choose another")
    if not path.parent.is_dir():
        raise InputNotValid("there is no folder to write this file into")
    return path


async def _write(pieces: AsyncGenerator[bytes, None], target: Path | None, bar: Bar) -> None:
    if target is None:
        await _pour(pieces, sys.stdout.buffer, bar)
        return
    with _whole_or_nothing(target) as file:
        await _pour(pieces, file, bar)


@contextmanager
def _whole_or_nothing(target: Path) -> Generator[BinaryIO, None, None]:
    """A file that only its owner may read, named `target` once it is whole and on disk."""
    part = target.with_name(f"{target.name}.part")
    part.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(part, flags, _OWNERS_ALONE), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.rename(target)
        sync_folder(target.parent)
    finally:
        part.unlink(missing_ok=True)


async def _pour(pieces: AsyncGenerator[bytes, None], file: BinaryIO, bar: Bar) -> None:
    async with aclosing(pieces) as stream:
        async for piece in stream:
            file.write(piece)
            bar.advance(0, len(piece))
    file.flush()
