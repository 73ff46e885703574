"""What a partner's software does with patients' accounts: makes one, changes what it says, finds
and lists them, and asks whether somebody has one.
"""

from typing import Annotated, Any, Literal

import msgspec
from litestar import Response, Router, get, post
from litestar.params import JSONBody, QueryParameter

from casekeep.cases.profile_lock import change_profile_of
from casekeep.http.connections import house_of
from casekeep.http.house import House
from casekeep.http.timestamps import milliseconds
from casekeep.identity.accounts import create_user
from casekeep.identity.contacts import Reached
from casekeep.identity.model import NewProfile, Partner, Role, User

from .attachments import Timestamp
from .envelope import NO_STORE, answer
from .errors import LOCKED, NO_USER, NOT_PROVEN, NOT_VALID, TAKEN, TOO_LARGE, TOO_MANY
from .openapi import KEY, refusals
from .profile import LARGEST_BODY
from .profile_wire import UserAnswer, UserData, UsersAnswer, given_fields, user_out, users_out
from .proof import KeyRequest, require_partner
from .reading import MOST_ROWS, read_limit, read_query, read_strictly

PAGE = 50
"""Users of a page, if the caller does not say how many."""

_Email = Annotated[
    str | None,
    QueryParameter(
        description="Only whoever has this email address.",
        schema_extra={"one_of": None, "type": "string"},
    ),
]
_Phone = Annotated[
    str | None,
    QueryParameter(
        name="phoneNumber",
        description="Only whoever has this phone number (E.164).",
        schema_extra={"one_of": None, "type": "string"},
    ),
]
_CheckedPhone = Annotated[
    str | None,
    QueryParameter(
        name="phone-number",
        description="The phone number (E.164); not looked at beside an email address.",
        schema_extra={"one_of": None, "type": "string"},
    ),
]
_Limit = Annotated[
    str | None,
    QueryParameter(
        description=f"At most this many users; {PAGE} if not said.",
        schema_extra={"one_of": None, "type": "integer", "minimum": 1, "maximum": MOST_ROWS},
    ),
]
_After = Annotated[
    str | None,
    QueryParameter(
        description="The `endCursor` of the page before.",
        schema_extra={"one_of": None, "type": "string"},
    ),
]


class UserAct(msgspec.Struct, frozen=True):
    """What is to be done, and the patient it is done to."""

    action: Literal["CREATE_USER", "UPDATE_PROFILE"]
    data: UserData


class Found(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Whether there is an account. Only the calling organisation's are ever looked at."""

    created_at: Timestamp | msgspec.UnsetType = msgspec.UNSET
    exists_in_current_organization: bool | msgspec.UnsetType = msgspec.UNSET
    code: Literal["EMAIL_EXISTS", "PHONE_NUMBER_EXISTS", "USER_NOT_FOUND"]


class FoundAnswer(msgspec.Struct, frozen=True):
    """The one answer of 200 that can say `success: false`: there is no such user."""

    status: Literal[200]
    success: bool
    message: str
    data: Found


@get(
    "/users",
    responses=refusals(NOT_VALID, NOT_PROVEN),
    summary="List patients",
    response_description="The patients",
)
async def list_users(
    request: KeyRequest,
    email: _Email = None,
    phone: _Phone = None,
    limit: _Limit = None,
    after: _After = None,
) -> Response[UsersAnswer]:
    """List the organisation's patients, newest first, or find one."""
    read_query(request.scope["query_string"])
    page = await house_of(request).lookups.list_patients(
        request.auth, email=email, phone=_plus(phone), limit=read_limit(limit) or PAGE, after=after
    )
    return answer(UsersAnswer(200, success=True, data=users_out(page)))


@post(
    "/users",
    status_code=200,
    responses=refusals(NOT_VALID, TAKEN, LOCKED, NOT_PROVEN, NO_USER, TOO_LARGE),
    summary="Create or change a patient",
    response_description="The patient's account as it is now",
)
async def act_on_user(request: KeyRequest, data: JSONBody[UserAct]) -> Response[UserAnswer]:
    """Create a patient's account, or change a patient's profile."""
    data = await read_strictly(request, UserAct)
    house, given = house_of(request), given_fields(data.data)
    if data.action == "CREATE_USER":
        user = await _create(house, request.auth, data.data.email, given)
    else:
        user = await change_profile_of(house.db, house.audit, request.auth, data.data.email, given)
    return answer(UserAnswer(200, success=True, data=user_out(user)))


@get(
    "/check-user",
    responses=refusals(NOT_VALID, NOT_PROVEN, TOO_MANY),
    summary="Check for an account",
    response_description="Whether there is an account",
)
async def check_user(
    request: KeyRequest, email: _Email = None, phone: _CheckedPhone = None
) -> Response[FoundAnswer]:
    """Tell whether somebody has an account with this email address, or else this phone number."""
    read_query(request.scope["query_string"])
    reached = Reached.at(email, _plus(phone) if email is None else None)
    user = await house_of(request).lookups.find_account(request.auth, reached)
    body = _found(user, by_email=email is not None)
    return Response(body, headers=NO_STORE)


router = Router(
    "/api/v1",
    route_handlers=[check_user, list_users, act_on_user],
    guards=[require_partner],
    security=[KEY],
    tags=["Users"],
    request_max_body_size=LARGEST_BODY,
)


async def _create(house: House, partner: Partner, email: str, given: dict[str, Any]) -> User:
    first_name, last_name = given.pop("first_name", None), given.pop("last_name", None)
    phone = given.pop("phone", None)
    return await create_user(
        house.db,
        house.audit,
        organization_id=partner.organization_id,
        role=Role.PATIENT,
        email=email,
        phone=phone,
        first_name=first_name,
        last_name=last_name,
        password=None,
        profile=NewProfile(**given),
        by=partner,
    )


def _found(user: User | None, *, by_email: bool) -> FoundAnswer:
    if user is None:
        nobody = Found(code="USER_NOT_FOUND")
        return FoundAnswer(200, success=False, message="User does not exist", data=nobody)
    found = Found(
        created_at=milliseconds(user.created_at),
        exists_in_current_organization=True,
        code="EMAIL_EXISTS" if by_email else "PHONE_NUMBER_EXISTS",
    )
    message = "Email already exists" if by_email else "Phone number already exists"
    return FoundAnswer(200, success=True, message=message, data=found)


def _plus(phone: str | None) -> str | None:
    """A number whose plus sign came as it is: in a query that is a space."""
    return phone.replace(" ", "+", 1) if phone and phone.startswith(" ") else phone
