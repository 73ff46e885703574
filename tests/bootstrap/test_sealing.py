"""Where the deployment's keys are found, and what is refused before anybody is served."""

import shlex
import stat
import sys
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from casekeep.blobs.deployment_keys import new_key_text, read_key
from casekeep.blobs.organization_keys import OrganizationKeys
from casekeep.bootstrap.sealing import (
    add_deployment_key,
    check_deployment_keys,
    key_file,
    open_deployment_keys,
)
from casekeep.db.addresses import Addresses, external_addresses
from casekeep.db.database import Database
from casekeep.db.migrating import migrate_database
from casekeep.settings import Settings, SettingsNotValid
from tests.support.database import TestServer, drop_database, make_owned_database
from tests.support.factories import make_organization


@pytest_asyncio.fixture
async def addresses(  # noqa: ANN201 - a generator of addresses
    admin: asyncpg.Connection, server_dsn: str, tmp_path: Path, request: pytest.FixtureRequest
):
    """A database of its own: which keys are in use is asked of all organisations."""
    name = f"test_sealing_{abs(hash(request.node.name)) % 10**10}"
    owner_dsn = await make_owned_database(admin, server_dsn, name)
    try:
        there = external_addresses(owner_dsn, None, tmp_path / "secrets")
        await migrate_database(there.owner_dsn, there.application_dsn)
        yield there
    finally:
        await drop_database(admin, name)


@pytest_asyncio.fixture
async def own(addresses: Addresses):  # noqa: ANN201 - a generator of a database
    db = await Database.connect(addresses.application_dsn, size=2)
    yield db
    await db.close()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def chosen(data: Path, **settings: str) -> Settings:
    return Settings(data=str(data), **settings)


async def use_keys(db: Database, settings: Settings) -> None:
    """Have an organisation whose key is wrapped by the current deployment key."""
    keys = await open_deployment_keys(settings, db)
    await OrganizationKeys(db, keys).current(await make_organization(db))


async def test_a_first_start_makes_a_key_that_only_its_owner_reads(
    own: Database, addresses: Addresses, data: Path
) -> None:
    await check_deployment_keys(chosen(data), addresses)
    path = key_file(chosen(data))
    assert path == data / "secrets" / "sealing"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    before = path.read_bytes()
    await check_deployment_keys(chosen(data), addresses)
    assert path.read_bytes() == before


async def test_a_lost_key_is_refused_by_name_and_no_other_is_made(
    own: Database, addresses: Addresses, data: Path
) -> None:
    await use_keys(own, chosen(data))
    path = key_file(chosen(data))
    [key] = (await open_deployment_keys(chosen(data), own)).all
    path.unlink()
    with pytest.raises(SettingsNotValid) as refused:
        await check_deployment_keys(chosen(data), addresses)
    assert key.id in str(refused.value)
    assert "CASEKEEP_SEALING_KEY_FILE" in str(refused.value)
    assert not path.exists()


async def test_a_wrong_key_is_refused_by_name(
    own: Database, addresses: Addresses, data: Path
) -> None:
    await use_keys(own, chosen(data))
    [key] = (await open_deployment_keys(chosen(data), own)).all
    other = new_key_text()
    with pytest.raises(SettingsNotValid) as refused:
        await check_deployment_keys(chosen(data, sealing_key=other), addresses)
    assert key.id in str(refused.value)
    assert "CASEKEEP_SEALING_KEY" in str(refused.value)
    assert other not in str(refused.value)
    right = key_file(chosen(data)).read_text().strip()
    await check_deployment_keys(chosen(data, sealing_key=f"{other},{right}"), addresses)


async def test_a_new_key_comes_first_and_the_old_one_stays(own: Database, data: Path) -> None:
    keys = await open_deployment_keys(chosen(data), own)
    old = keys.current
    add_deployment_key(chosen(data))
    keys.load_again()
    assert keys.current != old
    assert keys.all[1:] == (old,)
    assert stat.S_IMODE(key_file(chosen(data)).stat().st_mode) == 0o600
    assert [path.name for path in (data / "secrets").iterdir()] == ["sealing"]


async def test_a_key_that_is_not_ours_to_make_is_not_made(own: Database, data: Path) -> None:
    for settings in (
        chosen(data, sealing_key=new_key_text()),
        chosen(data, sealing_key_command="kms decrypt"),
    ):
        with pytest.raises(SettingsNotValid, match="put a new key first in"):
            add_deployment_key(settings)


async def test_a_file_that_is_named_must_be_there(own: Database, data: Path) -> None:
    settings = chosen(data, sealing_key_file=str(data / "elsewhere"))
    with pytest.raises(SettingsNotValid, match=r"CASEKEEP_SEALING_KEY_FILE\) cannot be read: No"):
        await open_deployment_keys(settings, own)
    assert not (data / "elsewhere").exists()


@pytest.mark.parametrize("text", ["", "\n", "a secret of mine\n"])
async def test_what_is_no_key_is_refused_without_being_shown(
    own: Database, tmp_path: Path, text: str
) -> None:
    (tmp_path / "key").write_text(text)
    settings = chosen(tmp_path, sealing_key_file=str(tmp_path / "key"))
    with pytest.raises(SettingsNotValid) as refused:
        await open_deployment_keys(settings, own)
    assert "secret of mine" not in str(refused.value)
    assert "CASEKEEP_SEALING_KEY_FILE" in str(refused.value)


UNWRAP = "import sys; print(sys.stdin.read().removeprefix('wrapped:'))"


def command(program: str) -> str:
    return shlex.join([sys.executable, "-c", program])


async def test_a_command_gets_each_wrapped_key_and_prints_the_key(
    own: Database, addresses: Addresses, tmp_path: Path
) -> None:
    texts = [new_key_text(), new_key_text()]
    (tmp_path / "key").write_text("".join(f"wrapped:{text}\n" for text in texts))
    settings = chosen(
        tmp_path, sealing_key_file=str(tmp_path / "key"), sealing_key_command=command(UNWRAP)
    )
    keys = await open_deployment_keys(settings, own)
    assert keys.all == tuple(map(read_key, texts))
    await check_deployment_keys(settings, addresses)


@pytest.mark.parametrize(
    ("program", "refusal"),
    [
        ("raise SystemExit(3)", "failed with status 3"),
        ("print('not a key')", "a key is 32 bytes in base64"),
    ],
)
async def test_a_command_that_gives_no_key_is_refused(
    own: Database, tmp_path: Path, program: str, refusal: str
) -> None:
    (tmp_path / "key").write_text("wrapped\n")
    settings = chosen(
        tmp_path, sealing_key_file=str(tmp_path / "key"), sealing_key_command=command(program)
    )
    with pytest.raises(SettingsNotValid, match=refusal):
        await open_deployment_keys(settings, own)


async def test_a_command_is_not_run_through_a_shell(own: Database, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("wrapped\n")
    settings = chosen(
        tmp_path,
        sealing_key_file=str(tmp_path / "key"),
        sealing_key_command=f"/bin/echo $HOME; touch {tmp_path / 'touched'}",
    )
    with capture_logs(), pytest.raises(SettingsNotValid, match="32 bytes"):
        await open_deployment_keys(settings, own)
    assert not (tmp_path / "touched").exists()
    missing = chosen(
        tmp_path, sealing_key_file=str(tmp_path / "key"), sealing_key_command="/no/such/program"
    )
    with pytest.raises(SettingsNotValid, match="COMMAND cannot be run: FileNotFoundError"):
        await open_deployment_keys(missing, own)


async def test_keys_in_use_are_counted_for_every_organisation(
    own: Database, test_server: TestServer, data: Path
) -> None:
    await use_keys(own, chosen(data))
    await use_keys(own, chosen(data))
    add_deployment_key(chosen(data))
    await use_keys(own, chosen(data))
    rows = await own.fetch_unscoped("select wrapped from deployment_key_ids() order by wrapped")
    assert [row["wrapped"] for row in rows] == [1, 2]
