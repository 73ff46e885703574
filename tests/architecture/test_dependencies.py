"""What is installed is what was chosen: each dependency has its reason, the lock file is in step,
and everything comes from the Python Package Index.
"""

import ast
import re
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import packages_distributions
from typing import Any

from tests.architecture.source import ROOT, Module, all_modules, house_modules, parse

REASONS = ROOT / "docs/reference/dependencies.md"
HOSTS = {"pypi.org", "files.pythonhosted.org"}


def _pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def _name(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found, requirement
    return found.group().lower().replace("_", "-")


def _declared() -> set[str]:
    project = _pyproject()
    groups = project["dependency-groups"].values()
    listed = [*project["project"]["dependencies"], *(each for group in groups for each in group)]
    return {_name(each) for each in [*listed, *project["build-system"]["requires"]]}


def _with_reason(text: str) -> set[str]:
    """Names in the first column of the tables, where the row also says why."""
    return set(re.findall(r"^\| `([^`]+)` \| *[^| ][^|]{10,}\|", text, re.MULTILINE))


def _strange_hosts(lock: str) -> set[str]:
    return set(re.findall(r"https?://([^/\"\s]+)", lock)) - HOSTS


def test_every_dependency_has_its_reason_and_every_reason_its_dependency() -> None:
    explained = _with_reason(REASONS.read_text(encoding="utf-8"))

    assert _declared() - explained == set(), "no reason in docs/reference/dependencies.md"
    assert explained - _declared() == set(), "no longer in pyproject.toml"


def test_a_name_without_a_reason_does_not_count() -> None:
    assert _with_reason("| `asyncpg` | |\n| `rich` | Tables on a terminal. |") == {"rich"}


def test_the_lock_file_names_the_public_index_only() -> None:
    lock = (ROOT / "uv.lock").read_text(encoding="utf-8")

    assert "https://files.pythonhosted.org/" in lock
    assert _strange_hosts(lock) == set()


def test_another_index_would_be_noticed() -> None:
    assert _strange_hosts('url = "http://mirror.example:8080/x.whl"') == {"mirror.example:8080"}


def test_the_lock_file_is_in_step_with_pyproject() -> None:
    lock = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))
    own = next(package for package in lock["package"] if package["name"] == "casekeep")
    locked = {each["name"] for each in own["metadata"]["requires-dist"]}
    locked |= {each["name"] for group in own["metadata"]["requires-dev"].values() for each in group}

    assert locked == _declared() - {"hatchling"}


def _undeclared(modules: Iterable[Module], declared: set[str]) -> list[str]:
    """Imports of installed packages that pyproject.toml does not name: they come by accident."""
    providers = packages_distributions()
    return [
        f"{module.path}: {top}"
        for module in modules
        for top in sorted({name.partition(".")[0] for name in _imports(module)})
        if top in providers and not declared & {_name(each) for each in providers[top]}
    ]


def _imports(module: Module) -> Iterator[str]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def test_the_program_imports_only_what_it_declares() -> None:
    runtime = {_name(each) for each in _pyproject()["project"]["dependencies"]} | {"casekeep"}

    assert _undeclared(house_modules(), runtime) == []


def test_the_tests_import_only_what_is_declared() -> None:
    tests = [module for module in all_modules() if not module.path.startswith("src/")]

    assert _undeclared(tests, _declared() | {"casekeep"}) == []


def test_an_accidental_import_is_caught() -> None:
    module = parse("from pytest.x import y\nimport os", "casekeep.files.x")

    assert _undeclared([module], {"casekeep"}) == ["casekeep/files/x.py: pytest"]
