"""What both contracts write alike."""

from uuid import UUID

import pytest

from casekeep.http.reading import uuid_in

ID = "a1b2c3d4-5678-40ab-8def-1234567890ab"


def test_a_uuid_in_its_usual_form_is_read() -> None:
    assert uuid_in(ID) == uuid_in(ID.upper()) == UUID(ID)


@pytest.mark.parametrize(
    "text",
    ["", "x", f"{{{ID}}}", f"urn:uuid:{ID}", ID.replace("-", ""), f" {ID}", f"{ID}\n", f"{ID}0",
     ID[:-1] + "g", ID[:-1] + "\u0661", "a1b2c3d45678-40ab-8def-1234567890ab-"],
)  # fmt: skip
def test_any_other_form_is_none(text: str) -> None:
    assert uuid_in(text) is None
