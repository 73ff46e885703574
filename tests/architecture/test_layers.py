"""Imports go down only: the contracts in pyproject.toml hold."""

import shutil
import subprocess
import sys
from pathlib import Path

from tests.architecture.source import ROOT

LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")


def _lint(tree: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [LINT_IMPORTS, "--no-cache", "--config", tree / "pyproject.toml"],
        cwd=tree / "src",
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_contracts_hold() -> None:
    done = _lint(ROOT)

    assert done.returncode == 0, done.stdout + done.stderr


def test_an_import_upwards_is_caught(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "src", tmp_path / "src")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    clock = tmp_path / "src/casekeep/kernel/clock.py"
    clock.write_text(clock.read_text(encoding="utf-8") + "\nimport casekeep.files.model\n")

    done = _lint(tmp_path)

    assert done.returncode != 0
    assert "casekeep.kernel.clock -> casekeep.files.model" in done.stdout
