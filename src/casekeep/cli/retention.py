"""How long things are kept, from a shell on the server: schedules, purging, and proof of it."""

import re
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from casekeep.audit.log import AuditLog
from casekeep.cli.options import DataOption, JsonOption, OrgOption, within
from casekeep.cli.printing import print_json, print_table, shown_time, tell
from casekeep.db.database import Database
from casekeep.files.model import Category
from casekeep.identity.model import Operator
from casekeep.kernel.errors import CertificateNotKnown, InputNotValid
from casekeep.kernel.ids import FileId, OrganizationId
from casekeep.settings import load_settings

if TYPE_CHECKING:
    from casekeep.retention.model import Destruction, DestructionPage, Terms

retention = typer.Typer(help="How long an organisation keeps files and its trash.")
certificates = typer.Typer(help="Certificates of destruction.")

_AT_ONCE = 200
_DAYS = re.compile(r"(\d{1,6})d?|never")


@retention.command("show")
def show(org: OrgOption, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Show how long files of each category are kept, and how long the trash keeps things.

    Example: `casekeep retention show --org ID`
    """
    from casekeep.retention import scheduling  # noqa: PLC0415 - heavy, and needed here only

    async def act(db: Database, audit: AuditLog, org: OrganizationId) -> "Terms":
        return await scheduling.show_terms(db, audit, Operator(org))

    _print_terms(within(data, org, act), data, as_json=as_json)


@retention.command("set")
def set_terms(
    org: OrgOption,
    category: Annotated[
        Category | None, typer.Option(help="The category that the next two are about.")
    ] = None,
    keep_at_least: Annotated[
        str | None,
        typer.Option(help="Days that no file is purged within, since it came: 3650d, or never."),
    ] = None,
    remove_after: Annotated[
        str | None,
        typer.Option(help="Days after which a file goes to the trash by itself, or never."),
    ] = None,
    trash: Annotated[
        str | None,
        typer.Option(
            help="Days that the organisation's trash keeps things; never: as CASEKEEP_TRASH_DAYS."
        ),
    ] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Set how long things are kept, from the next purge on, for what is there already too. What is
    not said stays as it is; `never` takes a limit away.

    Example: `casekeep retention set --org ID --category lab --keep-at-least 3650d`
    """
    from casekeep.retention import scheduling  # noqa: PLC0415 - heavy, and needed here only

    if trash is keep_at_least is remove_after is None:
        raise InputNotValid("give --trash, or --category with --keep-at-least or --remove-after")
    change = scheduling.TermsChange(
        _days(trash), category, _days(keep_at_least), _days(remove_after)
    )

    async def act(db: Database, audit: AuditLog, org: OrganizationId) -> "Terms":
        return await scheduling.set_terms(db, audit, Operator(org), change)

    _print_terms(within(data, org, act), data, as_json=as_json)


@certificates.command("show")
def show_certificate(
    org: OrgOption,
    file_id: Annotated[UUID, typer.Argument(help="The id of the destroyed file.")],
    data: DataOption = None,
) -> None:
    """Print the signed certificate that a file was destroyed, as JSON.

    Example: `casekeep certificate show --org ID FILE_ID > certificate.json`
    """
    from casekeep.retention import certifying  # noqa: PLC0415 - heavy, and needed here only

    async def act(db: Database, audit: AuditLog, org: OrganizationId) -> str:
        try:
            return await certifying.find_certificate(db, audit, Operator(org), FileId(file_id))
        except CertificateNotKnown:
            raise InputNotValid(
                "no file of this id was destroyed to the end; 'casekeep purge' finishes what is due"
            ) from None

    typer.echo(within(data, org, act))


@certificates.command("list")
def list_certificates(
    org: OrgOption,
    after: Annotated[
        UUID | None, typer.Option(help="Go on behind this file, for the next page.")
    ] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the files that were destroyed and have a certificate, those that had come last first.

    Example: `casekeep certificate list --org ID`
    """
    from casekeep.retention import certifying  # noqa: PLC0415 - heavy, and needed here only

    async def act(db: Database, audit: AuditLog, org: OrganizationId) -> "DestructionPage":
        behind = None if after is None else FileId(after)
        return await certifying.list_certificates(
            db, audit, Operator(org), most=_AT_ONCE, after=behind
        )

    page = within(data, org, act)
    if as_json:
        print_json(
            {
                "certificates": [_encoded(each) for each in page.destructions],
                "after": page.after,
            }
        )
        return
    titles = ("file", "case", "came", "removed", "destroyed", "why")
    rows = [
        (
            str(each.file_id),
            str(each.case_id or "-"),
            *map(shown_time, (each.received_at, each.removed_at, each.purged_at)),
            each.reason.value,
        )
        for each in page.destructions
    ]
    print_table(titles, rows)
    if page.after is not None:
        tell(f"There are more: --after {page.after}")


@certificates.command("verify")
def verify_certificate(
    file: Annotated[Path, typer.Argument(help="The certificate; - reads it from stdin.")],
    key: Annotated[
        str | None,
        typer.Option(help="The public key it must be by: base64, or a file that holds some."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Check a certificate's signature, with no database and no network. Without --key it is only
    shown that nobody altered it since whoever has the key inside it signed it.

    Example: `casekeep certificate verify certificate.json --key casekeep-certificates.json`
    """
    from casekeep.retention import certificates as signed  # noqa: PLC0415 - needed here only

    trusted = None if key is None else signed.read_public_keys(_key_text(key))
    checked = signed.check_certificate(_read(file), trusted)
    known = signed.key_id(checked.public_key)
    if as_json:
        told = {"key_id": known, "known_key": checked.is_known_key, **checked.certificate}
        print_json(told)
        return
    what = checked.certificate
    typer.echo(f"The signature fits: file {what['file']['id']} was destroyed.")
    typer.echo(f"Signed by key {known}.")
    if not checked.is_known_key:
        typer.echo(
            "Whose key that is, only --key can tell: compare it with the clinic's.", err=True
        )


@certificates.command("key")
def show_key(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Print the public key of this deployment's certificates, to be kept apart from the server.

    Example: `casekeep certificate key --json > casekeep-certificates.json`
    """
    from casekeep.bootstrap.house import certificates_of  # noqa: PLC0415 - heavy
    from casekeep.retention.certificates import published_keys  # noqa: PLC0415 - needed here only

    published = published_keys([certificates_of(load_settings({"data": data})).public_key])
    if as_json:
        print_json(published)
        return
    typer.echo(published["keys"][0]["public_key"])


def _days(text: str | None) -> int | None:
    """The number of days that `30d`, `30` or `never` (0) says. Raises InputNotValid."""
    if text is None:
        return None
    found = _DAYS.fullmatch(text)
    if found is None or text in {"0", "0d"}:
        raise InputNotValid("a time is a number of days such as 3650d, or never")
    return int(found[1] or 0)


def _print_terms(terms: "Terms", data: str | None, *, as_json: bool) -> None:
    usual = load_settings({"data": data}).trash_days
    if as_json:
        print_json({"trash_days": terms.trash_days or usual, "schedules": terms.schedules})
        return
    rows = [
        (each.category.value, _shown(each.keep_at_least_days), _shown(each.remove_after_days))
        for each in terms.schedules
    ]
    print_table(("category", "kept at least", "removed after"), rows)
    typer.echo(f"The trash keeps things {_shown(terms.trash_days or usual)}.")


def _encoded(each: "Destruction") -> dict[str, object]:
    """As a certificate has it."""
    return {**asdict(each), "sha256": each.sha256.hex()}


def _shown(days: int | None) -> str:
    return "-" if days is None else f"{days} days"


def _key_text(given: str) -> str:
    path = Path(given)
    try:
        is_file = "." in path.name or path.is_file()  # base64 has no dot
        return path.read_text("utf-8") if is_file else given
    except (OSError, UnicodeDecodeError):
        raise InputNotValid(f"{given} cannot be read") from None


def _read(path: Path) -> bytes:
    try:
        return sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    except OSError as error:
        raise InputNotValid(f"{path} cannot be read: {error.strerror}") from None
