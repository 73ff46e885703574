"""What the types cannot say in the OpenAPI document: the multipart forms, field by field."""

from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType

_BINARY = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY)
_TEXT = Schema(type=OpenAPIType.STRING, min_length=1)
_FILES = Schema(type=OpenAPIType.ARRAY, items=_BINARY)


def _form(required: list[str], properties: dict[str, Schema]) -> RequestBody:
    schema = Schema(type=OpenAPIType.OBJECT, required=required, properties=dict(properties))
    return RequestBody(required=True, content={"multipart/form-data": OpenAPIMediaType(schema)})


class CreateCaseOperation(Operation):
    """`POST /cases/create_case`: the form of a new case."""

    def __post_init__(self) -> None:
        self.request_body = _form(
            ["patient_name", "patient_age", "patient_gender"],
            {
                "patient_name": _TEXT,
                "patient_age": Schema(type=OpenAPIType.INTEGER, minimum=0, maximum=150),
                "patient_gender": _TEXT,
                "case_summary": _TEXT,
                "user_id": Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.UUID),
                "patient_email": Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.EMAIL),
                "patient_phone": _TEXT,
                "lab_files": _FILES,
                "radiology_files": _FILES,
            },
        )


class UploadOperation(Operation):
    """`POST /cases/upload`: one file and where it belongs."""

    def __post_init__(self) -> None:
        self.request_body = _form(
            ["case_id", "file"],
            {
                "case_id": _TEXT,
                "file": _BINARY,
                "category": Schema(
                    type=OpenAPIType.STRING, enum=["lab", "radiology"], default="lab"
                ),
                "is_phi": Schema(type=OpenAPIType.BOOLEAN, default=True),
                "is_restricted": Schema(type=OpenAPIType.BOOLEAN, default=False),
            },
        )
