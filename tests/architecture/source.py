"""The repository as the house rules see it: parsed modules and tracked files."""

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Module:
    """One Python file. `name` is dotted, as in `casekeep.files.listing`; `path` is from the top."""

    name: str
    path: str
    text: str
    tree: ast.Module

    @property
    def lines(self) -> int:
        return len(self.text.splitlines())

    def inside(self, *packages: str) -> bool:
        """Whether this module is, or lies under, one of `packages`."""
        return any(self.name == each or self.name.startswith(f"{each}.") for each in packages)


@dataclass(frozen=True, slots=True)
class Function:
    """One function of a module, and how many lines it takes with its signature and docstring."""

    name: str
    at: str
    lines: int


def parse(text: str, name: str = "casekeep.files.example") -> Module:
    """A module of `text`, for the tests that show a rule can fail."""
    return Module(name, name.replace(".", "/") + ".py", text, ast.parse(text))


@cache
def tracked_files() -> tuple[Path, ...]:
    """Every file that git tracks or would track, so that a new file counts before its commit."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    paths = (ROOT / name for name in sorted(set(listed.split("\0"))) if name)
    return tuple(path for path in paths if path.is_file())


@cache
def all_modules() -> tuple[Module, ...]:
    """Every Python file of the repository."""
    return tuple(_read(path) for path in tracked_files() if path.suffix == ".py")


@cache
def house_modules() -> tuple[Module, ...]:
    """The Python files of the program itself."""
    return tuple(module for module in all_modules() if module.path.startswith("src/"))


def functions(module: Module) -> Iterator[Function]:
    """Every function and method of `module`, nested ones too."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            yield Function(node.name, f"{module.path}:{node.lineno}", lines)


def _read(path: Path) -> Module:
    text = path.read_text(encoding="utf-8")
    relative = path.relative_to(ROOT)
    parts = relative.with_suffix("").parts
    if parts[0] == "src":
        parts = parts[1:]
    if parts[-1] == "__init__":
        parts = parts[:-1]
    return Module(".".join(parts), relative.as_posix(), text, ast.parse(text))
