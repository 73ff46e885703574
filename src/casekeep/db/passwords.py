"""Passwords of database roles, made once and kept in a folder of the data folder that only its
owner can read. They are never logged and never leave this machine.
"""

import os
import secrets
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from casekeep.db.errors import DatabaseNotUsable
from casekeep.kernel.durability import sync_folder


def new_password() -> str:
    """A password for a role, of 256 random bits."""
    return secrets.token_urlsafe(32)


def kept_password(folder: Path, name: str) -> str:
    """The password in `folder/name`, made and written durably if there is none (mode 0600).

    Of several processes that make it at once the first one wins. Raises DatabaseNotUsable when it
    cannot be read or written.
    """
    path = folder / name
    try:
        if not path.exists():
            make_secrets_folder(folder)
            write_once(path, new_password())
        return path.read_text("ascii")
    except OSError as error:
        raise DatabaseNotUsable(
            f"cannot keep the database's passwords in {folder}: {error.strerror}"
        ) from error


def make_secrets_folder(folder: Path) -> None:
    """Make a folder that only its owner can look into, if there is none. Raises OSError."""
    if not folder.is_dir():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        give_to_owner_of(folder.parent, folder)


def write_once(path: Path, text: str) -> None:
    """Write a secret durably (mode 0600), unless there is one. Raises OSError."""
    with _beside(path, text) as mine, suppress(FileExistsError):
        path.hardlink_to(mine)
    sync_folder(path.parent)


def replace_secret(path: Path, text: str) -> None:
    """Write a secret durably (mode 0600) in place of the one there: whoever reads it has the one or
    the other, whole. Raises OSError.
    """
    with _beside(path, text) as mine:
        mine.rename(path)
    sync_folder(path.parent)


@contextmanager
def _beside(path: Path, text: str) -> Generator[Path]:
    """A durable file beside `path`, which is gone after, unless it was renamed."""
    mine = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        handle = os.open(mine, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode("ascii"))
            file.flush()
            os.fsync(file.fileno())
        give_to_owner_of(path.parent, mine)
        yield mine
    finally:
        mine.unlink(missing_ok=True)


def give_to_owner_of(folder: Path, path: Path) -> None:
    """As root: give what we made to whom the folder belongs, so that they can use it as well."""
    if os.geteuid() == 0:
        owner = folder.stat()
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)
