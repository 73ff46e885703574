"""The house rules about one module. Each takes a module and gives back its complaints, so that
`test_rules_can_fail` can show that every rule catches what it is there to catch.
"""

import ast
import re
from collections.abc import Callable, Iterator

from tests.architecture.source import Module, functions

MOST_FILE_LINES, AIM_FILE_LINES = 400, 150
MOST_FUNCTION_LINES, AIM_FUNCTION_LINES = 60, 20

Complaints = Iterator[str]
Rule = Callable[[Module], Complaints]

_VAGUE = {"service", "services", "util", "utils", "manager", "managers", "helper", "helpers",
          "common", "misc", "stuff"}  # fmt: skip
_SENTENCE_END = re.compile(r"[.!?][)`\"']*(?=\s|$)")
_EXCEPTION = re.compile(r"#\s*(?:noqa|type:\s*ignore|pyright:\s*ignore)\b[^#\n]*")
_EXCEPTION_WITH_REASON = re.compile(r"\s-\s+\S+")

# Keywords in one case, as SQL is written; prose that begins with "Select" is not SQL.
_SQL = re.compile(
    r"""^\s*(?:
          (?:select|SELECT)\b.*\b(?:from|FROM)\b | (?:select|SELECT)\s+[\w.]+\(
        | (?:insert\s+into|INSERT\s+INTO)\s+\w+ | (?:update|UPDATE)\s+\w+\s+(?:\w+\s+)?(?:set|SET)\b
        | (?:delete\s+from|DELETE\s+FROM)\s+\w+
        | (?:with|WITH)\s+(?:recursive\s+|RECURSIVE\s+)?\w+\s*(?:\([^)]*\)\s*)?(?:as|AS)\b
        | (?:create|alter|drop|CREATE|ALTER|DROP)\s+(?:or\s+replace\s+)?
          (?:table|role|database|function|index|schema|policy|type|view|TABLE|ROLE|DATABASE|INDEX)\b
        | (?:grant|revoke|GRANT|REVOKE)\s+\w+.*\b(?:on|to|from|ON|TO|FROM)\b
        | (?:listen|notify|unlisten|LISTEN|NOTIFY|UNLISTEN)\s+\w+\s*(?:$|,|;)
        | (?:truncate|TRUNCATE)\s+\w+ | (?:set|SET)\s+(?:local|LOCAL)\b
    )""",
    re.VERBOSE | re.DOTALL,
)
_SQL_ROOMS = ("casekeep.audit", "casekeep.db")
_NOW = {("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today"),
        ("time", "time"), ("time", "time_ns")}  # fmt: skip


def file_size(module: Module) -> Complaints:
    if module.lines > MOST_FILE_LINES:
        yield f"{module.path}: {module.lines} lines, the limit is {MOST_FILE_LINES}"


def function_size(module: Module) -> Complaints:
    for each in functions(module):
        if each.lines > MOST_FUNCTION_LINES:
            yield f"{each.at}: {each.name} has {each.lines} lines, limit {MOST_FUNCTION_LINES}"


def plain_module_name(module: Module) -> Complaints:
    for part in re.split(r"[._]", module.name):
        if part in _VAGUE:
            yield f"{module.path}: '{part}' does not say what is done"


def opens_with_docstring(module: Module) -> Complaints:
    docstring = ast.get_docstring(module.tree)
    if not docstring:
        yield f"{module.path}: no docstring that says what it is for"
    elif not 1 <= (count := len(_SENTENCE_END.findall(docstring))) <= 3:
        yield f"{module.path}: the docstring has {count} sentences; one to three are wanted"


def exceptions_have_reasons(module: Module) -> Complaints:
    for number, line in enumerate(module.text.splitlines(), start=1):
        found = _EXCEPTION.search(line)
        if found and not _EXCEPTION_WITH_REASON.search(found.group()):
            yield f"{module.path}:{number}: an exception to a rule without ' - reason' behind it"


def sql_in_its_place(module: Module) -> Complaints:
    if module.inside(*_SQL_ROOMS) or module.name.rpartition(".")[2].startswith("queries"):
        return
    for line, text in _strings(module.tree):
        if _SQL.match(text):
            yield f"{module.path}:{line}: SQL outside queries, audit and db"


def environment_in_its_place(module: Module) -> Complaints:
    if not module.inside("casekeep.settings"):
        names = {"environ", "environb", "getenv", "getenvb", "putenv", "unsetenv"}
        for line in _uses(module.tree, {("os", name) for name in names}):
            yield f"{module.path}:{line}: only settings reads the environment"


def clock_in_its_place(module: Module) -> Complaints:
    if not module.inside("casekeep.kernel.clock"):
        for line in _uses(module.tree, _NOW):
            yield f"{module.path}:{line}: only kernel/clock asks for the time; take a Clock"


def print_in_its_place(module: Module) -> Complaints:
    if not module.inside("casekeep.cli"):
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Name) and node.id == "print":
                yield f"{module.path}:{node.lineno}: only the command line prints"


def cancellable_waits(module: Module) -> Complaints:
    """Below Python 3.12 `wait_for` loses a cancellation that comes with what it waited for."""
    for line in _uses(module.tree, {("asyncio", "wait_for")}):
        yield f"{module.path}:{line}: wait_for can lose a cancellation; take asyncio.timeout"


def identifiers(module: Module) -> Iterator[tuple[int, str]]:
    """Every name that the module makes or uses, with its line."""
    for node in ast.walk(module.tree):
        line: int = getattr(node, "lineno", 1)
        for field in ("id", "attr", "arg", "name", "asname"):
            value = getattr(node, field, None)
            if isinstance(value, str):
                yield line, value


def _strings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """String literals with their lines; docstrings left out, f-strings joined over their gaps."""
    skipped: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            skipped.add(id(node.value))
        if isinstance(node, ast.JoinedStr):
            parts = [part.value if isinstance(part, ast.Constant) else "x" for part in node.values]
            skipped.update(id(part) for part in node.values)
            yield node.lineno, "".join(map(str, parts))
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in skipped
        ):
            yield node.lineno, node.value


def _uses(tree: ast.Module, wanted: set[tuple[str, str]]) -> Iterator[int]:
    """Lines that reach for `holder.name`, or import `name` from `holder`."""
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id=holder), attr=name) if (holder, name) in wanted:
                yield node.lineno
            case ast.Attribute(value=ast.Attribute(attr=holder), attr=name) if (
                holder,
                name,
            ) in wanted:
                yield node.lineno
            case ast.ImportFrom(module=str(holder), names=names):
                yield from (node.lineno for each in names if (holder, each.name) in wanted)


EVERYWHERE: tuple[Rule, ...] = (file_size, function_size, plain_module_name)
"""Rules for every Python file of the repository."""

IN_THE_HOUSE: tuple[Rule, ...] = (
    opens_with_docstring,
    exceptions_have_reasons,
    sql_in_its_place,
    environment_in_its_place,
    clock_in_its_place,
    print_in_its_place,
    cancellable_waits,
)
"""Rules for the program itself."""
