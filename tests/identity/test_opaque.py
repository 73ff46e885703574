from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casekeep.identity.opaque import Form, new_opaque, read_opaque
from casekeep.kernel.ids import OrganizationId


@given(st.uuids(), st.sampled_from(Form))
def test_a_secret_carries_its_organisation_and_the_digest_that_is_kept(
    organization: UUID, form: Form
) -> None:
    text, digest = new_opaque(OrganizationId(organization), form)
    read = read_opaque(text, form)
    assert read is not None
    assert (read.organization_id, read.digest) == (organization, digest)
    other = Form.API_KEY if form is Form.REFRESH_TOKEN else Form.REFRESH_TOKEN
    assert read_opaque(text, other) is None


def test_an_api_key_has_the_form_that_scanners_look_for() -> None:
    text, _ = new_opaque(OrganizationId(UUID(int=0)), Form.API_KEY)
    assert text.startswith("ck_0000000000000000000000_")
    assert len(text) == 3 + 22 + 1 + 43


def test_no_two_are_alike() -> None:
    organization = OrganizationId(UUID(int=7))
    assert len({new_opaque(organization, Form.REFRESH_TOKEN)[0] for _ in range(100)}) == 100


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ck_",
        "ck_" + "z" * 22 + "_" + "a" * 43,  # more than 128 bits of organisation
        "ck_" + "0" * 22 + "_" + "a" * 42,
        "ck_" + "0" * 22 + "_" + "a" * 43 + "\n",
        "ck_" + "٣" * 22 + "_" + "a" * 43,  # digits, and none of ours
        "\ud800",
    ],
)
def test_anything_else_is_nothing(text: str) -> None:
    assert read_opaque(text, Form.API_KEY) is None


@given(st.text(max_size=80))
def test_no_text_is_too_strange_to_be_refused(text: str) -> None:
    assert read_opaque(text, Form.API_KEY) is None
