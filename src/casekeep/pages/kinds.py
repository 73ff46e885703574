"""What a schema takes, in words."""

from typing import Any

Json = dict[str, Any]
_FORMATS = {
    "uuid": "UUID",
    "date-time": "time",
    "date": "date",
    "email": "email address",
    "binary": "file",
    "uri": "URL",
}
_TYPES = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "object": "object",
    "null": "null",
}
_BOUNDS = (
    ("minimum", "at least {}"),
    ("maximum", "at most {}"),
    ("maxLength", "at most {} characters"),
    ("pattern", "matching {}"),
)


def referred(document: Json, schema: Json) -> Json:
    """The schema behind a reference, or the one beside null."""
    while True:
        members = [each for each in schema.get("oneOf", ()) if each.get("type") != "null"]
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            schema = document["components"]["schemas"][name]
        elif members:
            schema = members[0]
        else:
            return schema


def kind_of(document: Json, schema: Json) -> str:
    """A short text: `UUID or null`, `list of objects`, `whole number, at most 200`."""
    inner = referred(document, schema)
    bounds = [
        words.format(each[key])
        for each in ([schema] if inner is schema else [schema, inner])
        for key, words in _BOUNDS
        if key in each
    ]
    nothing = any(each.get("type") == "null" for each in schema.get("oneOf", ()))
    return ", ".join([_plain_kind(document, inner), *bounds]) + (" or null" if nothing else "")


def _plain_kind(document: Json, schema: Json) -> str:
    if "const" in schema:
        return str(schema["const"]).lower()
    if "enum" in schema:
        return "one of " + ", ".join(str(each) for each in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {kind_of(document, schema['items'])}s"
    return _FORMATS.get(schema.get("format", ""), _TYPES.get(schema.get("type", ""), "anything"))
