"""The portal's OpenAPI document: every call, every field, every status."""

from typing import Any

import httpx
import pytest

from casekeep.http.house import House
from tests.support.house import signed_in_patient
from tests.support.partner import CASES, DETAIL, LATEST, OPEN
from tests.support.portal import AUTH, CHECK_USER, FILES, ME, USERS, keep_row
from tests.support.tus import PORTAL

SENT = {
    *("204", "400", "401", "403", "404", "409", "410", "412", "413", "415", "423", "460", "500"),
    "503",
}
"""Of a call that brings bytes to a resumable upload."""
CALLS = {
    (f"{AUTH}/send-otp", "post"): {"200", "400", "404", "413", "429", "500"},
    (f"{AUTH}/verify-otp", "post"): {"200", "400", "401", "404", "413", "429", "500"},
    (f"{AUTH}/refresh-token", "post"): {"200", "400", "401", "404", "413", "500"},
    (f"{AUTH}/logout", "post"): {"200", "400", "404", "413", "500"},
    (ME, "get"): {"200", "400", "401", "500"},
    (ME, "patch"): {"200", "400", "401", "413", "429", "500"},
    (USERS, "get"): {"200", "400", "401", "500"},
    (USERS, "post"): {"200", "400", "401", "404", "413", "500"},
    (CHECK_USER, "get"): {"200", "400", "401", "429", "500"},
    (FILES, "get"): {"200", "400", "401", "403", "500"},
    (f"{FILES}/{{file_id}}/metadata", "get"): {"200", "400", "401", "404", "500"},
    (f"{FILES}/{{file_id}}/metadata", "patch"): {"200", "400", "401", "404", "413", "500"},
    (f"{FILES}/{{file_id}}/download", "get"): {"200", "400", "401", "404", "500"},
    (f"{FILES}/{{file_id}}", "delete"): {"200", "400", "401", "404", "409", "500"},
    (f"{FILES}/upload", "post"): {"200", "400", "401", "403", "413", "429", "500", "503"},
    (CASES, "get"): {"200", "400", "401", "413", "429", "500", "503"},
    (DETAIL, "get"): {"200", "400", "401", "404", "413", "429", "500", "503"},
    (LATEST, "get"): {"200", "400", "401", "404", "500"},
    (OPEN, "post"): {"200", "400", "401", "404", "413", "429", "500", "503"},
    (f"{CASES}/{{case_id}}", "post"): {*("200", "400", "401", "404", "413", "429", "500", "503")},
    ("/api/v1/files/content", "get"): {"200", "400", "404", "500", "503"},
    ("/api/v1/files/content", "head"): {"200", "400", "404", "500", "503"},
    (PORTAL, "options"): {"204", "400", "401", "500"},
    (PORTAL, "post"): SENT - {"204", "404", "409"} | {"201"},
    (f"{PORTAL}/{{upload_id}}", "head"): {
        *("200", "400", "401", "404", "410", "412", "423", "500", "503")
    },
    (f"{PORTAL}/{{upload_id}}", "patch"): SENT,
    (f"{PORTAL}/{{upload_id}}", "delete"): {"204", "400", "401", "404", "410", "412", "500"},
    (f"{PORTAL}/{{upload_id}}", "post"): SENT | {"405"},
}


@pytest.fixture
async def document(portal: httpx.AsyncClient) -> Any:
    answer = await portal.get("/api/v1/openapi.json")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    return answer.json()


async def test_every_call_and_every_status_is_there(document: Any) -> None:
    found = {
        (path, method): set(operation["responses"])
        for path, item in document["paths"].items()
        for method, operation in item.items()
    }

    assert found == CALLS


async def test_every_refusal_has_its_example_in_the_envelope(document: Any) -> None:
    for path, method in CALLS:
        responses = document["paths"][path][method]["responses"]
        for status in responses.keys() - {"200", "201", "204"}:
            content = responses[status]["content"]["application/json"]
            assert content["schema"] == {"$ref": "#/components/schemas/Refusal"}
            examples = [each["value"] for each in content["examples"].values()]
            assert examples
            for example in examples:
                assert list(example) == ["status", "success", "error", "code"]
                assert example["status"] == int(status)
                assert example["error"]


async def test_what_a_call_wants_as_proof(document: Any) -> None:
    for path, method in CALLS:
        security = document["paths"][path][method].get("security")
        if path.startswith((AUTH, CASES, DETAIL, LATEST, OPEN)) or path in {USERS, CHECK_USER}:
            assert security == [{"apiKey": []}]
        elif path.startswith(ME):
            assert security == [{"apiKey": [], "accessToken": []}]
        else:
            assert security is None
    schemes = document["components"]["securitySchemes"]
    assert (schemes["apiKey"]["in"], schemes["apiKey"]["name"]) == ("header", "cv-api-key")
    assert (schemes["accessToken"]["type"], schemes["accessToken"]["scheme"]) == ("http", "bearer")


async def test_the_query_of_the_list(document: Any) -> None:
    parameters = {
        each["name"]: (each["in"], each["required"], each["schema"])
        for each in document["paths"][FILES]["get"]["parameters"]
    }

    assert set(parameters) == {"caseId", "type", "limit", "after"}
    assert all(where == "query" and not must for where, must, _ in parameters.values())
    assert parameters["caseId"][2]["format"] == "uuid"
    assert parameters["type"][2]["enum"] == ["phi", "general"]
    assert parameters["limit"][2]["type"] == "integer"
    assert (parameters["limit"][2]["minimum"], parameters["limit"][2]["maximum"]) == (1, 200)


async def test_the_document_has_the_fields_that_are_sent(
    house: House, portal: httpx.AsyncClient, document: Any
) -> None:
    patient = await signed_in_patient(house)
    await keep_row(house, await patient.case(), uploaded_by=patient.user.id)
    await keep_row(house, await patient.case(), uploaded_by=None)
    schemas = document["components"]["schemas"]
    page = await portal.get(FILES, headers=patient.headers, params={"limit": "1"})
    content = document["paths"][FILES]["get"]["responses"]["200"]["content"]

    complaints = disagreements(content["application/json"]["schema"], page.json(), schemas)

    assert not complaints
    assert set(schemas["Attachment"]["properties"]) == set(schemas["Attachment"]["required"])
    assert schemas["Attachment"]["properties"]["createdAt"]["format"] == "date-time"


def disagreements(schema: Any, value: Any, schemas: Any, at: str = "$") -> list[str]:
    """Keys that are sent and not described, or required and not sent, at every depth."""
    if "$ref" in schema:
        return disagreements(schemas[schema["$ref"].rpartition("/")[2]], value, schemas, at)
    if "oneOf" in schema:
        found = [disagreements(each, value, schemas, at) for each in schema["oneOf"]]
        return min(found, key=len)
    if schema.get("type") == "array":
        members = [disagreements(schema["items"], each, schemas, f"{at}[]") for each in value]
        return [complaint for each in members for complaint in each]
    if schema.get("type") != "object":
        null = schema.get("type") == "null"
        return [] if null == (value is None) else [f"{at}: {value!r} is not {schema['type']}"]
    if not isinstance(value, dict):
        return [f"{at}: not an object"]
    found = [f"{at}.{key}: not sent" for key in schema["required"] if key not in value]
    for key, member in value.items():
        if key in schema["properties"]:
            found += disagreements(schema["properties"][key], member, schemas, f"{at}.{key}")
        else:
            found.append(f"{at}.{key}: not described")
    return found
