"""Opens the stores that the settings name, and sees before a start that they can be used."""

from contextlib import suppress
from pathlib import Path

from casekeep.blobs.bucket import is_bucket, open_bucket
from casekeep.blobs.causes import what_next
from casekeep.blobs.joined import JoinedStore
from casekeep.blobs.local import LocalStore
from casekeep.blobs.objects import ObjectStore
from casekeep.blobs.replica import ReplicaFolder
from casekeep.blobs.store import BlobStore, RawStore, StoreNotUsable, StoreUnavailable
from casekeep.db.addresses import Addresses
from casekeep.db.database import Database
from casekeep.db.organizations import organization_ids
from casekeep.files.verifying.queries import are_any_believed_in
from casekeep.settings import Settings, SettingsNotValid

_DISK = "disk"


def open_store(settings: Settings) -> RawStore:
    """The store of CASEKEEP_BLOBS, joined with that of CASEKEEP_BLOBS_FROM if one is set; asks
    nobody yet. Raises SettingsNotValid.
    """
    target = _opened("CASEKEEP_BLOBS", settings.blobs or _DISK, settings)
    if not settings.blobs_from:
        return target
    source = _opened("CASEKEEP_BLOBS_FROM", settings.blobs_from, settings)
    if _place(target) == _place(source):
        raise SettingsNotValid(
            "CASEKEEP_BLOBS_FROM is the same place as CASEKEEP_BLOBS; leave it empty unless blobs "
            "move from one to the other"
        )
    return JoinedStore(target, source)


def open_replica(settings: Settings) -> BlobStore | None:
    """The copy of the blobs that CASEKEEP_REPLICA names, if one is set; asks nobody yet. Raises
    SettingsNotValid.
    """
    if not settings.replica:
        return None
    replica = _opened("CASEKEEP_REPLICA", settings.replica, settings)
    store = open_store(settings)
    ours = [store.target, store.source] if isinstance(store, JoinedStore) else [store]
    if _place(replica) in [_place(each) for each in ours]:
        raise SettingsNotValid(
            "CASEKEEP_REPLICA is where blobs are kept; a replica is a copy in another place"
        )
    return ReplicaFolder(replica.root) if isinstance(replica, LocalStore) else replica


def repairs_store(settings: Settings) -> LocalStore:
    """Where a repair tries out copies; one that was killed has left its own there."""
    return LocalStore(Path(settings.data) / "repairs")


async def check_store(settings: Settings) -> None:
    """List, write and delete in the buckets of the settings. Raises SettingsNotValid, and
    StoreNotUsable with what to do about it.
    """
    store = open_store(settings)
    if isinstance(store, JoinedStore):
        await _try_out("CASEKEEP_BLOBS", settings.blobs, store.target)
        await _try_out("CASEKEEP_BLOBS_FROM", settings.blobs_from, store.source)
    else:
        await _try_out("CASEKEEP_BLOBS", settings.blobs, store)


async def check_contents(settings: Settings, addresses: Addresses) -> None:
    """Refuse to go on with a store that holds nothing at all although files are on record, as when
    a disk is not mounted or a prefix is another: what is added there would be hidden later, and
    what is asked for seems lost. Raises SettingsNotValid, StoreNotUsable.
    """
    with suppress(StoreUnavailable):  # then requests are told so, until it is back
        async for _ in open_store(settings).keys():
            return
        if await _are_any_missed(addresses):
            raise StoreNotUsable(
                f"CASEKEEP_BLOBS: {(settings.blobs or _DISK).partition('?')[0]}: it is empty, and "
                "files are on record; mount the disk, or correct the setting. If they are lost for "
                "good, let 'casekeep verify' note it; then it starts without them"
            )


async def _are_any_missed(addresses: Addresses) -> bool:
    """Whether any stored file is not known to be missing."""
    db = await Database.connect(addresses.application_dsn, size=1)
    try:
        for organization_id in await organization_ids(db):
            async with db.transaction(organization_id) as tx:
                if await are_any_believed_in(tx):
                    return True
    finally:
        await db.close()
    return False


def open_move(settings: Settings, to: str) -> JoinedStore:
    """The stores of a move to the place `to`, which must be in use already: the server has to look
    in both places before anything leaves the first. Raises SettingsNotValid.
    """
    store, place = open_store(settings), _place(_opened("--to", to, settings))
    if isinstance(store, JoinedStore):
        if _place(store.target) == place:
            return store
        raise SettingsNotValid(f"blobs are moving to CASEKEEP_BLOBS already: --to {settings.blobs}")
    if _place(store) == place:
        raise SettingsNotValid(
            "this is where blobs are kept already; CASEKEEP_BLOBS_FROM names the place to move from"
        )
    raise SettingsNotValid(
        f"the server has to know both places first: set CASEKEEP_BLOBS='{to}' and "
        f"CASEKEEP_BLOBS_FROM='{settings.blobs or _DISK}', restart every server and worker, and "
        "run this again"
    )


def _opened(setting: str, url: str, settings: Settings) -> LocalStore | ObjectStore:
    kind, _, folder = url.partition(":")
    if kind == _DISK:
        return LocalStore(Path(folder) if folder else Path(settings.data) / "blobs")
    try:
        if is_bucket(url):
            return ObjectStore(open_bucket(url))
    except ValueError as error:
        raise SettingsNotValid(f"{setting}: {error}") from None
    raise SettingsNotValid(
        f"{setting}: disk, disk:FOLDER, or a bucket as s3://bucket/prefix, gs://bucket/prefix or "
        "az://container/prefix"
    )


def _place(store: BlobStore) -> object:
    """What is equal for two stores that keep the same blobs."""
    if isinstance(store, LocalStore):
        return store.root.resolve()
    return store.bucket if isinstance(store, ObjectStore) else store


async def _try_out(setting: str, url: str, store: BlobStore) -> None:
    if not isinstance(store, ObjectStore):
        return
    try:
        await store.try_out()
    except StoreUnavailable as error:
        place = url.partition("?")[0]
        raise StoreNotUsable(f"{setting}: {place}: {error}; {what_next(error)}") from None
