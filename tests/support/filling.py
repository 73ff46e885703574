"""Makes requests out of a document's calls: every parameter and every property of a body gets a
value by its name, or by its schema, and a call with one that neither explains is not made at all.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any
from urllib.parse import quote

import httpx

from tests.support.openapi import Call, Json
from tests.support.tus import metadata

Names = Mapping[str, str]
"""Values by name, in snake_case; `any id` is for ids whose name says nothing to us."""

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_IDS = re.compile(r"(^|_)ids?$")
_BY_FORMAT = {"date": "2026-01-02", "date-time": "2026-01-02T03:04:05.000Z"}
CONTENT = b"%PDF-1.7\n%%EOF\n"


class NotKnown(Exception):
    """A parameter that we would have to guess."""


@dataclass(frozen=True)
class Filled:
    """A request that a call is made of. `names`: the values it was made from."""

    call: Call
    path: str
    query: tuple[tuple[str, str], ...]
    body: Any
    names: Names = field(repr=False)
    fields: tuple[tuple[str, str], ...] = ()
    """Header fields of the call's own."""

    async def send(self, client: httpx.AsyncClient, headers: Mapping[str, str]) -> httpx.Response:
        """Send it, with the headers of somebody."""
        kind, method = self.call.body, self.call.method
        headers = {**headers, **dict(self.fields)}
        url = httpx.URL(self.path, params=list(self.query)) if self.query else self.path
        if kind is None or self.body is None:
            return await client.request(method, url, headers=headers)
        if kind[0] == "application/json":
            return await client.request(method, url, headers=headers, json=self.body)
        if isinstance(self.body, bytes):
            headers = {**headers, "content-type": kind[0]}
            return await client.request(method, url, headers=headers, content=self.body)
        assert kind[0] == "multipart/form-data", f"{self.call}: how is {kind[0]} sent?"
        return await client.request(method, url, headers=headers, files=list(_parts(self.body)))

    def sent(self) -> str:
        """Everything that goes out, as one text."""
        return f"{self.path} {self.query} {self.body} {self.fields}"

    def __str__(self) -> str:
        return f"{self.call.method} {self.path} {dict(self.query) or ''} {self.body or ''}"


def bare(call: Call) -> Filled:
    """The call with nothing in it."""
    return Filled(call, re.sub(r"\{[^}]*\}", "x", call.path), (), None, {})


def fill(call: Call, names: Names) -> list[Filled]:
    """The call in all its forms: with what it must have, with each thing that it may have, and with
    all of them. Raises NotKnown.
    """
    found: dict[str, Filled] = {}
    assert not call.parameters("cookie"), f"{call}: cookies are no part of a contract"
    for last in (False, True):
        filler = _Filler(call, names, last)
        for query, body, fields in product(filler.queries(), filler.bodies(), filler.fields()):
            each = Filled(call, filler.path(), query, body, names, fields)
            found.setdefault(each.sent(), each)
    return list(found.values())


@dataclass(frozen=True)
class _Filler:
    call: Call
    names: Names
    last: bool
    """Of an enumeration take the last word, not the first."""

    def path(self) -> str:
        values = {
            each["name"]: quote(
                str(self._value(each["name"], each["schema"], guess=False)), safe=""
            )
            for each in self.call.parameters("path")
        }
        return self.call.path.format_map(values)

    def queries(self) -> Iterator[tuple[tuple[str, str], ...]]:
        given = self.call.parameters("query")
        values = {
            each["name"]: self._value(each["name"], each["schema"], guess=False) for each in given
        }
        must = {each["name"] for each in given if each.get("required")}
        for chosen in _choices(must, set(values)):
            yield tuple((name, _text(values[name])) for name in values if name in chosen)

    def fields(self) -> Iterator[tuple[tuple[str, str], ...]]:
        """Header fields, as their examples have them; what one says of a thing is told by name.
        Some go with some only, so each is left out once.
        """
        given = {each["name"]: each for each in self.call.parameters("header")}
        must = {name for name, each in given.items() if each.get("required")}
        known = {"Upload-Metadata": metadata(**_of_an_upload(self.names))}
        values = {name: known.get(name, str(each.get("example"))) for name, each in given.items()}
        for chosen in (must, *(set(given) - {each} for each in given if each not in must)):
            yield tuple((name, value) for name, value in values.items() if name in chosen)

    def bodies(self) -> Iterator[Any]:
        if self.call.body is None:
            yield None
            return
        schema = self.call.resolved(self.call.body[1])
        if schema.get("format") == "binary":
            yield CONTENT
            return
        properties: Json = schema["properties"]
        must = set(schema.get("required", []))
        for chosen in _choices(must, set(properties)):
            yield {
                name: self._value(name, properties[name]) for name in properties if name in chosen
            }

    def _value(self, name: str, schema: Json, *, guess: bool = True) -> Any:
        """`guess`: whether any text will do where nothing says what is meant."""
        schema = self.call.resolved(schema)
        match schema.get("type"):
            case "array":
                return [self._value(name, schema["items"], guess=guess)]
            case "object":
                properties: Json = schema.get("properties", {})
                return {key: self._value(key, each) for key, each in properties.items()}
            case kind:
                return self._one(name, str(kind), schema, guess=guess)

    def _one(self, name: str, kind: str, schema: Json, *, guess: bool) -> Any:
        snake = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower().replace("-", "_")
        if schema.get("format") == "binary":
            return CONTENT
        if snake in self.names and _can_be(schema, self.names[snake]):
            known = self.names[snake]
            return int(known) if kind == "integer" and known.isdigit() else known
        words = [schema["const"]] if "const" in schema else schema.get("enum")
        if words:
            return words[-1 if self.last else 0]
        if kind in {"boolean", "integer", "number"}:
            return True if kind == "boolean" else max(schema.get("minimum", 1), 1)
        return self._word(snake, schema, guess=guess)

    def _word(self, name: str, schema: Json, *, guess: bool) -> str:
        form = schema.get("format")
        if form == "uuid" or _IDS.search(name):
            return self.names["any id"]
        if form == "email":
            return self.names["email"]
        if form in _BY_FORMAT:
            return _BY_FORMAT[form]
        if "examples" in schema:
            return schema["examples"][0]
        if form or "pattern" in schema or not guess:
            raise NotKnown(f"{self.call}: what is {name!r}?")
        return "a word of somebody else"[: schema.get("maxLength")]


def _of_an_upload(names: Names) -> dict[str, str]:
    """What is said of an upload, as each contract spells it."""
    case = {"case_id": names["case_id"], "caseId": names["case_id"]}
    return {"filename": "sent.pdf", "filetype": "application/pdf", **case}


def _can_be(schema: Json, known: str) -> bool:
    """Whether what a name stands for elsewhere is of the kind that is asked for here."""
    return schema.get("format") != "uuid" or bool(_UUID.fullmatch(known)) or known.isdigit()


def _choices(must: set[str], may: set[str]) -> list[set[str]]:
    return [must, *({*must, each} for each in sorted(may - must)), may]


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _parts(body: Json) -> Iterator[tuple[str, tuple[str | None, Any]]]:
    """Text fields first, since a file may be judged by what stands before it."""
    for name, value in sorted(body.items(), key=lambda each: isinstance(each[1], bytes | list)):
        for each in value if isinstance(value, list) else [value]:
            is_file = isinstance(each, bytes)
            yield name, ("sent.pdf" if is_file else None, each if is_file else _text(each))
