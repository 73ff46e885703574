"""The reference page of the Python client, from its source: signatures and docstrings."""

import ast
import inspect
import textwrap
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "src/casekeep/client"

_LONGEST_LINE = 96
_INTRODUCTION = """# Python client

What `casekeep.client` offers, call by call; [how to use it](../howto/python-client.md) shows it at
work. Every client here has a twin for event loops, `AsyncClinicianClient` and so on, with the same
calls to be awaited, `async for` over its lists, and `aclose` in the place of `close`."""


def page() -> str:
    """The whole page."""
    parts = [_INTRODUCTION]
    for name in ("clinician", "administrator", "patient", "partner"):
        (client,) = _classes(PACKAGE / "_sync" / f"{name}.py")
        parts += [f"## {client.name}", _docstring(client), *_calls(client)]
    parts.append("## What comes back")
    for name in (
        "tokens",
        "clinician_shapes",
        "administrator_shapes",
        "patient_shapes",
        "partner_shapes",
    ):
        parts += [_shape(each) for each in _public(PACKAGE / f"{name}.py")]
    parts.append("## What is given")
    parts += [
        _shape(each)
        for name in ("sources", "repeating")
        for each in _public(PACKAGE / f"{name}.py")
    ]
    parts.append("## What is raised")
    parts += [_shape(each) for each in _public(PACKAGE / "errors.py")]
    return "\n\n".join(parts) + "\n"


def _calls(client: ast.ClassDef) -> Iterator[str]:
    for each in [*_inherited(client), *client.body]:
        if isinstance(each, ast.FunctionDef) and (each.name == "__init__" or each.name[0] != "_"):
            signature = _signature(client.name if each.name == "__init__" else each.name, each)
            yield f"```python\n{signature}\n```" + (
                f"\n\n{text}" if (text := _docstring(each)) else ""
            )


def _inherited(client: ast.ClassDef) -> list[ast.stmt]:
    """The calls that a client has from the one for any account, if it is such a one."""
    (account,) = _classes(PACKAGE / "_sync" / "account.py")
    is_one = account.name in {ast.unparse(base) for base in client.bases}
    return account.body if is_one else []


def _signature(name: str, call: ast.FunctionDef) -> str:
    """As a line, or with a line for each argument where one line is too short."""
    if any(isinstance(each, ast.Name) and each.id == "property" for each in call.decorator_list):
        return f"{name}: {ast.unparse(call.returns) if call.returns else ''}"
    call.args.args = call.args.args[1:]
    given = ast.unparse(call.args)
    gives = "" if name[0].isupper() else f" -> {ast.unparse(call.returns)}" if call.returns else ""
    if len(line := f"{name}({given}){gives}") <= _LONGEST_LINE:
        return line
    return f"{name}(\n{_lines(call.args)}){gives}"


def _lines(given: ast.arguments) -> str:
    lines = [ast.unparse(each) for each in given.args]
    lines += ["*"] if given.kwonlyargs else []
    for each, default in zip(given.kwonlyargs, given.kw_defaults, strict=True):
        lines.append(ast.unparse(each) + (f" = {ast.unparse(default)}" if default else ""))
    lines += [f"**{ast.unparse(given.kwarg)}"] if given.kwarg else []
    return "".join(f"    {line},\n" for line in lines)


def _shape(each: ast.ClassDef) -> str:
    root = ast.unparse(each.bases[0]) if each.bases else ""
    of = f" ({root})" if root.isidentifier() and root not in {"Exception", "TypedDict"} else ""
    fields = [
        f"{field.target.id}: {ast.unparse(field.annotation)}".replace("'", '"')
        for field in each.body
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
    ]
    block = ["```python", *fields, "```"] if fields else []
    return "\n\n".join(
        [f"### {each.name}{of}", _docstring(each), *(["\n".join(block)] if block else [])]
    )


def _public(path: Path) -> list[ast.ClassDef]:
    """What a program can meet; the shapes that only travel are left out."""
    exported = (PACKAGE / "__init__.py").read_text()
    typed = {"About", "ProfileChanges"}
    return [each for each in _classes(path) if f'"{each.name}"' in exported or each.name in typed]


def _classes(path: Path) -> list[ast.ClassDef]:
    return [each for each in ast.parse(path.read_text()).body if isinstance(each, ast.ClassDef)]


def _docstring(node: ast.ClassDef | ast.FunctionDef) -> str:
    text = inspect.cleandoc(ast.get_docstring(node) or "")
    return "\n\n".join(textwrap.fill(part, 100) for part in text.split("\n\n"))
