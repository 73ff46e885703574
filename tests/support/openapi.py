"""Reads the OpenAPI document of a running application: its calls, what they want, and whether an
answer is one that the document promises.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
from jsonschema import Draft202012Validator

_PLACES = ("/openapi.json", "/openapi/openapi.json", "/api/v1/openapi.json")
_METHODS = {"get", "head", "post", "put", "patch", "delete", "options", "trace"}
Json = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """One operation of a document."""

    method: str
    path: str
    operation: Json = field(repr=False)
    document: Json = field(repr=False)
    strict: Json = field(repr=False)
    """The document, where every described object has the described keys only."""

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def proof(self) -> frozenset[str]:
        """The names of what it wants as proof; empty when it wants none."""
        wanted = self.operation.get("security", self.document.get("security")) or [{}]
        assert len(wanted) == 1, f"{self}: more than one way of proof"
        return frozenset(wanted[0])

    def parameters(self, where: str) -> list[Json]:
        """The parameters that stand in `path`, `query`, `header` or `cookie`."""
        return [each for each in self.operation.get("parameters", []) if each["in"] == where]

    @property
    def body(self) -> tuple[str, Json] | None:
        """The media type and the schema of the body."""
        content: Json = self.operation.get("requestBody", {}).get("content", {})
        assert len(content) <= 1, f"{self}: more than one kind of body"
        return next(((kind, given["schema"]) for kind, given in content.items()), None)

    def resolved(self, schema: Json) -> Json:
        """The schema behind a reference, and the one beside null with what is said of both."""
        while "$ref" in schema:
            schema = self.document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        for either in ("oneOf", "anyOf"):
            members = [each for each in schema.get(either, []) if each.get("type") != "null"]
            if members:
                around = {key: value for key, value in schema.items() if key != either}
                return self.resolved({**around, **members[0]})
        return schema


async def read_document(client: httpx.AsyncClient) -> Json:
    """The document that an application hands out itself."""
    for place in _PLACES:
        answer = await client.get(place)
        if answer.status_code == 200:
            return answer.json()
    raise AssertionError(f"no OpenAPI document at any of {_PLACES}")


def calls_of(document: Json) -> list[Call]:
    """Every call of a document."""
    strict = _strict(document)
    return [
        Call(method.upper(), path, operation, document, strict)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in _METHODS
    ]


def broken_promises(call: Call, answer: httpx.Response) -> Iterator[str]:
    """Where an answer is none that the document promises; keys that are sent must be described."""
    promised = call.strict["paths"][call.path][call.method.lower()]["responses"].get(
        str(answer.status_code)
    )
    if promised is None:
        yield f"{call}: {answer.status_code} is not documented: {answer.text[:200]}"
        return
    content: Json = promised.get("content", {})
    if call.method == "HEAD":
        content = {}
    elif content and "application/json" not in content:
        return
    if not content:
        if answer.content:
            yield f"{call}: {answer.status_code} has a body and the document has none"
        return
    schema = {**content["application/json"]["schema"], "components": call.strict["components"]}
    validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    for error in validator.iter_errors(answer.json()):
        yield f"{call}: {answer.status_code} {error.json_path}: {error.message}"


def _strict(schema: Any) -> Any:
    """The same schema, where every described object has the described keys only."""
    schema = json.loads(json.dumps(schema))
    pending = [schema]
    while pending:
        each = pending.pop()
        if isinstance(each, list):
            pending.extend(each)
        elif isinstance(each, dict):
            pending.extend(each.values())
            if each.get("type") == "object" and each.get("properties"):
                each.setdefault("additionalProperties", False)
    return schema
