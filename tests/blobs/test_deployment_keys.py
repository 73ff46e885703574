"""Deployment keys: how they are written, read and shown."""

from base64 import b64encode, urlsafe_b64encode

import pytest

from casekeep.blobs.deployment_keys import DeploymentKey, new_key_text, read_key

KEY = bytes(range(224, 256))


@pytest.mark.parametrize(
    "text",
    [
        b64encode(KEY).decode(),
        urlsafe_b64encode(KEY).decode(),
        urlsafe_b64encode(KEY).decode().rstrip("="),
        f"  {b64encode(KEY).decode()}\n",
    ],
)
def test_a_key_is_read_however_its_base64_is_written(text: str) -> None:
    assert read_key(text) == DeploymentKey.of(KEY)


def test_what_is_made_is_read_and_never_twice_the_same() -> None:
    made = {read_key(new_key_text()).key for _ in range(50)}
    assert len(made) == 50
    assert {len(each) for each in made} == {32}


@pytest.mark.parametrize("text", ["", "secret", "x" * 42, "x" * 44, "ä" * 43, "!" * 43])
def test_what_is_no_key_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(ValueError, match=r"^a key is 32 bytes in base64$"):
        read_key(text)


def test_a_key_is_never_shown() -> None:
    key = DeploymentKey.of(KEY)
    assert repr(key) == f"DeploymentKey(id={key.id!r})"
    assert len(key.id) == 16
    assert key.id not in KEY.hex()
