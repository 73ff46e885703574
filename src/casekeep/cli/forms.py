"""Forms from a shell on the server: their ids, and those of their questions, by which a partner's
software answers them. It changes none.
"""

from typing import Annotated
from uuid import UUID

import typer

from casekeep.audit.log import AuditLog
from casekeep.cases.forms import Form, Question
from casekeep.cli.options import DataOption, JsonOption, OrgOption, within
from casekeep.cli.printing import print_json, print_table
from casekeep.db.database import Database
from casekeep.kernel.ids import FormId, OrganizationId

forms = typer.Typer(help="Forms, which partners' software opens cases with.")


@forms.command("list")
def list_all(org: OrgOption, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Show the forms of an organisation. One is made by the first case that comes with its title.

    Example: `casekeep form list --org ID`
    """
    from casekeep.cases.form_list import list_forms  # noqa: PLC0415 - heavy

    async def act(db: Database, _: AuditLog, org: OrganizationId) -> tuple[Form, ...]:
        return await list_forms(db, org)

    found = within(data, org, act)
    if as_json:
        print_json({"forms": [_encoded(form) for form in found]})
        return
    rows = [(str(form.id), str(len(form.questions)), form.title) for form in found]
    print_table(("id", "questions", "title"), rows)


@forms.command("show")
def show(
    org: OrgOption,
    form_id: Annotated[UUID, typer.Argument(help="The form's id, from `casekeep form list`.")],
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the questions of a form and their ids, which `questionId` names.

    Example: `casekeep form show --org ID FORM_ID`
    """
    from casekeep.cases.form_list import show_form  # noqa: PLC0415 - heavy

    async def act(db: Database, _: AuditLog, org: OrganizationId) -> Form:
        return await show_form(db, org, FormId(form_id))

    form = within(data, org, act)
    if as_json:
        print_json(_encoded(form))
        return
    typer.echo(form.title)
    if form.description:
        typer.echo(form.description)
    print_table(("id", "type", "required", "question"), [_row(each) for each in form.questions])


def _row(question: Question) -> tuple[str, ...]:
    text = question.text
    if question.options:
        text += f" ({', '.join(question.options)})"
    return question.id, question.type.value, "yes" if question.is_required else "no", text


def _encoded(form: Form) -> dict[str, object]:
    return {
        "form_id": form.id,
        "title": form.title,
        "description": form.description,
        "questions": [
            {
                "question_id": each.id,
                "question": each.text,
                "type": each.type,
                "required": each.is_required,
                "phi": each.is_phi,
                "options": each.options,
            }
            for each in form.questions
        ],
    }
