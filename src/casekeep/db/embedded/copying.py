"""A copy of PostgreSQL's programs that an unprivileged user can reach, for the case that the
installed ones lie under a folder of root's. Only root makes it, and only where nobody else writes.
"""

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from casekeep.db.embedded.account import Account
from casekeep.db.embedded.binaries import Binaries
from casekeep.db.errors import DatabaseNotUsable

_HOMES = (Path("/var/lib/casekeep-postgresql"), Path("/opt/casekeep-postgresql"))
_PROGRAMS = frozenset({"postgres", "initdb"})
_LEFT_OUT = shutil.ignore_patterns("include", "doc", "*.a", "pkgconfig", "pgxs", "man")


def reachable(binaries: Binaries, account: Account) -> Binaries:
    """The binaries themselves if `account` can use them, else a copy that it can use.

    Raises DatabaseNotUsable when no copy can be made.
    """
    if not account.is_other or _usable(binaries, account):
        return binaries
    name = f"{binaries.major}-{_fingerprint(binaries)}"
    for home in (*_HOMES, Path(tempfile.gettempdir()) / "casekeep-postgresql"):
        copy = Binaries(home / name / binaries.package.name, binaries.major)
        if _prepare_home(home, account) and _ensure_copy(binaries, home / name):
            return copy
    raise DatabaseNotUsable(
        f"the unprivileged user that runs PostgreSQL cannot reach {binaries.package}, and no copy "
        "could be made; install Casekeep outside root's home folder"
    )


def _usable(binaries: Binaries, account: Account) -> bool:
    programs = [binaries.program(name) for name in _PROGRAMS]
    folders = {path.parent for path in _files(binaries)}
    return (
        all(account.can_run(program) for program in programs)
        and all(account.can_enter(folder) and account.can_read(folder) for folder in folders)
        and all(account.can_read(path) for path in _files(binaries))
    )


def _files(binaries: Binaries) -> Iterator[Path]:
    """Some of everything that the server opens: an installer's umask treats all files alike."""
    yield from (binaries.program(name) for name in _PROGRAMS)
    yield from (binaries.root / "lib").glob("plpgsql.*")
    yield binaries.root / "share" / "postgres.bki"
    yield from binaries.libraries.glob("libpq*")


def _fingerprint(binaries: Binaries) -> str:
    facts = binaries.program("postgres").stat()
    return sha256(f"{binaries.package}|{facts.st_size}|{facts.st_mtime_ns}".encode()).hexdigest()[
        :16
    ]


def _prepare_home(home: Path, account: Account) -> bool:
    try:
        home.mkdir(mode=0o755, exist_ok=True)
    except OSError:
        return False
    return _is_roots(home) and account.can_enter(home)


def _is_roots(folder: Path) -> bool:
    """Whether it is a real folder that only root can change: somebody may have put one there."""
    facts = folder.lstat()
    return (
        stat.S_ISDIR(facts.st_mode)
        and facts.st_uid == 0
        and not facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    )


def _ensure_copy(binaries: Binaries, copy: Path) -> bool:
    if copy.exists():
        return _is_roots(copy)
    try:
        # Made under another name first, so that a copy is complete or absent.
        with tempfile.TemporaryDirectory(prefix=".new-", dir=copy.parent) as unfinished:
            made = Path(unfinished) / "copy"
            _copy(binaries, made)
            if not copy.exists():
                made.rename(copy)
    except OSError:
        return copy.exists() and _is_roots(copy)
    return True


def _copy(binaries: Binaries, to: Path) -> None:
    package = to / binaries.package.name
    for part in ("lib", "share"):
        shutil.copytree(
            binaries.root / part, package / "pginstall" / part, symlinks=True, ignore=_LEFT_OUT
        )
    if binaries.libraries.is_dir():
        shutil.copytree(binaries.libraries, to / binaries.libraries.name, symlinks=True)
    (package / "pginstall" / "bin").mkdir()
    for name in _PROGRAMS:
        shutil.copy(binaries.program(name), package / "pginstall" / "bin" / name)
    for folder, _, files in os.walk(to):
        Path(folder).chmod(0o755)
        for file in (Path(folder) / each for each in files):
            if not file.is_symlink():
                file.chmod(0o755 if file.parent.name == "bin" or ".so" in file.name else 0o644)
