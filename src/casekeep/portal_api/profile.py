"""The patient's own profile: shown whole, and changed field by field. What may change while a case
is in work is decided in the core.
"""

from litestar import Response, Router, get, patch
from litestar.params import JSONBody

from casekeep.cases.profile_lock import change_own_profile
from casekeep.http.connections import house_of
from casekeep.identity.profiles import show_own_profile

from .envelope import answer
from .errors import LOCKED, NOT_PROVEN, NOT_VALID, TOO_LARGE, TOO_MANY
from .openapi import KEY_AND_TOKEN, refusals
from .profile_wire import ProfileAnswer, ProfileChanges, ProfileData, given_fields, profile_out
from .proof import PatientRequest, require_patient

LARGEST_BODY = 262_144
"""Bytes: room for the three clinical texts, however they are escaped."""


@get(
    "/",
    responses=refusals(NOT_VALID, NOT_PROVEN),
    summary="Get the profile",
    response_description="The profile",
)
async def get_profile(request: PatientRequest) -> Response[ProfileAnswer]:
    """Tell the patient's own profile."""
    house = house_of(request)
    profile = await show_own_profile(house.db, house.audit, request.user)
    return answer(ProfileAnswer(200, success=True, data=ProfileData(profile_out(profile))))


@patch(
    "/",
    responses=refusals(NOT_VALID, LOCKED, NOT_PROVEN, TOO_LARGE, TOO_MANY),
    summary="Change the profile",
    response_description="The profile as it is now",
)
async def change_profile(
    request: PatientRequest, data: JSONBody[ProfileChanges]
) -> Response[ProfileAnswer]:
    """Change fields of the patient's own profile, and tell all of it."""
    house = house_of(request)
    profile = await change_own_profile(
        house.db, house.audit, house.lookups, request.user, given_fields(data)
    )
    return answer(ProfileAnswer(200, success=True, data=ProfileData(profile_out(profile))))


router = Router(
    "/api/v1/users/me",
    route_handlers=[get_profile, change_profile],
    guards=[require_patient],
    security=[KEY_AND_TOKEN],
    tags=["Profile"],
    request_max_body_size=LARGEST_BODY,
)
