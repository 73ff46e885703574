"""The two list endpoints under `wrk`, beside `pgbench` on the same secured query, interleaved.

    python -m benchmarks.lists [--seconds 10] [--rounds 3] [--connections 64] [--workers 2]

Needs `wrk` on the machine (Debian's package of that name); pgbench comes with the embedded server.
"""

import argparse
import os
import re
import shutil
import statistics
import subprocess
import tempfile
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

from benchmarks.clinic import Clinic, running_clinic
from casekeep.db.embedded.binaries import find_binaries


@dataclass(frozen=True)
class Load:
    """One run of a load generator: requests or transactions a second, and p99 in ms."""

    rate: float
    p99: float


def wrk(url: str, headers: dict[str, str], seconds: int, connections: int) -> Load:
    """Requests a second of `url`; fails if any answer was not a success."""
    words = ["wrk", "-t2", f"-c{connections}", f"-d{seconds}s", "--latency"]
    for name, value in headers.items():
        words += ["-H", f"{name}: {value}"]
    printed = subprocess.run([*words, url], capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in printed or "Socket errors" in printed:
        raise SystemExit(printed)
    found = re.search(r"99%\s+([\d.]+)(us|ms|s)", printed)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", printed)
    assert found, printed
    assert rate, printed
    scale = {"us": 0.001, "ms": 1.0, "s": 1000.0}[found[2]]
    return Load(float(rate[1]), float(found[1]) * scale)


def pgbench(clinic: Clinic, query: str, seconds: int, connections: int) -> Load:
    """Transactions a second of `query` as the application's role, with prepared statements."""
    parts = urlsplit(clinic.addresses.application_dsn)
    host = parse_qs(parts.query)["host"][0]
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(query + ";\n")
        script.flush()
        words = [
            *(str(find_binaries().program("pgbench")), "-n", "-M", "prepared", "-j", "2"),
            *("-c", str(connections), "-T", str(seconds), "-f", script.name),
            *("-h", host, "-U", unquote(parts.username or ""), parts.path.lstrip("/")),
        ]
        environment = {**os.environ, "PGPASSWORD": unquote(parts.password or "")}
        printed = subprocess.run(
            words, capture_output=True, text=True, check=True, env=environment
        ).stdout
    rate = re.search(r"tps = ([\d.]+)", printed)
    assert rate, printed
    return Load(float(rate[1]), float("nan"))


def compare(name: str, ours: list[Load], limit: list[Load]) -> None:
    """One row: both rates, their ratio round by round, our p99."""
    ratios = [a.rate / b.rate for a, b in zip(ours, limit, strict=True)]
    print(
        f"{name:<34} {statistics.median(x.rate for x in ours):>9.0f} req/s"
        f"  pgbench {statistics.median(x.rate for x in limit):>9.0f}/s"
        f"  ratio {statistics.median(ratios):.3f} ({min(ratios):.3f}-{max(ratios):.3f})"
        f"  p99 {statistics.median(x.p99 for x in ours):.1f} ms"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("seconds", 10), ("rounds", 3), ("connections", 64), ("workers", 2)):
        parser.add_argument(f"--{name}", type=int, default=default)
    chosen = parser.parse_args()
    if shutil.which("wrk") is None:
        raise SystemExit("install wrk first: apt-get install wrk")
    with running_clinic(workers=chosen.workers) as clinic:
        portal = {
            "cv-api-key": clinic.api_key,
            "Authorization": f"Bearer {clinic.patient_token}",
        }
        clinician = {"Authorization": f"Bearer {clinic.clinician_token}"}
        org, patient = clinic.organization_id, clinic.patient_id
        rows = {
            "GET /api/v1/users/me/files": (
                (f"{clinic.url}/api/v1/users/me/files", portal),
                f"select * from patient_files('{org}','{patient}',null,null,null,null,null)",
            ),
            "GET /cases/files/{case_id}": (
                (f"{clinic.url}/cases/files/{clinic.case_number}", clinician),
                f"select * from case_files('{org}',null,{clinic.case_number},"
                f"'{clinic.clinician_id}')",
            ),
        }
        for name, ((url, headers), query) in rows.items():
            ours, limit = [], []
            wrk(url, headers, 2, chosen.connections)
            for _ in range(chosen.rounds):
                ours.append(wrk(url, headers, chosen.seconds, chosen.connections))
                limit.append(pgbench(clinic, query, chosen.seconds, chosen.connections))
            compare(name, ours, limit)


if __name__ == "__main__":
    main()
