import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casekeep.kernel.errors import InputNotValid
from casekeep.kernel.ids import CaseId, FileId, OrganizationId, new_id
from casekeep.retention.certificates import (
    Certificates,
    canonical,
    check_certificate,
    key_id,
    published_keys,
    read_public_keys,
)
from casekeep.retention.model import Destruction, Reason
from tests.architecture.source import ROOT

SIGNER, OTHER = Certificates(bytes(range(32))), Certificates(bytes(32))
AT = datetime(2026, 5, 1, 8, 0, 0, 999_999, tzinfo=UTC)
HOWTO = ROOT / "docs/howto/holds-and-retention.md"


def signed(name: str = "Häfen-Klinik \u2764", signer: Certificates = SIGNER) -> str:
    what = Destruction(
        FileId(new_id()), CaseId(new_id()), 3, bytes(32), AT, AT, None, Reason.TRASH, AT, None
    )
    return signer.certify((OrganizationId(new_id()), name), what, AT)


def test_a_certificate_fits_the_key_it_is_signed_with_and_no_other() -> None:
    document = signed().encode()
    checked = check_certificate(document, {OTHER.public_key, SIGNER.public_key})
    assert checked.is_known_key
    assert checked.certificate["destruction"]["bytes_destroyed_at"] == "2026-05-01T08:00:00Z"
    assert not check_certificate(document, None).is_known_key
    with pytest.raises(InputNotValid, match="another key"):
        check_certificate(document, {OTHER.public_key})


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ('"size":3', '"size":4'),
        ('"reason":"trash"', '"reason":"command"'),
        ("Klinik", "Praxis"),
        ('"version":1', '"version":1,"x":null'),
        ('"removed_by":null', '"removed_by":"x"'),
    ],
)
def test_whatever_is_altered_is_found(was: str, now: str) -> None:
    document = signed()
    assert was in document
    with pytest.raises(InputNotValid, match="altered"):
        check_certificate(document.replace(was, now).encode(), {SIGNER.public_key})


def test_white_space_and_order_are_nobody_s_business() -> None:
    document = json.loads(signed())
    turned = dict(reversed(document["certificate"].items()))
    pretty = json.dumps({**document, "certificate": turned}, indent=2)
    assert check_certificate(pretty.encode(), {SIGNER.public_key}).is_known_key


@pytest.mark.parametrize(
    "document",
    [b"", b"{}", b"[]", b"null", b"\xff", b"[" * 100_000, b'{"certificate":1,"signature":{}}'],
)
def test_what_is_no_certificate_is_told_so(document: bytes) -> None:
    with pytest.raises(InputNotValid, match="no certificate"):
        check_certificate(document, None)


def test_what_cannot_be_written_fits_no_signature() -> None:
    document = json.loads(signed())
    document["certificate"]["organization"]["name"] = "\ud800"
    with pytest.raises(InputNotValid, match="altered"):
        check_certificate(json.dumps(document).encode(), None)


@pytest.mark.parametrize("text", ["", "é", "{", '{"keys": []}', '{"keys": [{"public_key": 5}]}'])
def test_what_is_no_key_is_told_so(text: str) -> None:
    with pytest.raises(InputNotValid, match="key is none"):
        read_public_keys(text)


@given(st.text())
def test_any_name_is_signed_as_it_is(name: str) -> None:
    if name.encode("utf-16", "surrogatepass").decode("utf-16", "replace") == name:
        assert check_certificate(signed(name).encode(), {SIGNER.public_key}).is_known_key


def test_the_one_way_to_write_it_is_that_of_rfc_8785() -> None:
    """The control characters, quotes and literals of its section 3.2.2, and order of 3.2.3."""
    value = {"b": '\u20ac$\u000f\nA\'B"\\\\"/', "a": {"z": None, "y": 1}}
    assert canonical(value) == (
        '{"a":{"y":1,"z":null},"b":"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'.encode()
    )


def test_a_key_is_read_as_it_is_printed_and_as_it_is_published() -> None:
    published = published_keys([SIGNER.public_key])
    (key,) = published["keys"]
    assert key["key_id"] == key_id(SIGNER.public_key)
    for text in (json.dumps(published), key["public_key"], f" {key['public_key']}\n"):
        assert read_public_keys(text) == {SIGNER.public_key}
    several = json.dumps(published_keys([OTHER.public_key, SIGNER.public_key]))
    assert read_public_keys(several) == {SIGNER.public_key, OTHER.public_key}
    for text in ("", "a key", "AAAA", "{}", '{"keys":[]}', '{"keys":[{"public_key":1}]}', "{"):
        with pytest.raises(InputNotValid):
            read_public_keys(text)


def test_the_verifier_of_the_documents_verifies(tmp_path: Path) -> None:
    (program,) = re.findall(r"```python\n(.*?)```", HOWTO.read_text("utf-8"), re.DOTALL)
    assert len([line for line in program.splitlines() if line]) <= 15
    files = [tmp_path / name for name in ("verify.py", "certificate.json", "keys.json")]
    altered = signed().replace('"size":3', '"size":4')
    for document, fits in ((signed(), True), (altered, False), (signed(signer=OTHER), False)):
        keys = json.dumps(published_keys([SIGNER.public_key]))
        for file, text in zip(files, (program, document, keys), strict=True):
            file.write_text(text, "utf-8")
        done = subprocess.run(
            [sys.executable, *map(str, files)], capture_output=True, text=True, check=False
        )
        assert (done.returncode == 0) == fits, done.stderr
        assert ("was destroyed" in done.stdout) == fits
