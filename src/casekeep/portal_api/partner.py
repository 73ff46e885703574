"""The partner calls about cases, put together: key only, one answer for every case that is not
there, and a bound on what they hold in memory.
"""

from collections.abc import Sequence

from litestar import Router
from litestar.types import Middleware

from casekeep.http.budget import BodyBudget
from casekeep.kernel.errors import CaseNotVisible

from .communications import act_on_case
from .errors import case_not_found
from .openapi import KEY
from .partner_cases import get_case_detail, get_cases, get_latest_case_id
from .proof import require_partner
from .submissions import dynamic_case


def partner_router(
    largest: int, budget: BodyBudget, around_bodies: Sequence[Middleware] = ()
) -> Router:
    """The five calls. `largest`: bytes that a body with files may have; `budget`: for those bodies,
    and for answers with files; `around_bodies`: what else is around those bodies.
    """
    return Router(
        "/api/v1",
        route_handlers=[
            Router(
                "/",
                route_handlers=[get_cases, get_case_detail, get_latest_case_id],
                middleware=[budget.for_answers()],
            ),
            Router(
                "/",
                route_handlers=[dynamic_case, act_on_case],
                request_max_body_size=largest,
                middleware=[budget.around(largest), *around_bodies],
            ),
        ],
        guards=[require_partner],
        security=[KEY],
        exception_handlers={CaseNotVisible: case_not_found},
    )
