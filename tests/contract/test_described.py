"""Both OpenAPI documents, read as somebody who has nothing else: everything is described, every
answer has an example, and no example is made up. A new route needs nothing but its words.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from casekeep.clinician_api import app as clinician_app
from casekeep.http.describing import METHODS
from casekeep.portal_api import app as portal_app
from tests.support.openapi import Call, Json, calls_of

HERE = Path(__file__).parent
DOCUMENTS = {"clinician": clinician_app.openapi(), "portal": portal_app.openapi()}
CALLS = [(edge, call) for edge, document in DOCUMENTS.items() for call in calls_of(document)]
BYTES = {"*/*", "application/zip"}  # an example of a file would tell nothing
_PHRASES = ("Request fulfilled", "Document created", "Additional response")

each_call = pytest.mark.parametrize(("edge", "call"), CALLS, ids=[str(call) for _, call in CALLS])


def contents(call: Call) -> Iterator[tuple[str, Json]]:
    """Where there is a body: the question's, and every answer's."""
    for kind, given in call.operation.get("requestBody", {}).get("content", {}).items():
        yield f"the body as {kind}", given
    for status, answer in call.operation["responses"].items():
        for kind, given in answer.get("content", {}).items():
            if kind not in BYTES:
                yield status, given


def examples(given: Json) -> list[Any]:
    """The examples of a body."""
    if "example" in given:
        return [given["example"]]
    return [each["value"] for each in given.get("examples", {}).values()]


def errors(call: Call, schema: Json, value: object) -> list[str]:
    """Where a value is not what its schema says."""
    whole = {**schema, "components": call.document["components"]}
    checker = Draft202012Validator.FORMAT_CHECKER
    found = Draft202012Validator(whole, format_checker=checker).iter_errors(value)
    return [f"{error.json_path}: {error.message}" for error in found]


@each_call
def test_a_call_says_what_it_is_for(edge: str, call: Call) -> None:
    for field in ("summary", "description", "operationId", "tags"):
        assert call.operation.get(field), field
    chapters = {each["name"] for each in call.document["tags"]}
    assert set(call.operation["tags"]) <= chapters
    for status, answer in call.operation["responses"].items():
        assert not answer["description"].startswith(_PHRASES), status


@each_call
def test_every_parameter_and_field_is_described(edge: str, call: Call) -> None:
    plain = [each["name"] for each in call.operation.get("parameters", []) if not told(each)]
    for where, given in contents(call):
        fields = call.resolved(given["schema"]).get("properties", {})
        plain += [f"{name} of {where}" for name, each in fields.items() if not told(each)]
    assert not plain, f"add their words to {edge}_api/wording.py"


@pytest.mark.parametrize("edge", DOCUMENTS)
def test_every_field_of_a_schema_is_described(edge: str) -> None:
    plain = [
        f"{schema}.{name}"
        for schema, described in DOCUMENTS[edge]["components"]["schemas"].items()
        for name, each in described.get("properties", {}).items()
        if not told(each)
    ]
    assert not plain, f"add their words to {edge}_api/wording.py"


def told(described: Json) -> bool:
    return bool(described.get("description"))


@each_call
def test_every_body_has_an_example_and_examples_are_true(edge: str, call: Call) -> None:
    for where, given in contents(call):
        found = examples(given)
        assert found, f"{where}: no example; add values to {edge}_api/wording.py"
        for example in found:
            assert not errors(call, given["schema"], example), where
    for each in call.operation.get("parameters", []):
        assert "example" in each, each["name"]
        assert not errors(call, each["schema"], each["example"]), each["name"]


@each_call
def test_successes_are_shaped_like_golden_documents(edge: str, call: Call) -> None:
    golden = list(goldens(edge))
    for status, answer in call.operation["responses"].items():
        given = answer.get("content", {}).get("application/json")
        if not status.startswith("2") or given is None:
            continue
        for example in examples(given):
            bodies = [each["body"] for each in golden if str(each["status"]) == status]
            assert any(fits(example, body) for body in bodies), f"{status}: {example}"


def goldens(edge: str) -> Iterator[Json]:
    for path in sorted((HERE / edge).glob("*.json")):
        yield json.loads(path.read_text("utf-8"))


def fits(example: Any, golden: Any) -> bool:
    """The same keys in the same order, at every depth. A placeholder stands for anything."""
    if example is None or golden is None or isinstance(golden, str):
        return not isinstance(example, dict | list)
    if isinstance(golden, dict):
        if not isinstance(example, dict) or list(example) != list(golden):
            return False
        return all(fits(example[key], golden[key]) for key in golden)
    if isinstance(golden, list):
        return isinstance(example, list) and all(
            golden and fits(each, golden[0]) for each in example
        )
    return type(example) is type(golden)


@pytest.mark.parametrize("edge", DOCUMENTS)
def test_links_lead_to_calls(edge: str) -> None:
    calls = {call.operation["operationId"]: call for call in calls_of(DOCUMENTS[edge])}
    links = [
        link
        for call in calls.values()
        for answer in call.operation["responses"].values()
        for link in answer.get("links", {}).values()
    ]
    assert links
    for link in links:
        target = calls[link["operationId"]]
        known = {each["name"] for each in target.operation.get("parameters", [])}
        assert set(link.get("parameters", {})) <= known
        if "requestBody" in link:
            assert target.body is not None
            assert set(link["requestBody"]) <= set(target.resolved(target.body[1])["properties"])


def test_methods_are_those_of_a_document() -> None:
    documented = {
        key for each in DOCUMENTS.values() for item in each["paths"].values() for key in item
    }
    assert documented <= set(METHODS)


@pytest.mark.parametrize("number", [0, 3, 2.5])
@pytest.mark.parametrize("schema", ["AnsweredQuestion", "FormResponse"])
def test_a_number_is_an_answer_of_one_kind(schema: str, number: float) -> None:
    document = DOCUMENTS["portal"]
    (call, *_) = calls_of(document)
    answer = document["components"]["schemas"][schema]["properties"]["answer"]
    assert not errors(call, answer, number)
