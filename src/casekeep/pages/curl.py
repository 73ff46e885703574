"""A call as a line for the shell, made from the document's own examples."""

import json
import shlex
from typing import Any
from urllib.parse import quote, urlencode

ORIGIN = "{origin}"
"""Stands for where the server is, which a document does not know."""

Json = dict[str, Any]


def curl_line(document: Json, method: str, path: str, operation: Json) -> str:
    """The line, over several rows; tokens and keys are shell variables."""
    parameters: list[Json] = operation.get("parameters", [])
    for each in parameters:
        if each["in"] == "path":
            value = quote(str(each.get("example", "")), safe="")
            path = path.replace(f"{{{each['name']}}}", value)
    # A query behind a POST says what is to be done; behind a GET it narrows, if it may be left out.
    query = {
        each["name"]: each.get("example", "")
        for each in parameters
        if each["in"] == "query" and (each.get("required") or method == "POST")
    }
    url = ORIGIN + path + (f"?{urlencode(query)}" if query else "")
    rows = [*_proofs(document, operation), *_fields(parameters), *_body(operation)]
    return " \\\n  ".join([f"curl {_verb(method, operation)}'{url}'", *rows])


def _verb(method: str, operation: Json) -> str:
    """What tells the method, where curl would not take it from the rest of the line."""
    if method == "HEAD":
        return "-I "  # with -X, curl would wait for a body
    if method == "GET" or (method == "POST" and _body(operation)):
        return ""
    return f"-X {method} "


def _proofs(document: Json, operation: Json) -> list[str]:
    schemes: Json = document["components"].get("securitySchemes", {})
    wanted = [schemes[name] for each in operation.get("security", ()) for name in each]
    return [
        f'-H "{each["name"]}: $KEY"'
        if each["type"] == "apiKey"
        else '-H "Authorization: Bearer $TOKEN"'
        for each in wanted
    ]


def _fields(parameters: list[Json]) -> list[str]:
    """The header fields that a call must have."""
    return [
        "-H " + shlex.quote(f"{each['name']}: {each['example']}")
        for each in parameters
        if each["in"] == "header" and each.get("required")
    ]


def _body(operation: Json) -> list[str]:
    content: Json = operation.get("requestBody", {}).get("content", {})
    for kind, given in content.items():
        example = given.get("example")
        if kind == "application/json" and example is not None:
            text = json.dumps(example, ensure_ascii=False)
            return ["-H 'Content-Type: application/json'", f"-d {shlex.quote(text)}"]
        if isinstance(example, str):
            return [f"-H 'Content-Type: {kind}'", "--data-binary @part"]
        if example is not None:
            properties: Json = given["schema"].get("properties", {})
            return [
                f"-F {shlex.quote(_field(name, value, properties.get(name, {})))}"
                for name, value in example.items()
            ]
    return []


def _field(name: str, value: Any, schema: Json) -> str:  # noqa: ANN401 - JSON
    """A form's field: a file is named, and sent from there."""
    if "items" in schema:
        return _field(name, value[0], schema["items"])
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"{name}=@{text}" if schema.get("format") == "binary" else f"{name}={text}"
