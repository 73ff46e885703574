"""Completes an edge's OpenAPI document: what a name means is said once, in the edge's table, and
stands at every property and parameter of that name; examples are put together from the same table.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
METHODS = ("get", "head", "put", "post", "patch", "delete", "options")
_NO_EXAMPLE = object()
_JSON = "application/json"
_FORMS = (_JSON, "multipart/form-data")


@dataclass(frozen=True, slots=True)
class Word:
    """What a name means, and a value as it really occurs."""

    meaning: str
    example: object = _NO_EXAMPLE


@dataclass(frozen=True, slots=True)
class Link:
    """Where the answer of a call leads: into a parameter (or, with `body`, a field of the body) of
    another call. `values`: runtime expressions by name.
    """

    operation: str
    values: Mapping[str, str] = field(default_factory=dict[str, str])
    body: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Wording:
    """What an edge says of its names. A word's key is a name, or one at one place, which wins:
    `Schema.name`, `operation_id.name`. `wholes`: examples by schema, where not every field goes
    with every other. `answers`: what a success is, by operation. `headers`: by status, or by
    `operation_id.status`.
    """

    words: Mapping[str, Word]
    wholes: Mapping[str, Any] = field(default_factory=dict[str, Any])
    answers: Mapping[str, str] = field(default_factory=dict[str, str])
    headers: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    links: Mapping[str, tuple[Link, ...]] = field(default_factory=dict[str, tuple[Link, ...]])


def complete(document: Json, wording: Wording) -> Json:
    """The same document, with what `wording` knows. Whatever it does not know stays as it is."""
    _put_in_order(document)
    completing = _Completing(document, wording)
    completing.schemas()
    for operation in operations(document):
        completing.operation(operation)
    return document


def operations(document: Json) -> Iterator[Json]:
    """Every operation of a document."""
    for item in document["paths"].values():
        yield from (item[method] for method in METHODS if method in item)


def _put_in_order(document: Json) -> None:
    """The framework keeps the paths of one handler, and the parameters of a path, as sets."""
    ranks: dict[str, int] = {}
    for item in document["paths"].values():
        ranks.setdefault(_title(item), len(ranks))
    by_rank = sorted(document["paths"].items(), key=lambda each: (ranks[_title(each[1])], each[0]))
    document["paths"] = dict(by_rank)
    for path, item in document["paths"].items():
        for method in METHODS:
            parameters: list[Json] = item.get(method, {}).get("parameters", [])
            in_path = [each for each in parameters if each["in"] == "path"]
            others = [each for each in parameters if each["in"] != "path"]
            in_path.sort(key=lambda each, path=path: path.index(f"{{{each['name']}}}"))
            parameters[:] = in_path + others


def _title(item: Json) -> str:
    """What the paths of one handler have in common."""
    return "; ".join(item[method].get("summary", "") for method in METHODS if method in item)


@dataclass(frozen=True, slots=True)
class _Completing:
    document: Json
    wording: Wording

    def schemas(self) -> None:
        for name, schema in self._schemas().items():
            self._describe_properties(schema, name)

    def operation(self, operation: Json) -> None:
        name: str = operation["operationId"]
        for parameter in operation.get("parameters", ()):
            self._parameter(parameter, name)
        content = operation.get("requestBody", {}).get("content", {})
        for kind in _FORMS:
            if kind in content:
                self._describe_properties(content[kind]["schema"], name)
                self._give_example(content[kind], name)
        responses = operation["responses"]
        operation["responses"] = {status: responses[status] for status in sorted(responses)}
        for status, response in responses.items():
            self._response(response, name, status)

    def _parameter(self, parameter: Json, operation: str) -> None:
        parameter["schema"] = _without_null(parameter["schema"])
        word = self._word(parameter["name"], operation)
        if word is not None:
            parameter.setdefault("description", word.meaning)
        try:
            value = self._example(parameter["schema"], parameter["name"], operation, operation)
        except KeyError:
            return
        parameter.setdefault("example", value)

    def _response(self, response: Json, operation: str, status: str) -> None:
        given = self.wording.headers
        headers = {
            **given.get("*", {}),
            **given.get(status, {}),
            **given.get(f"{operation}.{status}", {}),
        }
        if headers:
            response["headers"] = {
                name: {"description": meaning, "schema": {"type": "string"}}
                for name, meaning in headers.items()
            }
        if _JSON in response.get("content", {}):
            self._give_example(response["content"][_JSON], operation)
            _let_overlap(response["content"][_JSON]["schema"])
        if status.startswith("2"):
            self._success(response, operation)

    def _success(self, response: Json, operation: str) -> None:
        response["description"] = self.wording.answers.get(operation, response["description"])
        links = self.wording.links.get(operation, ())
        if links:
            response["links"] = {each.operation: _link(each) for each in links}

    def _give_example(self, content: Json, operation: str) -> None:
        if content.get("examples") or "example" in content:
            return
        try:
            content["example"] = self._example(content["schema"], "", "", operation)
        except KeyError:
            return

    def _describe_properties(self, schema: Json, owner: str) -> None:
        for name, each in schema.get("properties", {}).items():
            _keep_apart(each)
            word = self._word(name, owner)
            if word is not None:
                each.setdefault("description", word.meaning)

    def _example(self, schema: Json, name: str, owner: str, operation: str) -> Any:  # noqa: ANN401 - JSON
        """Raises KeyError where nothing says what it could be."""
        word = self._word(name, owner, operation)
        if word is not None and word.example is not _NO_EXAMPLE:
            return word.example
        if "$ref" in schema:
            referred = schema["$ref"].rpartition("/")[2]
            if referred in self.wording.wholes:
                return self.wording.wholes[referred]
            return self._example(self._schemas()[referred], "", referred, operation)
        if schema.get("oneOf"):
            return self._example(schema["oneOf"][0], name, owner, operation)
        return self._composed(schema, name, owner, operation)

    def _composed(self, schema: Json, name: str, owner: str, operation: str) -> Any:  # noqa: ANN401 - JSON
        """What the schema itself says, or is made of. Raises KeyError."""
        for key in ("const", "default"):
            if key in schema:
                return schema[key]
        for key in ("examples", "enum"):
            if schema.get(key):
                return schema[key][0]
        if schema.get("type") == "array":
            return [self._example(schema["items"], name, owner, operation)]
        fields: dict[str, Json] = schema["properties"]
        return {key: self._example(each, key, owner, operation) for key, each in fields.items()}

    def _word(self, name: str, *places: str) -> Word | None:
        words = self.wording.words
        keys = [*(f"{place}.{name}" for place in places), name]
        return next((words[key] for key in keys if key in words), None)

    def _schemas(self) -> dict[str, Json]:
        return self.document["components"].get("schemas", {})


def _without_null(schema: Json) -> Json:
    """What a query may hold: it has no null, though the function behind it has a None."""
    members = [each for each in schema.get("oneOf", ()) if each.get("type") != "null"]
    if len(members) != 1:
        return schema
    return {**{key: value for key, value in schema.items() if key != "oneOf"}, **members[0]}


def _let_overlap(schema: Json) -> None:
    """Of two kinds of answers one may be the other with more fields, so both may fit."""
    if "oneOf" in schema:
        schema["anyOf"] = schema.pop("oneOf")


def _keep_apart(schema: Json) -> None:
    """A whole number is a number too: where both may stand, it would fit two, and so none."""
    members = schema.get("oneOf", [])
    if {"type": "number"} in members:
        schema["oneOf"] = [each for each in members if each != {"type": "integer"}]


def _link(link: Link) -> Json:
    described: Json = {"operationId": link.operation}
    if link.values:
        described["parameters"] = dict(link.values)
    if link.body:
        described["requestBody"] = dict(link.body)
    return described
