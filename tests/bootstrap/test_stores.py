"""The store that the settings name: which it is, what is refused, and what an operator is told of
one that cannot be used.
"""

from pathlib import Path

import pytest

from casekeep.blobs.joined import JoinedStore
from casekeep.blobs.local import LocalStore
from casekeep.blobs.objects import ObjectStore
from casekeep.blobs.replica import ReplicaFolder
from casekeep.blobs.store import StoreNotUsable
from casekeep.bootstrap.stores import (
    check_contents,
    check_store,
    open_move,
    open_replica,
    open_store,
)
from casekeep.db.addresses import Addresses
from casekeep.files.verifying.model import Damage
from casekeep.files.verifying.queries import are_any_believed_in, note
from casekeep.kernel.clock import utc_now
from casekeep.settings import Settings, SettingsNotValid
from tests.blobs.contract import fresh_key, keep, keys_of
from tests.files.conftest import receiver, room
from tests.files.room import Room
from tests.files.verifying.house import make_shelf
from tests.support.buckets import S3Server, free_port
from tests.support.database import TestServer

__all__ = ["receiver", "room"]


@pytest.mark.parametrize("blobs", ["", "disk"])
async def test_the_disk_of_the_data_folder_is_the_default(tmp_path: Path, blobs: str) -> None:
    store = open_store(Settings(data=str(tmp_path), blobs=blobs))
    await keep(store, fresh_key(), b"x")
    assert isinstance(store, LocalStore)
    assert store.root == tmp_path / "blobs"
    assert store.root.is_dir()


def test_another_folder(tmp_path: Path) -> None:
    store = open_store(Settings(data=str(tmp_path), blobs=f"disk:{tmp_path}/else"))
    assert isinstance(store, LocalStore)
    assert store.root == tmp_path / "else"


@pytest.mark.parametrize(
    ("url", "prefix"),
    [
        ("s3://clinic-files", ""),
        ("s3://clinic-files/a/b/?region=eu-central-1", "a/b/"),
        ("gs://clinic-files/a?endpoint=http://127.0.0.1:1", "a/"),
        ("az://clinic-files/a?account=clinic&timeout=5", "a/"),
    ],
)
def test_a_bucket(url: str, prefix: str) -> None:
    store = open_store(Settings(blobs=url))
    assert isinstance(store, ObjectStore)
    assert store.bucket.prefix == prefix


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("tape", "disk, disk:FOLDER, or a bucket"),
        ("ftp://bucket", "disk, disk:FOLDER, or a bucket"),
        ("s3://", "a bucket is named as s3://bucket/prefix"),
        ("s3://key:secret@bucket", "credentials do not belong into its URL"),
        ("s3://bucket?access_key_id=key", "options of s3:// are endpoint, region, timeout"),
        ("s3://bucket?endpoint", "options of a bucket follow as"),
        ("s3://bucket?endpoint=files.example", "endpoint: the URL of the provider"),
        ("s3://bucket?endpoint=https://me:secret@files.example", "endpoint: the URL of"),
        ("s3://bucket?timeout=0", "timeout: a number of seconds above 0"),
        ("s3://bucket?timeout=nan", "timeout: a number of seconds above 0"),
        ("az://container", "az:// needs ?account="),
    ],
)
def test_what_cannot_be_is_named(url: str, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AZURE_STORAGE_ACCOUNT_NAME", raising=False)
    for settings in (Settings(blobs=url), Settings(blobs="disk", blobs_from=url)):
        with pytest.raises(SettingsNotValid, match=r"^CASEKEEP_BLOBS(_FROM)?: ") as refused:
            open_store(settings)
        assert told in str(refused.value)
        assert "secret" not in str(refused.value)


@pytest.mark.parametrize("url", ["disk", "s3://clinic-files/a"])
def test_a_place_is_not_joined_with_itself(url: str) -> None:
    with pytest.raises(SettingsNotValid, match=r"^CASEKEEP_BLOBS_FROM is the same place"):
        open_store(Settings(blobs=url, blobs_from=url + ("/" if "a" in url else "")))


async def test_a_bucket_that_can_be_used(moto: S3Server) -> None:
    url = moto.url()
    await check_store(Settings(blobs=url))
    store = open_store(Settings(blobs=url, blobs_from="disk"))
    assert isinstance(store, JoinedStore)
    assert await keys_of(store.target) == set()


async def test_a_bucket_that_is_not_there_is_told(moto: S3Server) -> None:
    url = moto.url("a", bucket="not-there")
    for settings in (Settings(blobs=url), Settings(blobs_from=url)):
        with pytest.raises(StoreNotUsable) as told:
            await check_store(settings)
        setting = "CASEKEEP_BLOBS_FROM" if settings.blobs_from else "CASEKEEP_BLOBS"
        assert str(told.value) == (
            f"{setting}: s3://not-there/a: there is no such bucket; make it, or correct the name, "
            "the endpoint or the region"
        )


async def test_credentials_that_are_refused_are_told(
    rclone: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a wrong secret")
    with pytest.raises(StoreNotUsable, match="access refused; check the credentials") as told:
        await check_store(Settings(blobs=rclone.url()))
    assert "a wrong secret" not in str(told.value)


async def test_a_server_that_is_not_there_is_told(s3_credentials: None) -> None:
    nobody = S3Server(f"http://127.0.0.1:{free_port()}")
    with pytest.raises(StoreNotUsable, match="no connection; check the endpoint, the network"):
        await check_store(Settings(blobs=nobody.url()))


def test_a_move_goes_between_places_that_the_server_knows() -> None:
    joined = Settings(blobs="s3://new", blobs_from="disk")
    assert isinstance(open_move(joined, "s3://new/"), JoinedStore)
    with pytest.raises(SettingsNotValid, match=r"moving to CASEKEEP_BLOBS already: --to s3://new$"):
        open_move(joined, "s3://other")
    with pytest.raises(SettingsNotValid, match="this is where blobs are kept already"):
        open_move(Settings(blobs="s3://new"), "s3://new")
    with pytest.raises(SettingsNotValid) as refused:
        open_move(Settings(), "s3://new")
    assert "set CASEKEEP_BLOBS='s3://new' and CASEKEEP_BLOBS_FROM='disk'" in str(refused.value)
    with pytest.raises(SettingsNotValid, match=r"^--to: disk, disk:FOLDER"):
        open_move(joined, "tape")


def test_a_replica_is_any_place(tmp_path: Path) -> None:
    data, elsewhere = str(tmp_path), f"disk:{tmp_path}/else"
    assert open_replica(Settings(data=data)) is None
    assert isinstance(open_replica(Settings(data=data, replica=elsewhere)), ReplicaFolder)
    bucket = open_replica(Settings(data=data, replica="s3://copies/a"))
    assert isinstance(bucket, ObjectStore)
    with pytest.raises(SettingsNotValid, match="CASEKEEP_REPLICA: disk, disk:FOLDER, or a bucket"):
        open_replica(Settings(data=data, replica="/mnt/copies"))


@pytest.mark.parametrize("replica", ["disk", "s3://clinic-files"])
def test_a_replica_is_another_place(tmp_path: Path, replica: str) -> None:
    settings = Settings(
        data=str(tmp_path), blobs="s3://clinic-files", blobs_from="disk", replica=replica
    )
    with pytest.raises(SettingsNotValid, match="CASEKEEP_REPLICA is where blobs are kept"):
        open_replica(settings)


async def test_a_store_that_has_lost_everything_is_told_of_before_the_start(
    room: Room, test_server: TestServer, tmp_path: Path
) -> None:
    """As when its disk is not mounted: what was added there would be hidden later."""
    shelf = await make_shelf(room)
    addresses = Addresses(test_server.owner_dsn, test_server.application_dsn)
    await check_contents(Settings(blobs=f"disk:{room.root}"), addresses)
    (empty := tmp_path / "mounted").mkdir()
    for folder in (empty, tmp_path / "none"):
        with pytest.raises(StoreNotUsable, match="it is empty, and files are on record"):
            await check_contents(Settings(blobs=f"disk:{folder}"), addresses)
    assert not (tmp_path / "none").exists()
    async with room.db.transaction(shelf.organization_id) as tx:
        assert await are_any_believed_in(tx)
        await note(tx, [(shelf.files[0].id, Damage.MISSING)], utc_now())
        assert not await are_any_believed_in(tx)
