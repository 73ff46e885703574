"""The clinician's OpenAPI document: every call, every field of its forms, every status."""

from typing import Any

import httpx
import pytest

from casekeep.http.house import House

DOWNLOADS = [
    *(f"/{each}/{{case_id}}/{{name}}" for each in ("lab_files", "radiology_files", "files")),
    "/documents/{file_id}",
]
BYTES = {"200", "206", "304", "401", "404", "412", "416", "500", "503"}
ONE = {"200", "401", "403", "404", "422", "500"}
SENT = {
    *("204", "400", "401", "404", "409", "410", "412", "413", "415", "422", "423", "460", "500"),
    "503",
}
"""Of a call that brings bytes to a resumable upload."""
CALLS = {
    ("/auth/v1/token", "post"): {"200", "400", "413", "422", "429", "500"},
    ("/auth/v1/user", "get"): {"200", "401", "500"},
    ("/auth/v1/logout", "post"): {"204", "401", "422", "500"},
    ("/cases/create_case", "post"): {
        *("201", "400", "401", "403", "413", "415", "422", "500", "503")
    },
    ("/cases/files/{case_id}", "get"): {*("200", "304", "401", "403", "404", "412", "422", "500")},
    ("/cases/upload", "post"): {
        *("201", "400", "401", "403", "404", "413", "415", "422", "500", "503")
    },
    ("/admin/webhooks", "get"): {"200", "401", "403", "500"},
    ("/admin/webhooks/{webhook_id}/deliveries", "get"): {
        *("200", "401", "403", "404", "422", "500")
    },
    ("/admin/deliveries/{delivery_id}/replay", "post"): {
        *("200", "400", "401", "403", "404", "422", "500")
    },
    ("/cases/all_cases", "get"): {"200", "401", "403", "422", "500"},
    ("/cases/cases/{case_id}", "get"): ONE,
    ("/cases/cases/{case_id}", "put"): ONE | {"400", "413"},
    ("/cases/cases/{case_id}", "delete"): ONE | {"409"},
    ("/cases/cases/{case_id}/restore", "post"): ONE,
    ("/cases/{case_id}/export", "get"): ONE,
    ("/cases/analyze/{case_id}", "post"): ONE - {"200"} | {"202"},
    ("/cases/documents/{case_id}", "get"): ONE,
    ("/cases/file/{file_id}", "get"): ONE,
    ("/cases/file/{file_id}", "patch"): ONE | {"400", "409", "413"},
    ("/cases/file/{file_id}", "delete"): ONE | {"409"},
    ("/cases/file/{file_id}/restore", "post"): ONE,
    ("/cases/trash", "get"): {"200", "401", "403", "500"},
    ("/admin/holds", "get"): {"200", "401", "403", "422", "500"},
    ("/admin/holds", "post"): ONE - {"200"} | {"201", "400", "413"},
    ("/admin/holds/{hold_id}/lift", "post"): ONE,
    ("/admin/files/{file_id}/certificate", "get"): ONE,
    ("/admin/findings", "get"): {"200", "401", "403", "422", "500"},
    ("/uploads", "options"): {"204", "401", "500"},
    ("/uploads", "post"): SENT - {"204", "409"} | {"201", "403"},
    ("/uploads/{upload_id}", "head"): {
        *("200", "400", "401", "404", "410", "412", "422", "423", "500", "503")
    },
    ("/uploads/{upload_id}", "patch"): SENT,
    ("/uploads/{upload_id}", "delete"): {*("204", "400", "401", "404", "410", "412", "422", "500")},
    ("/uploads/{upload_id}", "post"): SENT | {"405"},
    ("/uploads/{upload_id}/case", "post"): SENT - {"409"} | {"403"},
    **{(path, method): BYTES for path in DOWNLOADS for method in ("get", "head")},
}
FORMS = {
    "/cases/create_case": {
        *("patient_name", "patient_age", "patient_gender", "user_id", "case_summary"),
        *("patient_email", "patient_phone", "lab_files", "radiology_files"),
    },
    "/cases/upload": {"case_id", "file", "category", "is_phi", "is_restricted", "user_id"},
}


@pytest.fixture
async def document(root: httpx.AsyncClient) -> Any:
    answer = await root.get("/openapi.json")
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


async def test_every_refusal_has_its_shape(document: Any) -> None:
    shapes = {"422": "FieldsRefused"}
    for (path, method), statuses in CALLS.items():
        for status in statuses - {"200", "201", "202", "204", "206", "304", "412", "416"}:
            content = document["paths"][path][method]["responses"][status]["content"]
            grant = (path, status) == ("/auth/v1/token", "400")
            shape = "GrantError" if grant else shapes.get(status, "Refusal")
            schema = content["application/json"]["schema"]
            assert schema == {"$ref": f"#/components/schemas/{shape}"}


async def test_the_forms_field_by_field(document: Any) -> None:
    for path, fields in FORMS.items():
        body = document["paths"][path]["post"]["requestBody"]
        schema = body["content"]["multipart/form-data"]["schema"]
        assert set(schema["properties"]) == fields
    age = document["paths"]["/cases/create_case"]["post"]["requestBody"]["content"]
    age = age["multipart/form-data"]["schema"]["properties"]["patient_age"]
    assert (age["minimum"], age["maximum"]) == (0, 150)


async def test_every_call_but_signing_in_wants_a_token(document: Any) -> None:
    for path, method in CALLS:
        security = document["paths"][path][method].get("security")
        assert security == (None if path == "/auth/v1/token" else [{"bearer": []}])
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"


async def test_the_front_page_leads_to_the_document(house: House, root: httpx.AsyncClient) -> None:
    page = await root.get("/")
    assert 'href="/openapi.json"' in page.text
