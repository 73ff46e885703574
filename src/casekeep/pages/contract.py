"""An OpenAPI document as a person reads it: chapters, calls, fields, examples, and a line for the
shell. It shows what the document says and knows neither contract.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .curl import curl_line
from .kinds import kind_of, referred

Json = dict[str, Any]
_METHODS = ("get", "head", "options", "post", "put", "patch", "delete")
_DEEPEST = 6


@dataclass(frozen=True, slots=True)
class Row:
    """A parameter, a header or a field; `depth`: how many others it stands in."""

    name: str
    kind: str
    meaning: str
    required: bool = False
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Example:
    """A body as it really occurs. `summary`: when, if there are several."""

    summary: str
    text: str


@dataclass(frozen=True, slots=True)
class Body:
    """What is sent, or answered: its media type, its fields, its examples."""

    media_type: str
    rows: tuple[Row, ...]
    examples: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """One status that a call may answer with."""

    status: str
    meaning: str
    headers: tuple[Row, ...]
    body: Body | None

    @property
    def is_success(self) -> bool:
        """Whether it is what the call was made for."""
        return self.status.startswith("2")


@dataclass(frozen=True, slots=True)
class Call:
    """One call. `methods`: HEAD beside GET where both are served."""

    anchor: str
    methods: tuple[str, ...]
    path: str
    summary: str
    about: str
    proofs: tuple[str, ...]
    parameters: tuple[Row, ...]
    body: Body | None
    answers: tuple[Answer, ...]
    curl: str


@dataclass(frozen=True, slots=True)
class Chapter:
    """Calls that belong together."""

    name: str
    about: str
    calls: tuple[Call, ...]


@dataclass(frozen=True, slots=True)
class Contract:
    """A whole document. `proofs`: what callers prove themselves with."""

    title: str
    about: str
    proofs: tuple[Row, ...]
    chapters: tuple[Chapter, ...]


def read_contract(document: Json) -> Contract:
    """The document's chapters in its own order, then those that only its calls name; a call that
    names none is not shown.
    """
    calls = list(_calls(document))
    about = {tag["name"]: tag.get("description", "") for tag in document.get("tags", ())}
    named = [name for operation, _ in calls for name in operation.get("tags", ())]
    chapters = [
        Chapter(
            name,
            about.get(name, ""),
            tuple(call for operation, call in calls if name in operation.get("tags", ())),
        )
        for name in dict.fromkeys([*about, *named])
    ]
    schemes: dict[str, Json] = document["components"].get("securitySchemes", {})
    return Contract(
        document["info"]["title"],
        document["info"].get("description", ""),
        tuple(
            Row(_header_of(scheme), "header", scheme.get("description", ""))
            for scheme in schemes.values()
        ),
        tuple(chapter for chapter in chapters if chapter.calls),
    )


def _calls(document: Json) -> Iterator[tuple[Json, Call]]:
    for path, item in document["paths"].items():
        for method in _METHODS:
            if method in item and not (method == "head" and "get" in item):
                methods = (
                    ("GET", "HEAD") if method == "get" and "head" in item else (method.upper(),)
                )
                yield item[method], _call(document, path, methods, item[method])


def _call(document: Json, path: str, methods: tuple[str, ...], operation: Json) -> Call:
    proofs = [name for each in operation.get("security", ()) for name in each]
    content: Json = operation.get("requestBody", {}).get("content", {})
    return Call(
        operation["operationId"],
        methods,
        path,
        operation.get("summary", ""),
        operation.get("description", ""),
        tuple(_header_of(document["components"]["securitySchemes"][name]) for name in proofs),
        tuple(_parameter(document, each) for each in operation.get("parameters", ())),
        _body(document, content),
        tuple(_answer(document, *each) for each in operation["responses"].items()),
        curl_line(document, methods[0], path, operation),
    )


def _header_of(scheme: Mapping[str, Any]) -> str:
    return scheme["name"] if scheme["type"] == "apiKey" else "Authorization"


def _parameter(document: Json, parameter: Json) -> Row:
    return Row(
        parameter["name"],
        f"{parameter['in']}: {kind_of(document, parameter['schema'])}",
        parameter.get("description", ""),
        required=parameter.get("required", False),
    )


def _answer(document: Json, status: str, answer: Json) -> Answer:
    headers = [
        Row(name, "header", each.get("description", ""))
        for name, each in answer.get("headers", {}).items()
    ]
    return Answer(
        status, answer["description"], tuple(headers), _body(document, answer.get("content", {}))
    )


def _body(document: Json, content: Json) -> Body | None:
    for media_type, given in content.items():
        rows = tuple(_rows(document, given["schema"]))
        return Body(media_type, rows, tuple(_examples(given)))
    return None


def _examples(given: Json) -> Iterator[Example]:
    many: Json = given.get("examples", {})
    if "example" in given:
        many = {"": {"value": given["example"]}}
    for each in many.values():
        text = json.dumps(each["value"], indent=2, ensure_ascii=False)
        yield Example(each.get("summary", ""), text)


def _rows(document: Json, schema: Json, depth: int = 0) -> Iterator[Row]:
    """The fields of an object and of what is in it, as far down as anybody reads."""
    shown = set[str]()
    for each in _objects(document, schema):
        required = each.get("required", ())
        for name, field in each.get("properties", {}).items():
            if name in shown:
                continue
            shown.add(name)
            kind = kind_of(document, field)
            yield Row(name, kind, field.get("description", ""), name in required, depth)
            if depth < _DEEPEST:
                yield from _rows(document, field, depth + 1)


def _objects(document: Json, schema: Json) -> Iterator[Json]:
    """The objects that a schema leads to: of a list its members, of an alternative each."""
    for each in schema.get("anyOf") or schema.get("oneOf") or (schema,):
        found = referred(document, each)
        if found.get("type") == "array":
            yield from _objects(document, found["items"])
        else:
            yield found
