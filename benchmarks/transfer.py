"""One large file up and down, beside `cp` with fsync and `cat`, interleaved; and the most memory
that any server process ever held.

    python -m benchmarks.transfer [--mib 1024] [--rounds 3]

Needs `curl` on the machine.
"""

import argparse
import hashlib
import os
import re
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from benchmarks.clinic import Clinic, fresh_name, running_clinic

MIB = 1 << 20


def make_file(path: Path, mib: int) -> str:
    """A PDF by its first bytes, noise after them; its SHA-256."""
    digest = hashlib.sha256()
    with path.open("wb") as file:
        for number in range(mib):
            piece = os.urandom(MIB)
            piece = b"%PDF-1.7\n" + piece[9:] if number == 0 else piece
            file.write(piece)
            digest.update(piece)
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest()


def timed(*words: str) -> tuple[float, str]:
    """Seconds of a command, and what it printed."""
    began = time.perf_counter()
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    return time.perf_counter() - began, done.stdout


def upload(clinic: Clinic, path: Path) -> tuple[float, str]:
    """Seconds of an upload with curl, and the file's `file_url`."""
    seconds, printed = timed(
        *("curl", "-sS", "--fail-with-body", f"{clinic.url}/cases/upload"),
        *("-H", f"Authorization: Bearer {clinic.clinician_token}", "-H", "Expect:"),
        *("-F", f"case_id={clinic.case_number}", "-F", f"file=@{path};filename={fresh_name()}.pdf"),
    )
    found = re.search(r'"file_url":"([^"]+)"', printed)
    assert found, printed
    return seconds, found[1]


def download(clinic: Clinic, file_url: str, target: Path) -> float:
    """Seconds of a download with curl."""
    seconds, _ = timed(
        *("curl", "-sS", "--fail", f"{clinic.url}/{file_url.lstrip('/')}", "-o", str(target)),
        *("-H", f"Authorization: Bearer {clinic.clinician_token}"),
    )
    return seconds


def most_memory(clinic: Clinic) -> list[tuple[str, float]]:
    """The peak resident memory in MiB (VmHWM) of every server process, PostgreSQL left out. Pages
    that processes share are counted in each.
    """
    parent = psutil.Process(clinic.pid)
    processes = [parent, *(p for p in parent.children(recursive=True) if "python" in p.name())]
    peaks: list[tuple[str, float]] = []
    for process in processes:
        status = Path(f"/proc/{process.pid}/status").read_text()
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        words = " ".join(process.cmdline())
        if found and "resource_tracker" not in words:
            kind = "server process" if "spawn_main" in words else "supervisor"
            peaks.append((kind, int(found[1]) / 1024))
    return peaks


def row(name: str, ours: list[float], limit: list[float], mib: int, beside: str) -> None:
    """One line: both speeds and their ratio, round by round."""
    ratios = [b / a for a, b in zip(ours, limit, strict=True)]
    print(
        f"{name:<16} {mib / statistics.median(ours):>7.0f} MiB/s   {beside} "
        f"{mib / statistics.median(limit):>7.0f} MiB/s   ratio {statistics.median(ratios):.3f}"
        f" ({min(ratios):.3f}-{max(ratios):.3f})"
    )


def measure(clinic: Clinic, folder: Path, mib: int, rounds: int) -> dict[str, Any]:
    """Ours and the limit in turn."""
    source, target = folder / "source.pdf", folder / "target.pdf"
    digest = make_file(source, mib)
    print(f"memory before: {shown(most_memory(clinic))}")
    ups, cps, downs, cats = [], [], [], []
    for _ in range(rounds):
        seconds, file_url = upload(clinic, source)
        ups.append(seconds)
        cps.append(timed("sh", "-c", f"cp {source} {target} && sync -d {target}")[0])
        target.unlink()
        downs.append(download(clinic, file_url, target))
        with target.open("rb") as file:
            assert hashlib.file_digest(file, "sha256").hexdigest() == digest
        target.unlink()
        cats.append(timed("sh", "-c", f"cat {source} > {target}")[0])
        target.unlink()
    return {"ups": ups, "cps": cps, "downs": downs, "cats": cats}


def shown(peaks: list[tuple[str, float]]) -> str:
    """Peaks as text."""
    return ", ".join(f"{kind} {mib:.0f} MiB" for kind, mib in peaks)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mib", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="casekeep-transfer-") as folder,
        running_clinic(patients=1, CASEKEEP_LAB_LIMIT_MIB="4096") as clinic,
    ):
        found = measure(clinic, Path(folder), chosen.mib, chosen.rounds)
        row("upload", found["ups"], found["cps"], chosen.mib, "cp + fsync")
        row("download", found["downs"], found["cats"], chosen.mib, "cat > file")
        print(f"most memory: {shown(most_memory(clinic))}")


if __name__ == "__main__":
    main()
