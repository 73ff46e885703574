"""Finds the deployment's keys where the settings say they are: in the environment, in a file, or in
a file of wrapped keys that a command opens. It makes one only where there was none ever.
"""

import fcntl
import os
import shlex
import subprocess
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from casekeep.blobs import queries
from casekeep.blobs.deployment_keys import DeploymentKey, DeploymentKeys, new_key_text, read_key
from casekeep.bootstrap.database import secrets_folder
from casekeep.db.addresses import Addresses
from casekeep.db.database import Database
from casekeep.db.passwords import make_secrets_folder, replace_secret, write_once
from casekeep.settings import PREFIX, Settings, SettingsNotValid

_COMMAND_SECONDS = 30


async def check_deployment_keys(settings: Settings, addresses: Addresses) -> None:
    """Refuse to go on without a key that the database's keys are wrapped by.

    Raises SettingsNotValid, which names the key and the setting.
    """
    db = await Database.connect(addresses.application_dsn, size=1)
    try:
        keys = await open_deployment_keys(settings, db)
        demand_all(settings, keys, await queries.deployment_key_ids(db))
    finally:
        await db.close()


async def open_deployment_keys(settings: Settings, db: Database) -> DeploymentKeys:
    """The deployment's keys; one is made if the settings name none and no key is in use.

    Raises SettingsNotValid.
    """
    if _is_own_file(settings) and not key_file(settings).exists():
        if in_use := await queries.deployment_key_ids(db):
            raise SettingsNotValid(_missing(settings, in_use))
        _make(key_file(settings))
    return DeploymentKeys(partial(_load, settings))


def add_deployment_key(settings: Settings) -> None:
    """Put a new key before those in the file; they stay, for what they wrap and for old backups.

    Raises SettingsNotValid where keys are not Casekeep's to make.
    """
    path = key_file(settings)
    if settings.sealing_key or settings.sealing_key_command:
        raise SettingsNotValid(
            f"put a new key first in {key_place(settings)}, with the old one behind it, start the "
            "servers anew, then run this again"
        )
    with _one_at_a_time(path):
        replace_secret(path, "\n".join([new_key_text(), *_lines(path), ""]))


def demand_all(settings: Settings, keys: DeploymentKeys, in_use: Iterable[str]) -> None:
    """Raises SettingsNotValid if a key that is in use is not at hand."""
    missing = set(in_use) - {each.id for each in keys.all}
    if missing:
        raise SettingsNotValid(_missing(settings, missing))


def key_file(settings: Settings) -> Path:
    """The file of the deployment's keys."""
    named = settings.sealing_key_file
    return Path(named) if named else secrets_folder(settings) / "sealing"


def _is_own_file(settings: Settings) -> bool:
    """Whether nothing was said of keys, so that Casekeep makes and keeps its own."""
    return not (settings.sealing_key or settings.sealing_key_file or settings.sealing_key_command)


def _missing(settings: Settings, key_ids: Iterable[str]) -> str:
    named = ", ".join(sorted(key_ids))
    return (
        f"what is kept here was sealed under the deployment key {named}, which is not in "
        f"{key_place(settings)}; put that key there, behind the current one if there is another"
    )


def key_place(settings: Settings) -> str:
    """Where the deployment's keys are, in words for the operator."""
    if settings.sealing_key:
        return f"{PREFIX}SEALING_KEY"
    return f"{key_file(settings)} ({PREFIX}SEALING_KEY_FILE)"


def _make(path: Path) -> None:
    with _told_of(path):
        make_secrets_folder(path.parent)
        write_once(path, new_key_text() + "\n")


@contextmanager
def _one_at_a_time(path: Path) -> Generator[None]:
    """Whoever else changes the file waits, and reads it after."""
    with _told_of(path):
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)


@contextmanager
def _told_of(path: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise SettingsNotValid(
            f"cannot keep the deployment key in {path}: {error.strerror}"
        ) from None


def _load(settings: Settings) -> Sequence[DeploymentKey]:
    if settings.sealing_key:
        return _read(settings, settings.sealing_key.split(","))
    lines = _lines(key_file(settings))
    if settings.sealing_key_command:
        lines = [_unwrapped(settings.sealing_key_command, line) for line in lines]
    return _read(settings, lines)


def _lines(path: Path) -> list[str]:
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        raise SettingsNotValid(
            f"the deployment key in {path} ({PREFIX}SEALING_KEY_FILE) cannot be read: {why}"
        ) from None
    return [line for line in lines if line.strip()]


def _read(settings: Settings, texts: Sequence[str]) -> Sequence[DeploymentKey]:
    try:
        keys = [read_key(text) for text in texts]
    except ValueError as error:
        raise SettingsNotValid(f"{key_place(settings)}: {error}") from None
    if not keys:
        raise SettingsNotValid(f"{key_place(settings)} has no key in it")
    return keys


def _unwrapped(command: str, wrapped: str) -> str:
    """What the command makes of a wrapped key. What it prints on stderr is the operator's to see;
    nothing of it, and no key, is ever in our words.
    """
    setting = f"{PREFIX}SEALING_KEY_COMMAND"
    try:
        done = subprocess.run(  # noqa: S603 - the operator's own command, and no shell
            shlex.split(command),
            input=wrapped,
            stdout=subprocess.PIPE,
            text=True,
            timeout=_COMMAND_SECONDS,
            check=False,
        )
    except (OSError, ValueError) as error:
        raise SettingsNotValid(f"{setting} cannot be run: {type(error).__name__}") from None
    except subprocess.TimeoutExpired:
        raise SettingsNotValid(f"{setting} took more than {_COMMAND_SECONDS} seconds") from None
    if done.returncode:
        raise SettingsNotValid(f"{setting} failed with status {done.returncode}")
    return done.stdout
