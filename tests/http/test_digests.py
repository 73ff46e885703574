"""Digest fields, strictly as RFC 9530 and RFC 9651 have them."""

import base64
import hashlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casekeep.http.digests import digest_field, sha256_in, unwanted
from casekeep.kernel.errors import InputNotValid

ABC = hashlib.sha256(b"abc").digest()
GIVEN = digest_field(ABC)


@pytest.mark.parametrize(
    "values",
    [
        [GIVEN],
        [f"  {GIVEN}  "],
        [f"sha-512=:AAAA:, {GIVEN}"],
        [f"{GIVEN},\tid-sha-256=:AAAA:"],
        ["sha-512=:AAAA:", GIVEN],
        [f"{GIVEN};from=proxy; x"],
        [f"{digest_field(bytes(32))}, {GIVEN}"],
    ],
)
def test_the_sha_256_of_a_field(values: list[str]) -> None:
    assert sha256_in(values, "Repr-Digest") == ABC


@pytest.mark.parametrize("values", [[], [""], ["sha-512=:AAAA:"], ["md5=:AAAA:;q=1"]])
def test_other_algorithms_are_passed_over(values: list[str]) -> None:
    assert sha256_in(values, "Repr-Digest") is None


@pytest.mark.parametrize(
    "value",
    [
        ABC.hex(),
        f"sha-256={base64.b64encode(ABC).decode()}",
        GIVEN.replace("sha-256", "SHA-256"),
        GIVEN + ",",
        f",{GIVEN}",
        f"{GIVEN} {GIVEN}",
        f"sha-256=:{base64.b64encode(ABC[:31]).decode()}:",
        "sha-256=::",
        "sha-256=:A:",
        "sha-256=:",
        "sha-256=1",
        "sha-256",
        f"sha-256=:{base64.urlsafe_b64encode(bytes([255] * 32)).decode()}:",
        "sha-512=1",
        "\u00e9=:AAAA:",
    ],
)
def test_what_is_no_digest_field_is_refused(value: str) -> None:
    with pytest.raises(InputNotValid, match="Content-Digest must be"):
        sha256_in([value], "Content-Digest")


@given(st.binary(min_size=32, max_size=32))
def test_what_is_sent_can_be_read(sha256: bytes) -> None:
    assert sha256_in([digest_field(sha256)], "Repr-Digest") == sha256


@given(st.text(st.characters(max_codepoint=255), max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(InputNotValid):
        assert sha256_in([text], "Repr-Digest") is None


@pytest.mark.parametrize(
    ("wanted", "answer"),
    [
        (None, False),
        ("sha-256=10", False),
        ("sha-512=3", False),
        ("sha-256=0", True),
        ("sha-512=10, sha-256=0", True),
        ("sha-256=", False),
        ("nonsense=", False),
    ],
)
def test_what_a_client_wants(wanted: str | None, answer: bool) -> None:
    assert unwanted(wanted) is answer
