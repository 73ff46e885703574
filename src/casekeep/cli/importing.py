"""`casekeep import`: files of a folder or of a ZIP into a case, told one by one."""

from collections import Counter
from collections.abc import Generator
from contextlib import aclosing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from casekeep.blobs.store import StoreUnavailable
from casekeep.cli.cases import read_case_ref, unknown_case
from casekeep.cli.options import DataOption, JsonOption, OrgOption
from casekeep.cli.printing import print_json, tell_refusal
from casekeep.cli.progress import Bar, shown_progress
from casekeep.db.errors import DatabaseNotUsable
from casekeep.files.model import Category
from casekeep.kernel.errors import CaseNotVisible, DomainError
from casekeep.kernel.ids import CaseRef, OrganizationId
from casekeep.settings import SettingsNotValid

if TYPE_CHECKING:
    from casekeep.files.importing.bringing import Wishes
    from casekeep.files.importing.model import Source, Told
    from casekeep.http.house import House
    from casekeep.identity.model import Actor

_SOME_REFUSED, _COULD_NOT_RUN = 1, 2
_FATES = {"kept": "Kept", "skipped": "Skipped", "refused": "Refused", "left_out": "Left out"}


def import_(
    source: Annotated[
        Path, typer.Argument(help="A folder or a ZIP, such as one that `casekeep export` made.")
    ],
    org: OrgOption,
    case: Annotated[str, typer.Option(help="The case's number or id, from `casekeep case list`.")],
    clinician: Annotated[
        str | None,
        typer.Option("--as", help="The email address of the clinician who adds them."),
    ] = None,
    category: Annotated[Category | None, typer.Option(help="What to file them as (lab).")] = None,
    phi: Annotated[
        bool | None,
        typer.Option("--phi/--no-phi", help="Whether it is protected health information (it is)."),
    ] = None,
    restricted: Annotated[
        bool | None,
        typer.Option(
            "--restricted/--not-restricted",
            help="Whether the organisation may hide them from patients (it may not).",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read everything, keep nothing, say what would be.")
    ] = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring the files of a folder or a ZIP into a case.

    A file whose content the case has already is skipped, so after an interruption simply run it
    again. Hidden files, those of the system and symbolic links are left out. Of a ZIP that
    `casekeep export` made, names, categories and marks come back, and what was altered is refused.
    A file may be as large as a resumable upload (CASEKEEP_UPLOAD_LIMIT_MIB).

    Exits with 0 if all was kept or was there already, 1 if something was refused, 2 if it could not
    run.

    Example: `casekeep import scans/ --org ID --case 10021 --category radiology`
    """
    from casekeep.cli.housing import in_house  # noqa: PLC0415 - heavy
    from casekeep.files.importing.bringing import Wishes  # noqa: PLC0415 - heavy

    wishes = Wishes(category, phi, restricted)

    async def act(house: "House", organization_id: OrganizationId) -> "list[Told]":
        actor = await _actor(house, organization_id, clinician)
        return await _bring(house, actor, ref, source, wishes, rehearses=dry_run, quiet=as_json)

    with _could_not_run():
        ref = read_case_ref(case)
        told = in_house(data, org, act)
    _show(told, rehearsed=dry_run, as_json=as_json)


async def _actor(house: "House", organization_id: OrganizationId, email: str | None) -> "Actor":
    from casekeep.identity.acting import act_for_clinician  # noqa: PLC0415 - heavy
    from casekeep.identity.model import Operator  # noqa: PLC0415 - heavy

    if email is None:
        return Operator(organization_id)
    return await act_for_clinician(house.db, house.audit, organization_id, email)


async def _bring(
    house: "House",
    actor: "Actor",
    ref: CaseRef,
    path: Path,
    wishes: "Wishes",
    *,
    rehearses: bool,
    quiet: bool,
) -> "list[Told]":
    from casekeep.files.importing.bringing import Dock, import_files  # noqa: PLC0415 - heavy
    from casekeep.files.importing.sources import open_source  # noqa: PLC0415 - heavy

    dock = Dock(house.db, house.audit, house.uploads.receiving)
    done: list[Told] = []
    async with open_source(path) as source:
        with shown_progress(quiet=quiet) as bar:
            watch = _Watch(bar, source)
            bar.begin("Reading" if rehearses else "Importing", watch.count, _size(source))
            telling = import_files(
                dock, actor, ref, source, wishes, rehearses=rehearses, moved=watch.moved
            )
            async with aclosing(telling) as stream:
                async for told in stream:
                    watch.pass_on()
                    done.append(told)
    return done


def _size(source: "Source") -> int:
    return sum(found.size for found in source.files)


class _Watch:
    """Moves the bar by what was read; a file that is read twice moves it once."""

    def __init__(self, bar: Bar, source: "Source") -> None:
        self._bar = bar
        self._sizes = [0] * len(source.told) + [found.size for found in source.files]
        self._at = self._before = self._read = 0

    @property
    def count(self) -> int:
        """How many files there are, with those that are told of at once."""
        return len(self._sizes)

    def moved(self, count: int) -> None:
        """`count` more bytes of the file at hand were read."""
        self._read += count
        self._show(self._before + min(self._read, self._sizes[self._at]))

    def pass_on(self) -> None:
        """The file at hand is done with."""
        self._before += self._sizes[self._at]
        self._at, self._read = self._at + 1, 0
        self._show(self._before)

    def _show(self, done: int) -> None:
        self._bar.reach(self._at, done)


@contextmanager
def _could_not_run() -> Generator[None, None, None]:
    """Whatever ends an import before its end has a status of its own."""
    try:
        yield
    except CaseNotVisible:
        tell_refusal(str(unknown_case()))
    except StoreUnavailable:
        tell_refusal(
            "the store takes no bytes now; what was kept stays kept, so run it again later"
        )
    except (DomainError, SettingsNotValid, DatabaseNotUsable) as refusal:
        tell_refusal(str(refusal))
    else:
        return
    raise typer.Exit(_COULD_NOT_RUN)


def _show(told: "list[Told]", *, rehearsed: bool, as_json: bool) -> None:
    """Say what became of all, and end with the status for it."""
    counts = Counter(each.fate.value for each in told)
    if as_json:
        by_fate = {fate: [_encoded(each) for each in told if each.fate == fate] for fate in _FATES}
        print_json({"dry_run": rehearsed, **by_fate})
    else:
        for each in told:
            if each.reason is not None:
                typer.echo(f"{_FATES[each.fate]}: {each.path}: {each.reason}")
        typer.echo(f"{'Nothing was kept; it would be: ' if rehearsed else ''}{_summary(counts)}")
    if counts["refused"]:
        raise typer.Exit(_SOME_REFUSED)


def _summary(counts: Counter[str]) -> str:
    return ", ".join(f"{counts[fate]} {word.lower()}" for fate, word in _FATES.items())


def _encoded(told: "Told") -> dict[str, object]:
    facts = {"path": told.path, "file_id": told.file_id, "reason": told.reason}
    return {name: each for name, each in facts.items() if each is not None}
