"""A large blob into the vault and out of it again, beside what could be reached at best: `cp` with
fsync, `openssl dgst -sha256`, `cat`, and the same store without sealing; interleaved.

    python -m benchmarks.sealing [--mib 1024] [--rounds 3] [--folder /srv/scratch]

Needs `openssl` on the machine. No server and no database take part: it is the store alone.
"""

import argparse
import asyncio
import os
import resource
import statistics
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from casekeep.blobs.local import LocalStore
from casekeep.blobs.organization_keys import OrganizationKey, new_organization_key
from casekeep.blobs.store import BlobKey, BlobStore, Seal
from casekeep.blobs.vault import Vault
from casekeep.kernel.ids import FileId, OrganizationId, new_id

MIB = 1 << 20
PIECE = 1 << 18
"""Bytes that arrive at once, as a server's socket gives them."""


class OneKey:
    """One organisation's key, and no seals but those that the vault remembers itself."""

    def __init__(self) -> None:
        self._key = new_organization_key()

    async def current(self, organization_id: OrganizationId) -> OrganizationKey:  # noqa: ARG002 - one for all
        return self._key

    async def find_seal(self, blob: BlobKey) -> tuple[Seal, OrganizationKey] | None:  # noqa: ARG002 - none
        return None


def timed(*words: str) -> float:
    began = time.perf_counter()
    subprocess.run(words, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


async def write(store: BlobStore, key: BlobKey, source: Path) -> float:
    began = time.perf_counter()
    async with store.receive(key) as writer:
        with source.open("rb", buffering=0) as file:
            while piece := file.read(PIECE):
                await writer.write(piece)
        await writer.finish()
    return time.perf_counter() - began


async def read(store: BlobStore, key: BlobKey, size: int) -> float:
    began = time.perf_counter()
    with open(os.devnull, "wb", buffering=0) as nowhere:  # noqa: PTH123, ASYNC230 - takes all at once
        async for piece in store.read(key, 0, size):
            nowhere.write(piece)
    return time.perf_counter() - began


def row(name: str, ours: Sequence[float], limit: Sequence[float], mib: int, beside: str) -> None:
    """One line: both speeds and their ratio, round by round."""
    ratios = [b / a for a, b in zip(ours, limit, strict=True)]
    print(
        f"{name:<14} {mib / statistics.median(ours):>7.0f} MiB/s   {beside:<22} "
        f"{mib / statistics.median(limit):>7.0f} MiB/s   ratio {statistics.median(ratios):.3f}"
        f" ({min(ratios):.3f}-{max(ratios):.3f})"
    )


async def measure(folder: Path, mib: int, rounds: int) -> None:
    source, target = folder / "source", folder / "target"
    with source.open("wb") as file:
        for _ in range(mib):
            file.write(os.urandom(MIB))
    plain = LocalStore(folder / "plain")
    vault = Vault(LocalStore(folder / "sealed"), OneKey())
    times: dict[str, list[float]] = {}
    for _ in range(rounds):
        key = BlobKey(OrganizationId(new_id()), FileId(new_id()))
        taken = {
            "sealed in": await write(vault, key, source),
            "cp": timed("sh", "-c", f"cp {source} {target} && sync -d {target}"),
            "openssl": timed("openssl", "dgst", "-sha256", str(source)),
            "plain in": await write(plain, key, source),
            "sealed out": await read(vault, key, mib * MIB),
            "cat": timed("sh", "-c", f"cat {target} > /dev/null"),
            "plain out": await read(plain, key, mib * MIB),
        }
        for name, seconds in taken.items():
            times.setdefault(name, []).append(seconds)
        target.unlink()
        await vault.delete(key)
        await plain.delete(key)
    for ours, limit, beside in (
        ("sealed in", "cp", "cp + fsync"),
        ("sealed in", "openssl", "openssl dgst -sha256"),
        ("sealed in", "plain in", "the store, unsealed"),
        ("sealed out", "cat", "cat > /dev/null"),
        ("sealed out", "plain out", "the store, unsealed"),
    ):
        row(ours, times[ours], times[limit], mib, beside)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"most memory: {peak:.0f} MiB")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mib", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", default=None)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="casekeep-sealing-", dir=chosen.folder) as folder:
        asyncio.run(measure(Path(folder), chosen.mib, chosen.rounds))


if __name__ == "__main__":
    main()
