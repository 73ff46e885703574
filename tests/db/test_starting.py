"""Starting and joining the embedded server."""

import stat
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from casekeep.db.addresses import EmbeddedServer
from casekeep.db.migrating import application_dsn_for, check_application_role, migrate_database
from tests.db.processes import cluster, measured, peer, postmaster, run, wait_until_gone


async def test_a_cold_and_a_warm_start_keep_what_was_written(data: Path) -> None:
    for start in ("cold", "warm"):
        began = time.monotonic()
        with EmbeddedServer(data) as server:
            addresses = server.start_or_join(keep=True)
            measured(f"{start} start", time.monotonic() - began)
            if start == "cold":
                await run(addresses.owner_dsn, "create table notes as select 'kept' as words")
            rows = await run(addresses.owner_dsn, "select words from notes")
            assert [row["words"] for row in rows] == ["kept"]
    with pytest.raises(OSError):  # noqa: PT011 - no such file, or nobody listens
        await run(addresses.owner_dsn, "select 1")


async def test_it_is_set_up_as_promised(data: Path) -> None:
    with EmbeddedServer(data) as server:
        addresses = server.start_or_join(keep=True)
        superuser = addresses.superuser_dsn
        assert superuser is not None
        settings = {
            row["name"]: row["setting"]
            for row in await run(superuser, "select name, setting from pg_settings")
        }
        locale = await run(
            superuser,
            "select datcollversion, pg_encoding_to_char(encoding) as encoding, datlocale, "
            "lower('ÄÖ') as lowered from pg_database where datname = 'casekeep'",
        )
        methods = await run(superuser, "select distinct auth_method, type from pg_hba_file_rules")
    assert (locale[0]["encoding"], locale[0]["datlocale"]) == ("UTF8", "C.UTF-8")
    assert locale[0]["lowered"] == "äö"
    assert {row["auth_method"] for row in methods} == {"scram-sha-256"}
    expected = {
        "listen_addresses": "",
        "data_checksums": "on",
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "max_connections": "500",
        "password_encryption": "scram-sha-256",
    }
    assert {name: settings[name] for name in expected} == expected


async def test_a_wrong_password_does_not_get_in(data: Path) -> None:
    with EmbeddedServer(data, durable=False) as server:
        dsn = server.start_or_join(keep=True).owner_dsn
        parts = urlsplit(dsn)
        wrong = parts._replace(netloc="casekeep_owner:guess@").geturl()
        with pytest.raises(asyncpg.InvalidPasswordError):
            await run(wrong, "select 1")


async def test_what_is_secret_is_closed_to_others(data: Path) -> None:
    with EmbeddedServer(data, durable=False) as server:
        addresses = server.start_or_join(keep=True)
        [folder] = parse_qs(urlsplit(addresses.owner_dsn).query)["host"]
        closed = [Path(folder), data / "secrets", *(data / "secrets").iterdir()]
        closed += [data / "postgres", data / "postgres.log", data / "postgres.lock"]
        for path in closed:
            assert not path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO), path
        assert len(list((data / "secrets").iterdir())) == 3


async def test_migrations_and_the_applications_role_work_over_the_socket(data: Path) -> None:
    with EmbeddedServer(data, durable=False) as server:
        addresses = server.start_or_join(keep=True)
        await migrate_database(addresses.owner_dsn, addresses.application_dsn)
        assert (
            await migrate_database(addresses.owner_dsn, addresses.application_dsn)
        ).applied == ()
        await check_application_role(addresses.application_dsn)
        rows = await run(addresses.application_dsn, "select current_user as me")
    assert rows[0]["me"] == "casekeep_app"
    assert application_dsn_for(addresses.owner_dsn, "x").startswith("postgresql://casekeep_app:x@/")


async def test_another_process_joins(data: Path) -> None:
    with EmbeddedServer(data, durable=False) as server:
        mine = server.start_or_join(keep=True)
        before = postmaster(data)
        with peer(data) as visitor:
            assert visitor.said()["owner"] == mine.owner_dsn
            assert visitor.leave() == 0
        assert postmaster(data) == before
        await run(mine.owner_dsn, "select 1")


async def test_joining_only_finds_the_running_server(data: Path) -> None:
    with EmbeddedServer(data, durable=False) as server:
        mine = server.start_or_join(keep=True)
        assert EmbeddedServer(data, durable=False).join() == mine
        await run(mine.owner_dsn, "select 1")


async def test_a_second_server_object_on_the_same_folder_joins(data: Path) -> None:
    with (
        EmbeddedServer(data, durable=False) as first,
        EmbeddedServer(data, durable=False) as second,
    ):
        assert first.start_or_join(keep=True) == second.start_or_join(keep=False)
        second.stop()
        await run(first.start_or_join(keep=True).owner_dsn, "select 1")


async def test_several_processes_start_at_once_on_an_empty_folder(data: Path) -> None:
    with peer(data) as one, peer(data) as two, peer(data, keep=True) as three:
        peers = (one, two, three)
        said = [each.said() for each in peers]
        assert len({words["owner"] for words in said}) == 1
        await run(said[0]["owner"], "select 1")
        for each in peers:
            each.let_go()
        assert [each.leave() for each in peers] == [0, 0, 0]


def test_an_interrupted_first_start_is_begun_anew(data: Path) -> None:
    (data / "postgres.new" / "base").mkdir(parents=True)
    (data / "postgres.new" / "PG_VERSION").write_text("18\n")
    with EmbeddedServer(data, durable=False) as server:
        server.start_or_join(keep=True)
    assert not (data / "postgres.new").exists()
    assert (data / "postgres" / "PG_VERSION").exists()


def test_notes_that_name_another_process_do_not_hinder(data: Path) -> None:
    """After a power cut, the number of the old server may be that of anything."""
    with EmbeddedServer(data, durable=False) as server:
        server.start_or_join(keep=True)
        notes = cluster(data) / "postmaster.pid"
        text = notes.read_text()
    lines = text.splitlines()
    with EmbeddedServer(data.parent / "bystander", durable=False) as bystander:
        bystander.start_or_join(keep=True)
        lines[0] = str(postmaster(data.parent / "bystander"))
        notes.write_text("\n".join(lines) + "\n")
        with EmbeddedServer(data, durable=False) as server:
            server.start_or_join(keep=True)


def test_stopping_twice_and_without_starting_is_fine(data: Path) -> None:
    server = EmbeddedServer(data, durable=False)
    server.stop()
    server.start_or_join(keep=False)
    server.stop()
    server.stop()


@pytest.mark.parametrize("length", [60, 240])
async def test_a_long_path(data: Path, length: int) -> None:
    folder = data.joinpath(*(["x" * 59] * (length // 60)), "with, comma and 'quote\"")
    with EmbeddedServer(folder, durable=False) as server:
        addresses = server.start_or_join(keep=True)
        await run(addresses.owner_dsn, "select 1")
        [sockets] = parse_qs(urlsplit(addresses.owner_dsn).query)["host"]
    assert len(sockets) < 80
    assert Path(sockets).name.startswith("casekeep-")
    wait_until_gone(folder)
