"""One large file up and down through a real server, sealed, hashed and recorded, beside what could
be reached at best: `cp` with fsync, the same with `openssl dgst -sha256` after it, and nginx that
sends a file as it lies. Then the first byte of a range beside nginx, and the memory of the whole
server while many uploads come in at once.

    python -m benchmarks.transfer [--mib 1024] [--rounds 3] [--at-once 16] [--each 256]

Needs `curl`, `openssl` and `nginx` on the machine.
"""

import argparse
import base64
import http.client
import os
import re
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ParamSpec, TypeVar
from urllib.parse import quote, urlsplit

import psutil

from benchmarks.clinic import Clinic, fresh_name, running_clinic
from benchmarks.nginx import running_nginx

P = ParamSpec("P")
T = TypeVar("T")

MIB = 1 << 20
RANGE = 64 << 10
ASKED = 100
"""How often a range is asked for."""
_PAIRS = (
    ("upload", "cp + fsync"),
    ("upload", "cp + openssl"),
    ("upload by tus", "cp + fsync"),
    ("upload by tus", "cp + openssl"),
    ("download", "nginx"),
    ("download, dropped", "nginx, dropped"),
)


def make_file(path: Path, mib: int) -> None:
    """A PDF by its first bytes, noise after them."""
    with path.open("wb") as file:
        for number in range(mib):
            piece = os.urandom(MIB)
            piece = b"%PDF-1.7\n" + piece[9:] if number == 0 else piece
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())


def run(*words: str) -> str:
    """What a command printed."""
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


def curl(clinic: Clinic, *words: str) -> str:
    """What curl printed, asking as the clinician."""
    token = f"Authorization: Bearer {clinic.clinician_token}"
    return run("curl", "-sS", "--fail-with-body", "-H", token, "-H", "Expect:", *words)


def upload(clinic: Clinic, path: Path) -> str:
    """Send a form; the file's `file_url`."""
    printed = curl(
        clinic,
        *(f"{clinic.url}/cases/upload", "-F", f"case_id={clinic.case_number}"),
        *("-F", f"file=@{path};filename={fresh_name()}.pdf"),
    )
    found = re.search(r'"file_url":"([^"]+)"', printed)
    assert found, printed
    return found[1]


def upload_by_tus(clinic: Clinic, path: Path) -> None:
    """Send all of it in one PATCH of a resumable upload."""
    said = {"filename": f"{fresh_name()}.pdf", "case_id": str(clinic.case_number)}
    pairs = [f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in said.items()]
    version = ("-H", "Tus-Resumable: 1.0.0")
    begun = curl(
        clinic,
        *(f"{clinic.url}/uploads", "-L", "-X", "POST", *version, "-D", "-"),
        *("-H", f"Upload-Length: {path.stat().st_size}"),
        *("-H", f"Upload-Metadata: {','.join(pairs)}"),
    )
    location = re.search(r"(?im)^location: (\S+)", begun)
    assert location, begun
    done = curl(
        clinic,
        *(f"{clinic.url}/{location[1].removeprefix(clinic.url).lstrip('/')}", "-D", "-"),
        *("-X", "PATCH", "-T", str(path), *version, "-H", "Upload-Offset: 0"),
        *("-H", "Content-Type: application/offset+octet-stream"),
    )
    assert "upload-file-id" in done.lower(), done


def processes(clinic: Clinic) -> list[psutil.Process]:
    """The server's processes, PostgreSQL left out."""
    parent = psutil.Process(clinic.pid)
    return [parent, *(p for p in parent.children(recursive=True) if "python" in p.name())]


def processor_seconds(clinic: Clinic) -> float:
    """What all server processes have used of the processors."""
    times = [each.cpu_times() for each in processes(clinic)]
    return sum(each.user + each.system for each in times)


class Taken:
    """Seconds of each thing, round by round, and processor seconds of the server for it."""

    def __init__(self, clinic: Clinic) -> None:
        self._clinic = clinic
        self.seconds: dict[str, list[float]] = {}
        self.used: dict[str, list[float]] = {}

    def time(self, name: str, act: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        """Do it, with nothing left to write of what came before."""
        os.sync()
        used, began = processor_seconds(self._clinic), time.perf_counter()
        done = act(*args, **named)
        self.seconds.setdefault(name, []).append(time.perf_counter() - began)
        self.used.setdefault(name, []).append(processor_seconds(self._clinic) - used)
        return done

    def row(self, name: str, beside: str, mib: int) -> None:
        """One line: both speeds and their ratio, round by round."""
        ours, limit = self.seconds[name], self.seconds[beside]
        ratios = [b / a for a, b in zip(ours, limit, strict=True)]
        print(
            f"{name:<20} {mib / statistics.median(ours):>6.0f} MiB/s   {beside:<16} "
            f"{mib / statistics.median(limit):>6.0f} MiB/s   ratio {statistics.median(ratios):.3f}"
            f" ({min(ratios):.3f}-{max(ratios):.3f})   "
            f"{statistics.median(self.used[name]) * 1024 / mib:.2f} processor seconds per GiB",
            flush=True,
        )


def measure(clinic: Clinic, folder: Path, mib: int, rounds: int) -> None:
    """Ours and the limits in turn."""
    source = folder / "source.pdf"
    make_file(source, mib)
    taken = Taken(clinic)
    token = f"Authorization: Bearer {clinic.clinician_token}"
    with running_nginx(folder) as nginx:
        theirs = f"{nginx}/{source.name}"
        for _ in range(rounds):
            ours = _up(clinic, taken, source)
            _down(taken, ours, theirs, token, source)
        for name, beside in _PAIRS:
            taken.row(name, beside, mib)
        _compare_ranges(ours, theirs, token, mib * MIB)


def _up(clinic: Clinic, taken: Taken, source: Path) -> str:
    """One round of uploads; the URL of a file that was sent."""
    target = source.with_name("copy.pdf")
    copy = f"cp {source} {target} && sync -d {target}"
    file_url = taken.time("upload", upload, clinic, source)
    taken.time("cp + fsync", run, "sh", "-c", copy)
    target.unlink()
    taken.time("upload by tus", upload_by_tus, clinic, source)
    taken.time("cp + openssl", run, "sh", "-c", f"{copy} && openssl dgst -sha256 {target}")
    target.unlink()
    return f"{clinic.url}/{quote(file_url.lstrip('/'))}"


def _down(taken: Taken, ours: str, theirs: str, token: str, source: Path) -> None:
    """One round of downloads, of files that were read before: nginx's always was."""
    target = source.with_name("target.pdf")
    fetch = ("curl", "-sS", "--fail", "-H", token, "-o")
    run(*fetch, "/dev/null", ours)
    taken.time("download", run, *fetch, str(target), ours)
    run("cmp", str(source), str(target))
    target.unlink()
    taken.time("nginx", run, *fetch, str(target), theirs)
    target.unlink()
    taken.time("download, dropped", run, *fetch, "/dev/null", ours)
    taken.time("nginx, dropped", run, *fetch, "/dev/null", theirs)


def _compare_ranges(ours: str, nginx: str, token: str, size: int) -> None:
    """Milliseconds to the first byte of a range, in turn, each over a connection that is open."""
    found: dict[str, list[float]] = {ours: [], nginx: []}
    connections = {url: http.client.HTTPConnection(urlsplit(url).netloc) for url in found}
    for number in range(ASKED):
        start = number * (size - RANGE) // ASKED
        span = f"bytes={start}-{start + RANGE - 1}"
        for url, connection in connections.items():
            began = time.perf_counter()
            connection.request(
                "GET",
                urlsplit(url).path,
                None,
                {"Authorization": token.partition(": ")[2], "Range": span},
            )
            answer = connection.getresponse()
            answer.read(1)
            found[url].append((time.perf_counter() - began) * 1000)
            assert answer.status == 206
            assert len(answer.read()) == RANGE - 1
    one, other = statistics.median(found[ours]), statistics.median(found[nginx])
    print(f"first byte of 64 KiB   {one:.2f} ms   nginx {other:.2f} ms   ratio {one / other:.1f}")


def upload_at_once(clinic: Clinic, folder: Path, count: int, mib: int) -> None:
    """The most memory of the whole server while `count` uploads come in together."""
    source = folder / "each.pdf"
    make_file(source, mib)
    peaks, ended = [_memory(clinic)], threading.Event()
    print(f"memory before: {_told(peaks)}")

    def watch() -> None:
        while not ended.wait(0.05):
            peaks.append(_memory(clinic))

    watcher = threading.Thread(target=watch)
    watcher.start()
    began = time.perf_counter()
    with ThreadPoolExecutor(count) as pool:
        list(pool.map(lambda _: upload(clinic, source), range(count)))
    seconds = time.perf_counter() - began
    ended.set()
    watcher.join()
    print(
        f"{count} uploads of {mib} MiB at once: {count * mib / seconds:.0f} MiB/s, "
        f"most memory {_told(peaks)}"
    )


def _memory(clinic: Clinic) -> list[float]:
    """MiB of each of the server's processes, pages that they share counted once."""
    return [_proportional(each.pid) / 1024 for each in processes(clinic)]


def _told(peaks: list[list[float]]) -> str:
    most, largest = max(map(sum, peaks)), max(max(each) for each in peaks)
    return f"{largest:.0f} MiB in one process, {most:.0f} MiB in all {len(peaks[0])}"


def _proportional(pid: int) -> int:
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    found = re.search(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE)
    return int(found[1]) if found else 0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mib", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--at-once", type=int, default=16)
    parser.add_argument("--each", type=int, default=256)
    parser.add_argument("--workers", type=int, default=2, help="server processes")
    parser.add_argument("--folder", default=None)
    chosen = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="casekeep-transfer-", dir=chosen.folder) as folder,
        running_clinic(workers=chosen.workers, patients=1, CASEKEEP_LAB_LIMIT_MIB="4096") as clinic,
    ):
        if chosen.rounds:
            measure(clinic, Path(folder), chosen.mib, chosen.rounds)
        if chosen.at_once:
            upload_at_once(clinic, Path(folder), chosen.at_once, chosen.each)


if __name__ == "__main__":
    main()
