"""Legal holds from a shell on the server: what may not be deleted, by anybody or any schedule."""

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from casekeep.audit.log import AuditLog
from casekeep.cli.options import DataOption, JsonOption, OrgOption, within
from casekeep.cli.printing import print_json, print_table, shown_time
from casekeep.db.database import Database
from casekeep.identity.model import Operator
from casekeep.kernel.errors import (
    CaseNotVisible,
    FileNotVisible,
    HoldNotKnown,
    InputNotValid,
)
from casekeep.kernel.ids import CaseId, CaseNumber, CaseRef, FileId, HoldId, OrganizationId

if TYPE_CHECKING:
    from casekeep.cases.holding import HoldPage
    from casekeep.cases.model import Hold

holds = typer.Typer(help="Legal holds, which keep things from being deleted.")

CaseOption = Annotated[str | None, typer.Option("--case", help="A case: its number, or its UUID.")]
FileOption = Annotated[UUID | None, typer.Option("--file", help="A file's id.")]
_AT_ONCE = 200


@holds.command("place")
def place(
    org: OrgOption,
    reason: Annotated[
        str, typer.Option(help="Why; clinicians who would delete it are told. No patient's name.")
    ],
    case: CaseOption = None,
    file: FileOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Keep a case with all its files, or one file, from being deleted until the hold is lifted. It
    may be in the trash already.

    Example: `casekeep hold place --org ID --case 10001 --reason "litigation 2026/17"`
    """
    from casekeep.cases import holding  # noqa: PLC0415 - heavy, and needed here only

    if (case is None) == (file is None):
        raise InputNotValid("give either --case or --file")

    async def act(db: Database, audit: AuditLog, org: OrganizationId) -> "Hold":
        actor = Operator(org)
        try:
            if file is not None:
                return await holding.hold_file(db, audit, actor, FileId(file), reason)
            return await holding.hold_case(db, audit, actor, read_case(str(case)), reason)
        except (CaseNotVisible, FileNotVisible):
            raise InputNotValid("there is none of this id, or it is purged") from None

    hold = within(data, org, act)
    if as_json:
        print_json({"hold_id": hold.id})
        return
    typer.echo(f"Placed  {hold.id}   (casekeep hold lift ends it)")


@holds.command("lift")
def lift(
    org: OrgOption,
    hold_id: Annotated[UUID, typer.Argument(help="The hold's id, from `casekeep hold list`.")],
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """End a hold. Safe to repeat. What another hold is on stays held.

    Example: `casekeep hold lift --org ID HOLD_ID`
    """
    from casekeep.cases import holding  # noqa: PLC0415 - heavy, and needed here only

    async def act(db: Database, audit: AuditLog, org: OrganizationId) -> "Hold":
        try:
            return await holding.lift_hold(db, audit, Operator(org), HoldId(hold_id))
        except HoldNotKnown:
            raise InputNotValid("no hold has this id; 'casekeep hold list' shows them") from None

    hold = within(data, org, act)
    if as_json:
        print_json({"hold_id": hold.id, "lifted_at": hold.lifted_at})
        return
    typer.echo(f"Lifted at {shown_time(hold.lifted_at)}.")


@holds.command("list")
def list_all(
    org: OrgOption,
    lifted: Annotated[bool, typer.Option("--lifted", help="Also those that were lifted.")] = False,
    after: Annotated[str | None, typer.Option(help="Go on behind this cursor.")] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what may not be deleted and why, the newest hold first.

    Example: `casekeep hold list --org ID`
    """
    from casekeep.cases import holding  # noqa: PLC0415 - heavy, and needed here only

    async def act(db: Database, audit: AuditLog, org: OrganizationId) -> "HoldPage":
        return await holding.list_holds(
            db, audit, Operator(org), lifted=lifted, most=_AT_ONCE, after=after
        )

    page = within(data, org, act)
    if as_json:
        print_json({"holds": page.holds, "after": page.next_after})
        return
    titles = ("id", "what", "placed", "by", "lifted", "reason")
    rows = [
        (
            str(each.id),
            f"case {each.case_id}" if each.file_id is None else f"file {each.file_id}",
            shown_time(each.placed_at),
            each.placed_by_name or str(each.placed_by or "operator"),
            shown_time(each.lifted_at),
            each.reason,
        )
        for each in page.holds
    ]
    print_table(titles, rows)
    if page.next_after is not None:
        typer.echo(f"There are more: --after {page.next_after}", err=True)


def read_case(text: str) -> CaseRef:
    """Either kind of case id. Raises InputNotValid."""
    try:
        return CaseNumber(int(text)) if text.isdigit() else CaseId(UUID(text))
    except ValueError:
        raise InputNotValid("--case takes a case's number or its UUID") from None
