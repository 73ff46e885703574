"""A case with everything in it, and a file with what it came with: what a partner's software, and
nobody else, is told as one thing. It decides nothing: whoever hands it on has asked before.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from casekeep.cases import queries_detail, queries_forms
from casekeep.cases.detail import CaseDetail, Communication
from casekeep.cases.forms import FilledForm
from casekeep.db.database import Tx
from casekeep.files import queries_detail as queries_files
from casekeep.files.model import CaseFile
from casekeep.kernel.ids import CaseId


@dataclass(frozen=True, slots=True)
class FullCase:
    """A case, its files that nobody removed in upload order, what was said in it, its forms."""

    case: CaseDetail
    files: tuple[CaseFile, ...]
    communications: tuple[Communication, ...]
    forms: tuple[FilledForm, ...]


async def full_case(tx: Tx, case_id: CaseId) -> FullCase | None:
    """One case with everything in it; None if it is deleted, or there is none."""
    found = await full_cases(tx, [case_id])
    return found[0] if found else None


async def full_cases(tx: Tx, case_ids: Sequence[CaseId]) -> tuple[FullCase, ...]:
    """Those of these cases that are not deleted, newest first, with everything in them."""
    cases = await queries_detail.cases_by_ids(tx, case_ids)
    files: dict[CaseId | None, list[CaseFile]] = defaultdict(list)
    for file in await queries_files.files_of_cases(tx, case_ids):
        files[file.file.case_id].append(file)
    said: dict[CaseId, list[Communication]] = defaultdict(list)
    for communication in await queries_detail.communications_of(tx, case_ids):
        said[communication.case_id].append(communication)
    forms = await queries_forms.filled_forms_of(tx, case_ids)
    return tuple(
        FullCase(
            case,
            tuple(files[case.id]),
            tuple(said[case.id]),
            (forms[case.id],) if case.id in forms else (),
        )
        for case in cases
    )
