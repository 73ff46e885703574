"""The blocking client is what the script writes from the other one."""

import ast
import inspect
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import casekeep.client as package
from tests.architecture.source import ROOT, Module, house_modules

SCRIPT = ROOT / "scripts/write_client.py"


def test_the_blocking_client_is_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, SCRIPT, "--check"], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr


def test_the_two_have_the_same_calls() -> None:
    for name in ("ClinicianClient", "AdministratorClient", "PatientClient", "PartnerClient"):
        blocking, other = getattr(package, name), getattr(package, f"Async{name}")
        calls = {each for each in dir(other) if not each.startswith("_")}

        assert {each for each in dir(blocking) if not each.startswith("_")} == (
            calls - {"aclose"} | {"close"}
        )
        assert not [
            each for each in calls if inspect.iscoroutinefunction(getattr(blocking, each, None))
        ]


def test_it_needs_nothing_of_the_house() -> None:
    found = {
        name.partition(".")[0]
        for module in house_modules()
        if module.inside("casekeep.client")
        for name in imported(module)
    }

    assert found - sys.stdlib_module_names == {"httpx", "msgspec"}


def imported(module: Module) -> Iterator[str]:
    """The names of what a module imports from outside its own package."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield str(node.module)


def test_all_that_is_named_is_there() -> None:
    assert [name for name in package.__all__ if not hasattr(package, name)] == []
    assert Path(package.__file__).with_name("_sync").is_dir()
