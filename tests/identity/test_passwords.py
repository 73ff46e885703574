import time
from statistics import median

import pytest
from argon2 import PasswordHasher, extract_parameters

from casekeep.identity import passwords
from casekeep.identity.passwords import hash_password, verify_password
from casekeep.kernel.errors import InputNotValid


async def test_only_the_right_password_is_right() -> None:
    kept = await hash_password("correct horse battery")
    assert await verify_password(kept, "correct horse battery")
    assert not await verify_password(kept, "correct horse batterY")
    assert not await verify_password(kept, "")
    assert not await verify_password(kept, "\ud800\x00")


async def test_every_keyboard_types_the_same_password() -> None:
    kept = await hash_password("Übergröße-1234")
    assert await verify_password(kept, "Übergröße-1234")


async def test_hashes_are_argon2id_with_the_parameters_of_the_dummy() -> None:
    kept = extract_parameters(await hash_password("whatever it is"))
    assert (kept.memory_cost, kept.time_cost, kept.parallelism) == (19456, 2, 1)
    assert kept == extract_parameters(passwords._NOBODYS)
    assert PasswordHasher(2, 19456, 1).check_needs_rehash(passwords._NOBODYS) is False


async def test_no_account_means_no_match_and_the_same_work() -> None:
    kept = await hash_password("correct horse battery")

    async def cost(password_hash: str | None) -> float:
        began = time.perf_counter()
        assert not await verify_password(password_hash, "wrong")
        return time.perf_counter() - began

    pairs = [(await cost(kept), await cost(None)) for _ in range(9)]
    assert 0.4 < median(known for known, _ in pairs) / median(other for _, other in pairs) < 2.5


async def test_a_hash_that_is_none_matches_nothing() -> None:
    assert not await verify_password("not a hash", "whatever")


@pytest.mark.parametrize("password", ["", "seven77", "x" * 1025])
async def test_too_short_or_too_long_is_refused(password: str) -> None:
    with pytest.raises(InputNotValid, match="8 to 1024"):
        await hash_password(password)
