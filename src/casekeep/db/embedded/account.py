"""Which operating-system user runs PostgreSQL: ourselves, or as root an unprivileged one, since
PostgreSQL refuses to run as root. Never changes the owner of something that exists.
"""

import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from casekeep.db.embedded.places import Places
from casekeep.db.errors import DatabaseNotUsable

_OWN_ACCOUNT = "casekeep"
_OTHERS = ("postgres", "nobody")


class Switch(TypedDict, total=False):
    """The arguments of `subprocess` that make a child run as another user."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class Account:
    """The user and group that PostgreSQL runs as."""

    uid: int
    gid: int

    @property
    def is_other(self) -> bool:
        """Whether a child must change to it."""
        return self.uid != os.geteuid()

    def switch(self) -> Switch:
        """Arguments for `subprocess` that start a child as this account, with no other groups."""
        if not self.is_other:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def can_enter(self, folder: Path) -> bool:
        """Whether this account gets into `folder`, through every folder above it."""
        return all(
            self._has(each, stat.S_IXUSR, stat.S_IXGRP, stat.S_IXOTH)
            for each in (folder, *folder.parents)
        )

    def can_read(self, path: Path) -> bool:
        """Whether this account may read the file itself; see `can_enter` for the way to it."""
        return self._has(path, stat.S_IRUSR, stat.S_IRGRP, stat.S_IROTH)

    def can_run(self, path: Path) -> bool:
        """Whether this account may execute the file itself."""
        return self._has(path, stat.S_IXUSR, stat.S_IXGRP, stat.S_IXOTH)

    def _has(self, path: Path, owner: int, group: int, other: int) -> bool:
        try:
            facts = path.stat()
        except OSError:
            return False
        if facts.st_uid == self.uid:
            return bool(facts.st_mode & owner)
        return bool(facts.st_mode & (group if facts.st_gid == self.gid else other))


def account_for(places: Places) -> Account:
    """The account for this data folder: the owner of the cluster if there is one.

    Raises DatabaseNotUsable when the cluster belongs to somebody whom we cannot become.
    """
    cluster = _facts(places.cluster)
    mine = os.geteuid()
    if mine != 0:
        if cluster is not None and cluster.st_uid != mine:
            raise DatabaseNotUsable(_belongs_to_another(places, cluster.st_uid))
        return Account(mine, os.getegid())
    for facts in (cluster, places.data.stat()):
        if facts is not None and facts.st_uid != 0:
            return Account(facts.st_uid, facts.st_gid)
    if cluster is not None:
        raise DatabaseNotUsable(
            f"{places.cluster} belongs to root, and PostgreSQL does not run as root. Give the "
            f"folder to the account that should run it: chown -R casekeep {places.cluster}"
        )
    return _unprivileged()


def has_name(uid: int) -> bool:
    """Whether this machine knows a user of this number."""
    return user_name(uid) != str(uid)


def user_name(uid: int) -> str:
    """The name of a user, or its number."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _belongs_to_another(places: Places, owner: int) -> str:
    me = user_name(os.geteuid())
    return (
        f"{places.cluster} belongs to the user {user_name(owner)}, and this is {me}. Start "
        f"Casekeep as the user who started it first (root, if that was root), or stop it there "
        f"and hand the whole data folder over: sudo chown -R {me} {places.data}"
    )


def _facts(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise DatabaseNotUsable(
            f"{user_name(os.geteuid())} may not look into {path.parent}. Start Casekeep as the "
            "user to whom the data folder belongs."
        ) from error


def _unprivileged() -> Account:
    if _known(_OWN_ACCOUNT) is None:
        _make_own_account()
    for name in (_OWN_ACCOUNT, *_OTHERS):
        account = _known(name)
        if account is not None:
            return account
    raise DatabaseNotUsable(
        "PostgreSQL does not run as root, and this machine has no unprivileged user for it. "
        "Make a user `casekeep`, or start Casekeep as an ordinary user."
    )


def _known(name: str) -> Account | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return Account(entry.pw_uid, entry.pw_gid) if entry.pw_uid != 0 else None


def _make_own_account() -> None:
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if useradd is None:
        return
    # Two processes may do this at once, and a machine may forbid it: what counts is whether the
    # account exists afterwards.
    subprocess.run(  # noqa: S603 - a fixed command without input from outside
        [
            useradd,
            "--system",
            "--user-group",
            "--no-create-home",
            "--home-dir=/nonexistent",
            "--shell=/usr/sbin/nologin",
            _OWN_ACCOUNT,
        ],
        check=False,
        capture_output=True,
        timeout=30,
    )
