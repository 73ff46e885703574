"""The forms of an organisation, for whoever connects a partner's software. A form holds questions
and no answers, so it says nothing of anybody.
"""

from casekeep.cases import queries_forms
from casekeep.cases.forms import Form
from casekeep.db.database import Database
from casekeep.kernel.errors import InputNotValid
from casekeep.kernel.ids import FormId, OrganizationId


async def list_forms(db: Database, organization_id: OrganizationId) -> tuple[Form, ...]:
    """Every form of the organisation, oldest first."""
    async with db.transaction(organization_id) as tx:
        return await queries_forms.forms(tx)


async def show_form(db: Database, organization_id: OrganizationId, form_id: FormId) -> Form:
    """One form with its questions. Raises InputNotValid when there is none of this id."""
    async with db.transaction(organization_id) as tx:
        form = await queries_forms.form_by_id(tx, form_id)
    if form is None:
        raise InputNotValid("no form has this id; 'casekeep form list' shows them")
    return form
