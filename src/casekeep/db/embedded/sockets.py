"""The private folder of the server's Unix socket: inside the data folder where a socket can be,
else in the folder for temporary files. Only the account that runs the server, and root, get in.
"""

import os
import re
import socket
import stat
import tempfile
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from casekeep.db.embedded.account import Account
from casekeep.db.embedded.places import Places
from casekeep.db.errors import DatabaseNotUsable

PORT = 5432
_FILE = f".s.PGSQL.{PORT}"
_LONGEST = 100  # bytes; the kernel's limit is 107 on Linux and 103 elsewhere
# PostgreSQL reads the folder's name from a list with commas and quotes.
_PLAIN = re.compile(r"[A-Za-z0-9._/+-]+")


def choose_folder(places: Places, account: Account) -> Path:
    """Make and return the folder for the socket; it belongs to `account`, with mode 0700.

    Raises DatabaseNotUsable when there is no place for one.
    """
    if _fits(places.sockets) and account.can_enter(places.data):
        with suppress(OSError):
            ensure_folder(places.sockets, account)
            if _takes_sockets(places.sockets):
                return places.sockets
    name = f"casekeep-{account.uid}-{short_name(places.data)}"
    for base in dict.fromkeys((Path("/tmp"), Path(tempfile.gettempdir()))):  # noqa: S108 - checked
        if _fits(base / name / "-12345678") and _is_safe_base(base) and account.can_enter(base):
            with suppress(OSError):
                return _own_folder(base, name, account)
    raise DatabaseNotUsable(
        f"no place for the database's socket: the path of {places.data} is too long or closed to "
        "the user that runs PostgreSQL, and the folder for temporary files cannot be used"
    )


def short_name(data: Path) -> str:
    """A name for the data folder of this real path."""
    return sha256(os.fsencode(data)).hexdigest()[:12]


def ensure_folder(folder: Path, account: Account) -> None:
    """Make `folder` if it is missing. Raises PermissionError when it is somebody else's."""
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        facts = os.fstat(handle)
        if facts.st_uid not in (os.geteuid(), account.uid):
            raise PermissionError(f"{folder} belongs to somebody else")
        if facts.st_uid != account.uid:
            os.fchown(handle, account.uid, account.gid)
        if stat.S_IMODE(facts.st_mode) != stat.S_IRWXU:
            os.fchmod(handle, stat.S_IRWXU)
    finally:
        os.close(handle)


def is_private(folder: Path, account: Account) -> bool:
    """Whether nobody but `account` (and root) can have put a socket there."""
    try:
        facts = folder.lstat()
    except OSError:
        return False
    private = not facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return stat.S_ISDIR(facts.st_mode) and facts.st_uid == account.uid and private


def clear(folder: Path) -> None:
    """Remove what a killed server left. Only for the holder of the lock."""
    for name in (_FILE, f"{_FILE}.lock"):
        (folder / name).unlink(missing_ok=True)


def remove_folder(places: Places, folder: Path) -> None:
    """Remove the folder of a stopped server, if it is not within the data folder."""
    if folder != places.sockets:
        with suppress(OSError):
            folder.rmdir()


def _own_folder(base: Path, name: str, account: Account) -> Path:
    try:
        ensure_folder(base / name, account)
    except OSError:
        # Somebody else has taken the name. Those who join read the name that is used in
        # PostgreSQL's own notes, so any will do.
        folder = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=base))
        ensure_folder(folder, account)
        return folder
    return base / name


def _fits(folder: Path) -> bool:
    path = folder / _FILE
    return len(os.fsencode(path)) <= _LONGEST and _PLAIN.fullmatch(str(path)) is not None


def _is_safe_base(base: Path) -> bool:
    """Whether others cannot rename what we put there."""
    try:
        facts = base.stat()
    except OSError:
        return False
    shared = facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return facts.st_uid in (0, os.geteuid()) and (not shared or bool(facts.st_mode & stat.S_ISVTX))


def _takes_sockets(folder: Path) -> bool:
    """Some file systems, such as shared folders of virtual machines, have no sockets."""
    path = folder / f".probe.{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.bind(str(path))
        except OSError:
            return False
        finally:
            path.unlink(missing_ok=True)
    return True
