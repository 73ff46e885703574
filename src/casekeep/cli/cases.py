"""Cases from a shell on the server: which there are, and which clinician has them. Nothing here
names a patient: a terminal is seen, and remembered, by others.
"""

import re
from typing import Annotated
from uuid import UUID

import typer

from casekeep.audit.log import AuditLog
from casekeep.cases.assignment import CaseLine, CaseLines
from casekeep.cases.model import Case
from casekeep.cli.options import DataOption, JsonOption, OrgOption, within
from casekeep.cli.printing import print_json, print_table, shown_time
from casekeep.db.database import Database
from casekeep.identity.accounts import find_user_by_email
from casekeep.identity.model import Operator
from casekeep.kernel.errors import CaseNotVisible, InputNotValid
from casekeep.kernel.ids import CaseId, CaseNumber, CaseRef, OrganizationId

cases = typer.Typer(help="Cases, and which clinician has them.")

_NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)


@cases.command("list")
def list_all(
    org: OrgOption,
    unassigned: Annotated[
        bool, typer.Option("--unassigned", help="Only those that no clinician has.")
    ] = False,
    after: Annotated[
        UUID | None, typer.Option(help="Go on behind this case, for the next page.")
    ] = None,
    most: Annotated[int, typer.Option(help="How many to show.", min=1, max=1000)] = 50,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the cases of an organisation and whose they are, the newest first. No patient is named.

    A case that a partner's software opens has no clinician until `casekeep case assign` says whose
    it is.

    Example: `casekeep case list --org ID --unassigned`
    """
    from casekeep.cases.assigning import list_for_assigning  # noqa: PLC0415 - heavy

    async def act(db: Database, audit: AuditLog, org: OrganizationId) -> CaseLines:
        past = None if after is None else CaseId(after)
        return await list_for_assigning(
            db, audit, Operator(org), unassigned=unassigned, after=past, most=most
        )

    page = within(data, org, act)
    if as_json:
        print_json({"cases": [_encoded(each) for each in page.cases], "after": page.after})
        return
    print_table(("number", "id", "stage", "opened", "clinician"), [_row(c) for c in page.cases])
    if page.after:
        typer.echo(f"There are more: --after {page.after}")


@cases.command("assign")
def assign(
    org: OrgOption,
    case: Annotated[
        str, typer.Argument(help="The case's number or id, from `casekeep case list`.")
    ],
    to: Annotated[str, typer.Option(help="The clinician's email address.")],
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give a case to a clinician: they see it and its files, and whoever had it before does not.

    A case whose stage is OPEN becomes ASSIGNED, which webhooks are told. Safe to repeat.

    Example: `casekeep case assign --org ID 10021 --to hazel@example.org`
    """
    from casekeep.cases.assigning import assign_case  # noqa: PLC0415 - heavy

    ref = read_case_ref(case)

    async def act(db: Database, audit: AuditLog, org: OrganizationId) -> Case:
        clinician = await find_user_by_email(db, org, to)
        if clinician is None:
            raise InputNotValid("nobody has this email address; 'casekeep user list' shows all")
        try:
            return await assign_case(db, audit, Operator(org), ref, clinician.id)
        except CaseNotVisible:
            raise unknown_case() from None

    done = within(data, org, act)
    if as_json:
        print_json(
            {
                "case_id": done.id,
                "number": done.number,
                "stage": done.stage,
                "clinician_id": done.clinician_id,
            }
        )
    else:
        typer.echo(f"Assigned {done.number} to {to}")


def read_case_ref(text: str) -> CaseRef:
    """A case's number or id as somebody typed it. Raises InputNotValid."""
    if _NUMBER.fullmatch(text):
        return CaseNumber(int(text))
    try:
        return CaseId(UUID(text))
    except ValueError:
        raise unknown_case() from None


def unknown_case() -> InputNotValid:
    """What is told of a case that nobody here has."""
    return InputNotValid("no case has this number or id; 'casekeep case list' shows them")


def _row(case: CaseLine) -> tuple[str, ...]:
    opened, email = shown_time(case.created_at), case.clinician_email or "-"
    return str(case.number), str(case.id), case.stage.value, opened, email


def _encoded(case: CaseLine) -> dict[str, object]:
    return {
        "case_id": case.id,
        "number": case.number,
        "stage": case.stage,
        "created_at": case.created_at,
        "clinician_email": case.clinician_email,
    }
