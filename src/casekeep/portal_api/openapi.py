"""The portal contract's OpenAPI document, made from the types of the handlers: every field, every
status, an example of each refusal.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
from litestar import Router
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Example, SecurityRequirement, SecurityScheme
from litestar.types import Method
from litestar.types.internal_types import PathParameterDefinition

from casekeep.http.openapi import made_document

from .envelope import Refusal
from .errors import FAILED, Words
from .wording import TAGS, WORDING

KEY: SecurityRequirement = {"apiKey": []}
KEY_AND_TOKEN: SecurityRequirement = {"apiKey": [], "accessToken": []}

_SCHEMES = {
    "apiKey": SecurityScheme(
        type="apiKey",
        name="cv-api-key",
        security_scheme_in="header",
        description="The organisation's secret.",
    ),
    "accessToken": SecurityScheme(
        type="http",
        scheme="bearer",
        bearer_format="JWT",
        description="The access token that `verify-otp` or `refresh-token` gave.",
    ),
}


def refusals(*words: Words) -> dict[int, ResponseSpec]:
    """What a call may answer besides its success, each with its example; 500 is said of all."""
    by_status: dict[int, list[Words]] = {}
    for each in (*words, FAILED):
        by_status.setdefault(each.status, []).append(each)
    return {status: _refused(each) for status, each in by_status.items()}


def _refused(words: list[Words]) -> ResponseSpec:
    examples = [
        Example(
            summary=_text(each),
            value=msgspec.to_builtins(Refusal(each.status, False, _text(each), each.code)),
        )
        for each in words
    ]
    return ResponseSpec(
        Refusal,
        generate_examples=False,
        description="; ".join(dict.fromkeys(_text(each) for each in words)),
        examples=examples,
    )


def _operation_id(
    handler: HTTPRouteHandler, method: Method, _: list[str | PathParameterDefinition]
) -> str:
    """What generated clients call the operation: `list_files`, `head_file_content`."""
    name = handler.name or handler.handler_name
    return name if method != "HEAD" else f"head_{name}"


def _text(words: Words) -> str:
    return words.text or words.example


def document(routers: Sequence[Router]) -> dict[str, Any]:
    """The document of `routers`."""
    return made_document(
        routers,
        title="Casekeep patient portal API",
        description="The files of a patient's own cases, in the envelope of the contract.",
        tags=TAGS,
        schemes=_SCHEMES,
        operation_id=_operation_id,
        wording=WORDING,
    )
