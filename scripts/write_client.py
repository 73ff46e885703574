"""Writes the blocking client from the one for event loops, word by word; the two differ in nothing
else. With --check it changes nothing and fails when the blocking one is out of date.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import unasync

ROOT = Path(__file__).parents[1]
CLIENT = ROOT / "src/casekeep/client"
WORDS = {
    "AbstractAsyncContextManager": "AbstractContextManager",
    "AsyncAccountClient": "AccountClient",
    "AsyncAdministratorClient": "AdministratorClient",
    "AsyncBaseTransport": "BaseTransport",
    "AsyncCaller": "Caller",
    "AsyncClient": "Client",
    "AsyncClinicianClient": "ClinicianClient",
    "AsyncConnection": "Connection",
    "AsyncExitStack": "ExitStack",
    "AsyncLock": "Lock",
    "AsyncPartnerClient": "PartnerClient",
    "AsyncPatientClient": "PatientClient",
    "AsyncResult": "Result",
    "AsyncSession": "Session",
    "aclose": "close",
    "aiter_bytes": "iter_bytes",
    "aiter_raw": "iter_raw",
    "aread": "read",
    "async_call": "call",
    "async_sleep": "sleep",
    "async_undisturbed": "undisturbed",
    "enter_async_context": "enter_context",
}


def write(source: Path, target: Path) -> None:
    """The blocking twin of every module of `source`, in `target`."""
    rule = unasync.Rule(f"{source}/", f"{target}/", additional_replacements=WORDS)
    unasync.unasync_files([str(path) for path in sorted(source.glob("*.py"))], [rule])
    (target / "__init__.py").write_text('"""Written by scripts/write_client.py from `_async`."""\n')
    tidy = "check --quiet --fix --unsafe-fixes --select I,RUF022,UP028", "format --quiet"
    for words in map(str.split, tidy):
        config = ("--config", str(ROOT / "pyproject.toml"))
        subprocess.run(
            [Path(sys.executable).with_name("ruff"), *words, *config, target], check=True
        )


def stale(source: Path = CLIENT / "_async", written: Path = CLIENT / "_sync") -> list[str]:
    """The names of the modules in which `written` is not what it would be now."""
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder) / "_sync"
        write(source, fresh)
        names = {path.name for each in (fresh, written) for path in each.glob("*.py")}
        return sorted(name for name in names if _text(fresh / name) != _text(written / name))


def _text(path: Path) -> str | None:
    return path.read_text() if path.exists() else None


def main() -> None:
    """Write the blocking client, or compare it."""
    if "--check" in sys.argv:
        if old := stale():
            sys.exit(f"out of date: {', '.join(old)}; run `make reference`")
        return
    shutil.rmtree(CLIENT / "_sync", ignore_errors=True)
    write(CLIENT / "_async", CLIENT / "_sync")


if __name__ == "__main__":
    main()
