"""Hashes and checks passwords, off the event loop. A check costs the same whether or not there is
an account behind it; a password is never kept, logged or returned.
"""

import asyncio
import unicodedata
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from casekeep.kernel.errors import InputNotValid

SHORTEST = 8
LONGEST = 1024

# OWASP's password storage guidance: argon2id, 19 MiB, two passes, one lane.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)

# A hash in the same format, of a random password that nobody kept: checked where there is none.
_NOBODYS = (
    "$argon2id$v=19$m=19456,t=2,p=1$XzpRfZyrtOz/0qyT7dJJgA"
    "$KDxFgvTBBMKqOmpw4gyevIipeSTtUXJ94HFuwNS2Xzc"
)

# Two at once: each takes 19 MiB and a core for some 20 ms, so more would only starve the rest.
_THREADS = ThreadPoolExecutor(max_workers=2, thread_name_prefix="passwords")


async def hash_password(password: str) -> str:
    """The argon2id hash of a new password, in PHC string format.

    Raises InputNotValid when it is shorter than 8 or longer than 1024 characters.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise InputNotValid(f"password must have {SHORTEST} to {LONGEST} characters")
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_THREADS, _HASHER.hash, _plain(password))


async def verify_password(password_hash: str | None, password: str) -> bool:
    """Whether `password` is the one behind the hash; None does the same work and is False."""
    loop = asyncio.get_running_loop()
    matches = await loop.run_in_executor(
        _THREADS, _matches, password_hash or _NOBODYS, _plain(password)
    )
    return matches and password_hash is not None


def _plain(password: str) -> bytes:
    """One spelling of each character, so that every keyboard types the same password (RFC 8265
    asks for NFC; NFKC also folds full-width forms, as NIST SP 800-63B allows).
    """
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


def _matches(password_hash: str, plain: bytes) -> bool:
    try:
        return _HASHER.verify(password_hash, plain)
    except (VerificationError, InvalidHashError):
        return False
