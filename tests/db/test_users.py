"""Which operating-system user runs the server, and who may share a data folder."""

import os
import pwd
import shutil
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psutil
import pytest

from casekeep.db.addresses import EmbeddedServer
from casekeep.db.embedded import copying, sockets, supervisor
from casekeep.db.embedded.account import Account
from casekeep.db.embedded.binaries import Binaries, find_binaries
from casekeep.db.embedded.places import Places
from casekeep.db.errors import DatabaseNotUsable
from tests.db.processes import is_root, peer, postmaster, run, wait_until_gone

as_root = pytest.mark.skipif(not is_root(), reason="needs root, to be other users as well")
NOBODY = pwd.getpwnam("nobody").pw_uid
SOMEBODY = pwd.getpwnam("daemon").pw_uid
NO_SUCH_USER = 54_321


def sockets_in(dsn: str) -> Path:
    [folder] = parse_qs(urlsplit(dsn).query)["host"]
    return Path(folder)


def groups_of(pid: int) -> set[int]:
    status = Path(f"/proc/{pid}/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith("Groups:")]
    return set(map(int, line.split()[1:]))


def test_the_server_runs_as_an_unprivileged_user(data: Path) -> None:
    with EmbeddedServer(data, durable=False) as server:
        server.start_or_join(keep=True)
        uids = psutil.Process(postmaster(data)).uids()
        assert len({uids.real, uids.effective, uids.saved}) == 1
        assert uids.real == os.geteuid() or is_root()
        assert uids.real != 0


@as_root
def test_the_server_has_none_of_roots_groups(data: Path) -> None:
    before = os.getgroups()
    os.setgroups([0, 12])
    try:
        with EmbeddedServer(data, durable=False) as server:
            server.start_or_join(keep=True)
            assert groups_of(postmaster(data)) == set()
    finally:
        os.setgroups(before)


@as_root
async def test_roots_data_may_lie_where_the_other_user_cannot_go(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    data = closed / "data"
    for _ in ("cold", "warm"):
        with EmbeddedServer(data, durable=False) as server:
            dsn = server.start_or_join(keep=True).owner_dsn
            await run(dsn, "select 1")
            assert sockets_in(dsn).parent != data
            with peer(data) as visitor:
                assert visitor.said()["owner"] == dsn
    wait_until_gone(data)


@as_root
async def test_where_the_other_user_can_go_the_socket_is_in_the_data_folder(
    open_place: Path,
) -> None:
    data = open_place / "data"
    with EmbeddedServer(data, durable=False) as server:
        dsn = server.start_or_join(keep=True).owner_dsn
        await run(dsn, "select 1")
        assert sockets_in(dsn) == data.resolve() / "postgres.socket"
        assert (data / "secrets").stat().st_uid == 0
    wait_until_gone(data)


@as_root
def test_an_ordinary_user_starts_and_joins_what_is_theirs(open_place: Path) -> None:
    home = open_place / "home"
    home.mkdir(mode=0o700)
    os.chown(home, SOMEBODY, SOMEBODY)
    with peer(home / "data", keep=True, user=SOMEBODY) as first:
        said = first.said()
        assert "refused" not in said
        assert psutil.Process(postmaster(home / "data")).uids().real == SOMEBODY
        with peer(home / "data", user=SOMEBODY) as second:
            assert second.said()["owner"] == said["owner"]
        assert first.leave() == 0
    wait_until_gone(home / "data")


@as_root
def test_two_users_on_one_machine_do_not_meet(open_place: Path) -> None:
    """With paths so long that both sockets are in the folder for temporary files."""
    homes = {user: open_place / str(user) / ("long" * 30) for user in (SOMEBODY, NOBODY)}
    for user, home in homes.items():
        home.mkdir(parents=True)
        os.chown(home, user, user)
    one, two = homes.items()
    with (
        peer(one[1] / "data", keep=True, user=one[0]) as first,
        peer(two[1] / "data", keep=True, user=two[0]) as second,
    ):
        folders = {sockets_in(each.said()["owner"]) for each in (first, second)}
        assert {folder.stat().st_uid for folder in folders} == {SOMEBODY, NOBODY}
        assert {folder.stat().st_mode & 0o777 for folder in folders} == {0o700}
        assert (first.leave(), second.leave()) == (0, 0)
    for home in homes.values():
        wait_until_gone(home / "data")


@as_root
def test_an_ordinary_user_after_root_is_told_what_to_do(open_place: Path) -> None:
    data = open_place / "data"
    with EmbeddedServer(data, durable=False) as server:
        server.start_or_join(keep=True)
        with peer(data, user=SOMEBODY) as other:
            assert "belongs to" in other.said()["refused"]
    with peer(data, user=SOMEBODY) as other:
        refused = other.said()["refused"]
    assert "sudo chown -R" in refused
    assert str(data) in refused
    for path in (data, *data.rglob("*")):
        os.chown(path, SOMEBODY, SOMEBODY, follow_symlinks=False)
    with peer(data, user=SOMEBODY) as other:
        assert "refused" not in other.said()
        assert other.leave() == 0
    wait_until_gone(data)


@as_root
def test_root_after_an_ordinary_user_runs_it_as_them(open_place: Path) -> None:
    data = open_place / "data"
    data.mkdir(mode=0o700)
    os.chown(data, SOMEBODY, SOMEBODY)
    with peer(data, user=SOMEBODY) as first:
        first.said()
        first.leave()
    wait_until_gone(data)
    with EmbeddedServer(data, durable=False) as server:
        server.start_or_join(keep=True)
        assert psutil.Process(postmaster(data)).uids().real == SOMEBODY
    wait_until_gone(data)
    with peer(data, user=SOMEBODY) as again:
        assert "refused" not in again.said()
        again.leave()
    wait_until_gone(data)
    assert {path.stat().st_uid for path in data.rglob("*")} == {SOMEBODY}


@as_root
def test_a_user_without_a_name_is_told(open_place: Path) -> None:
    data = open_place / "data"
    data.mkdir(mode=0o700)
    os.chown(data, NO_SUCH_USER, NO_SUCH_USER)
    with peer(data, user=NO_SUCH_USER) as nameless:
        assert "no name on this machine" in nameless.said()["refused"]


@as_root
def test_root_first_in_a_folder_of_an_ordinary_user_leaves_it_usable_to_them(
    open_place: Path,
) -> None:
    data = open_place / "data"
    data.mkdir(mode=0o700)
    os.chown(data, SOMEBODY, SOMEBODY)
    with EmbeddedServer(data, durable=False) as server:
        server.start_or_join(keep=False)
    assert {path.stat().st_uid for path in data.rglob("*")} == {SOMEBODY}
    with peer(data, user=SOMEBODY) as owner:
        assert "refused" not in owner.said()
        owner.leave()
    wait_until_gone(data)


@as_root
async def test_a_squatted_name_in_the_folder_for_temporary_files_is_not_used(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with EmbeddedServer(data, durable=False) as server:
        taken = sockets_in(server.start_or_join(keep=True).owner_dsn)
    taken.mkdir(mode=0o777)
    os.chown(taken, SOMEBODY, SOMEBODY)
    try:
        with EmbeddedServer(data, durable=False) as server:
            dsn = server.start_or_join(keep=True).owner_dsn
            assert sockets_in(dsn) != taken
            assert sockets_in(dsn).stat().st_uid not in (0, SOMEBODY)
            await run(dsn, "select 1")
            with peer(data) as visitor:
                assert visitor.said()["owner"] == dsn
        assert list(taken.iterdir()) == []
        assert not sockets_in(dsn).exists()
    finally:
        taken.rmdir()


def test_a_link_in_place_of_the_sockets_folder_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir(mode=0o755)
    (tmp_path / "link").symlink_to(target)
    account = Account(os.geteuid(), os.getegid())
    with pytest.raises(OSError):  # noqa: PT011 - the kernel's words for it differ
        sockets.ensure_folder(tmp_path / "link", account)
    assert target.stat().st_mode & 0o777 == 0o755
    assert not sockets.is_private(tmp_path / "link", account)


def test_a_folder_that_others_write_to_is_not_private(tmp_path: Path) -> None:
    account = Account(os.geteuid(), os.getegid())
    tmp_path.chmod(0o700)
    assert sockets.is_private(tmp_path, account)
    assert not sockets.is_private(tmp_path, Account(NO_SUCH_USER, NO_SUCH_USER))
    tmp_path.chmod(0o770)
    assert not sockets.is_private(tmp_path, account)
    assert not sockets.is_private(tmp_path / "absent", account)


def test_a_socket_that_others_could_have_put_there_is_not_used(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "START_SECONDS", 0.2)
    with EmbeddedServer(data, durable=False) as server:
        folder = sockets_in(server.start_or_join(keep=True).owner_dsn)
        folder.chmod(0o777)
        with pytest.raises(DatabaseNotUsable, match="has not answered"):
            EmbeddedServer(data).join()
        folder.chmod(0o700)
        EmbeddedServer(data).join()


def test_a_file_system_without_sockets_is_not_chosen(
    open_place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = Account(os.geteuid(), os.getegid())
    assert sockets.choose_folder(Places(open_place), account) == open_place / "postgres.socket"
    monkeypatch.setattr(sockets, "_takes_sockets", lambda _folder: False)
    chosen = sockets.choose_folder(Places(open_place), account)
    assert chosen.parent == Path("/tmp")  # noqa: S108
    chosen.rmdir()


@as_root
def test_programs_under_roots_home_are_copied_once(
    tmp_path: Path, open_place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o700)
    installed = find_binaries()
    package = tmp_path / "site-packages" / installed.package.name
    shutil.copytree(installed.package, package, ignore=shutil.ignore_patterns("include"))
    if installed.libraries.is_dir():
        shutil.copytree(installed.libraries, package.with_name(installed.libraries.name))
    hidden = Binaries(package, installed.major)
    monkeypatch.setattr(copying, "_HOMES", (open_place / "copies",))
    account = Account(SOMEBODY, SOMEBODY)
    copy = copying.reachable(hidden, account)
    assert copy.package.is_relative_to(open_place)
    assert copying.reachable(hidden, account) == copy
    assert len(list((open_place / "copies").iterdir())) == 1
    monkeypatch.setattr("casekeep.db.embedded.supervisor.find_binaries", lambda: hidden)
    with EmbeddedServer(tmp_path / "data", durable=False) as server:
        server.start_or_join(keep=True)
        running = psutil.Process(postmaster(tmp_path / "data"))
        assert running.exe() == str(copy.program("postgres"))
    wait_until_gone(tmp_path / "data")


@as_root
def test_a_place_for_the_copy_that_others_can_change_is_not_used(
    tmp_path: Path, open_place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    squatted, linked, good = (open_place / name for name in ("squatted", "linked", "good"))
    squatted.mkdir()
    os.chown(squatted, SOMEBODY, SOMEBODY)
    linked.symlink_to(tmp_path)
    monkeypatch.setattr(copying, "_HOMES", (squatted, linked, good))
    monkeypatch.setattr(copying, "_usable", lambda _binaries, _account: False)
    copy = copying.reachable(find_binaries(), Account(SOMEBODY, SOMEBODY))
    assert copy.package.is_relative_to(good)
    assert not list(squatted.iterdir())


def test_an_account_enters_only_where_the_modes_let_it(tmp_path: Path) -> None:
    for mode, mine, others in ((0o700, True, False), (0o755, True, True), (0o011, False, True)):
        folder = tmp_path / oct(mode)
        folder.mkdir()
        folder.chmod(mode)
        me = Account(os.geteuid(), os.getegid())
        assert me.can_run(folder) is mine
        assert Account(NO_SUCH_USER, NO_SUCH_USER).can_run(folder) is others
    assert not Account(NO_SUCH_USER, NO_SUCH_USER).can_enter(tmp_path / "0o755" / "absent")
