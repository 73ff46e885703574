"""The only module that reads the environment. A setting comes from the command line, else from a
`CASEKEEP_…` variable, else from a TOML file, else from its default here.
"""

import os
import tomllib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, get_args, get_type_hints

import msgspec

from casekeep.db.embedded.capacity import MAX_CONNECTIONS
from casekeep.kernel.addresses import are_networks, masked_url, origin_of

PREFIX = "CASEKEEP_"
MIB = 1 << 20
_CONNECTIONS_BESIDE = 20
_NO_SETTINGS = frozenset({PREFIX + "CONFIG", PREFIX + "TEST_SERVER_URL"})


class SettingsNotValid(Exception):
    """A setting that cannot be used; the text names it and says what it takes."""


def _doc(text: str, *, secret: bool = False, **bounds: Any) -> msgspec.Meta:  # noqa: ANN401 - msgspec's own bounds
    return msgspec.Meta(description=text, extra={"secret": secret}, **bounds)


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything that an operator may choose."""

    data: Annotated[str, _doc("Folder of everything Casekeep keeps on disk.", min_length=1)] = (
        "data"
    )
    host: Annotated[str, _doc("Address to listen on.")] = "127.0.0.1"
    port: Annotated[int, _doc("Port to listen on; 0 takes a free one.", ge=0, le=65535)] = 8000
    workers: Annotated[int, _doc("Server processes.", ge=1, le=64)] = 2
    public_url: Annotated[
        str, _doc("Origin that people use, such as https://files.clinic.example.")
    ] = ""
    allowed_origins: Annotated[
        str,
        _doc(
            "Origins of web pages whose software may call the server from a browser, such as "
            "https://app.clinic.example, with commas between them."
        ),
    ] = ""
    trusted_proxies: Annotated[
        str,
        _doc(
            "Addresses or networks of proxies whose X-Forwarded-For is believed, with commas "
            "between them."
        ),
    ] = ""
    database_url: Annotated[
        str,
        _doc(
            "PostgreSQL 15 or newer to use instead of the embedded one, as the owner of its "
            "database: postgresql://owner:password@host/name. Used for migrations; the "
            "application signs in as a role of its own that owns nothing.",
            secret=True,
        ),
    ] = ""
    database_app_url: Annotated[
        str,
        _doc(
            "The application's own role in that database, where an administrator makes roles "
            "by hand; else the migration makes it.",
            secret=True,
        ),
    ] = ""
    database_connections: Annotated[
        int, _doc("Connections to PostgreSQL for each server process.", ge=2, le=200)
    ] = 8
    blobs: Annotated[
        str,
        _doc(
            "Where the bytes of files are kept: `disk` (the data folder's `blobs`), disk:FOLDER, "
            "or a bucket: s3://bucket/prefix?endpoint=…&region=…, gs://bucket/prefix, "
            "az://container/prefix?account=…. Credentials come from the provider's own variables."
        ),
    ] = "disk"
    blobs_from: Annotated[
        str,
        _doc(
            "Where bytes were kept until now, named in the same way, while `casekeep blobs move` "
            "brings them to CASEKEEP_BLOBS: what is not there yet is read from here."
        ),
    ] = ""
    jobs: Annotated[
        bool,
        _doc(
            "Whether the server processes also do the jobs, such as telling webhooks. Turn it off "
            "where `casekeep worker` does them."
        ),
    ] = True
    webhook_private_networks: Annotated[
        str,
        _doc(
            "Private networks that webhooks may lead to, without TLS too, with commas between "
            "them: 10.20.0.0/16. Empty: https to public addresses only."
        ),
    ] = ""
    mail_url: Annotated[
        str,
        _doc(
            "Where mail goes: smtp://user:password@host:587, smtps://…, or maildir:FOLDER. "
            "Empty: a maildir in the data folder's `outbox`.",
            secret=True,
        ),
    ] = ""
    mail_from: Annotated[str, _doc("Sender of mail.")] = "Casekeep <no-reply@localhost>"
    sms_url: Annotated[
        str,
        _doc(
            "Where text messages go: an HTTP gateway https://user:password@host/path, or "
            "maildir:FOLDER. Empty: the same outbox as mail.",
            secret=True,
        ),
    ] = ""
    lab_limit_mib: Annotated[
        int, _doc("Largest lab file in one request, in MiB.", ge=1, le=102400)
    ] = 10
    radiology_limit_mib: Annotated[
        int, _doc("Largest radiology file in one request, in MiB.", ge=1, le=102400)
    ] = 50
    upload_limit_mib: Annotated[
        int, _doc("Largest file in a resumable upload, in MiB.", ge=1, le=1048576)
    ] = 5120
    upload_keep_hours: Annotated[
        int,
        _doc("Hours that a resumable upload is kept after its last part.", ge=1, le=8760),
    ] = 24
    unfinished_uploads_user: Annotated[
        int, _doc("Resumable uploads that a user may have unfinished; 0 for no limit.", ge=0)
    ] = 100
    unfinished_uploads_organization: Annotated[
        int, _doc("Resumable uploads that an organisation may have unfinished; 0: no limit.", ge=0)
    ] = 10_000
    unfinished_mib_user: Annotated[
        int, _doc("MiB of a user's unfinished resumable uploads; 0 for no limit.", ge=0)
    ] = 102_400
    unfinished_mib_organization: Annotated[
        int, _doc("MiB of an organisation's unfinished resumable uploads; 0: no limit.", ge=0)
    ] = 1_048_576
    quota_files_user: Annotated[
        int, _doc("Files that a user may have added and kept; 0 for no limit.", ge=0)
    ] = 0
    quota_files_organization: Annotated[
        int, _doc("Files that an organisation may keep; 0 for no limit.", ge=0)
    ] = 0
    quota_mib_user: Annotated[
        int, _doc("MiB that a user may have added and kept; 0 for no limit.", ge=0)
    ] = 0
    quota_mib_organization: Annotated[
        int, _doc("MiB that an organisation may keep; 0 for no limit.", ge=0)
    ] = 0
    upload_idle_seconds: Annotated[
        float, _doc("Seconds that an upload may pause before it is given up.", gt=0)
    ] = 60.0
    shutdown_seconds: Annotated[
        int, _doc("Seconds that running requests get to finish on SIGTERM.", ge=1, le=3600)
    ] = 60
    trash_days: Annotated[
        int,
        _doc(
            "Days that what was removed may be brought back, before it is destroyed for good. An "
            "organisation may have its own: `casekeep retention set`.",
            ge=1,
            le=36500,
        ),
    ] = 30
    secret_key: Annotated[
        str,
        _doc(
            "Secret that tokens and codes are keyed with, at least 32 characters. Empty: one is "
            "made and kept in the data folder's `secrets`.",
            secret=True,
        ),
    ] = ""
    replica: Annotated[
        str,
        _doc(
            "A copy of the blobs that something else keeps in step, disk:FOLDER or a bucket as in "
            "CASEKEEP_BLOBS: `casekeep verify --repair` takes from it what is damaged here, and a "
            "purge destroys there too."
        ),
    ] = ""
    scrub_days: Annotated[
        int,
        _doc(
            "Days in which every stored byte is read and compared once, in the background; 0 for "
            "never.",
            ge=0,
            le=3650,
        ),
    ] = 30
    scrub_mib_per_second: Annotated[
        int, _doc("The most MiB a second that are read for it.", ge=1, le=10000)
    ] = 8
    metrics_token: Annotated[
        str,
        _doc(
            "Bearer token for `/metrics`, at least 16 characters. Empty: only programs on the same "
            "machine are answered, and none where there is a public URL.",
            secret=True,
        ),
    ] = ""
    sealing: Annotated[
        bool,
        _doc(
            "Whether new files are sealed (encrypted) at rest. Those that are there stay as they "
            "are, and stay readable."
        ),
    ] = True
    sealing_key: Annotated[
        str,
        _doc(
            "The deployment's key, which wraps the organisations' keys: 32 bytes in base64; older "
            "ones behind it, with commas between them. Empty: CASEKEEP_SEALING_KEY_FILE.",
            secret=True,
        ),
    ] = ""
    sealing_key_file: Annotated[
        str,
        _doc(
            "File of the deployment's key: one a line, the current one first. Empty: `sealing` in "
            "the data folder's `secrets`, made on the first start."
        ),
    ] = ""
    sealing_key_command: Annotated[
        str,
        _doc(
            "Command that unwraps a key, such as one of a key management service. Run without a "
            "shell for each line of CASEKEEP_SEALING_KEY_FILE, which it reads on stdin, it prints "
            "the key in base64."
        ),
    ] = ""
    demo: Annotated[
        bool,
        _doc(
            "Shows the synthetic clinic's accounts and mailbox. `casekeep demo` sets it; `serve` "
            "never does."
        ),
    ] = False


def load_settings(given: Mapping[str, object] | None = None) -> Settings:
    """Settings from `given` (the command line), the environment, the file and the defaults.

    The TOML file is `CASEKEEP_CONFIG`, else `casekeep.toml` in the data folder if there is one.
    Raises SettingsNotValid.
    """
    from_environment = {
        name: os.environ[PREFIX + name.upper()]
        for name in Settings.__struct_fields__
        if PREFIX + name.upper() in os.environ
    }
    typed = {k: v for k, v in (given or {}).items() if v is not None}
    chosen = {**from_environment, **typed}
    beside = Path(str(chosen.get("data", "data"))) / "casekeep.toml"
    file = Path(os.environ.get(PREFIX + "CONFIG") or beside)
    values = {**_from_file(file), **chosen}
    try:
        settings = msgspec.convert(values, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsNotValid(_explain(str(error), file, typed, from_environment)) from None
    if settings.secret_key and len(settings.secret_key) < 32:  # noqa: PLR2004 - see its description
        raise SettingsNotValid("CASEKEEP_SECRET_KEY must have at least 32 characters")
    if settings.metrics_token and len(settings.metrics_token) < 16:  # noqa: PLR2004 - see its description
        raise SettingsNotValid("CASEKEEP_METRICS_TOKEN must have at least 16 characters")
    if settings.sealing_key and (settings.sealing_key_file or settings.sealing_key_command):
        raise SettingsNotValid(
            "CASEKEEP_SEALING_KEY stands alone: without CASEKEEP_SEALING_KEY_FILE and "
            "CASEKEEP_SEALING_KEY_COMMAND"
        )
    _check_connections(settings)
    _check_public_url(settings.public_url)
    _check_networks("TRUSTED_PROXIES", settings.trusted_proxies)
    _check_networks("WEBHOOK_PRIVATE_NETWORKS", settings.webhook_private_networks)
    origins_in(settings.allowed_origins)
    return settings


def unknown_variables() -> tuple[str, ...]:
    """Variables that look like settings and are none, such as CASEKEEP_POTR."""
    known = {PREFIX + name.upper() for name in Settings.__struct_fields__} | _NO_SETTINGS
    return tuple(
        sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known)
    )


def export_settings(settings: Settings) -> None:
    """Put the settings into the environment, for the server processes that this one starts."""
    for name, value in msgspec.structs.asdict(settings).items():
        os.environ[PREFIX + name.upper()] = (
            str(value).lower() if isinstance(value, bool) else str(value)
        )


def shown_settings(settings: Settings) -> dict[str, object]:
    """The settings as they may be shown: the passwords in them masked."""
    secret = {name for name, _, meta in described() if (meta.extra or {}).get("secret")}
    return {
        name: masked_url(str(value)) if name in secret and value else value
        for name, value in msgspec.structs.asdict(settings).items()
    }


def described() -> Iterator[tuple[str, object, msgspec.Meta]]:
    """Every setting: its name, its default and its description."""
    hints = get_type_hints(Settings, include_extras=True)
    for name, default in zip(Settings.__struct_fields__, Settings.__struct_defaults__, strict=True):
        yield name, default, get_args(hints[name])[1]


def _from_file(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        if os.environ.get(PREFIX + "CONFIG"):
            raise SettingsNotValid(f"CASEKEEP_CONFIG names {path}, which does not exist") from None
        return {}
    except NotADirectoryError:
        raise SettingsNotValid(f"{path.parent} is a file, not a folder") from None
    except PermissionError:
        if os.access(path.parent, os.X_OK):
            raise SettingsNotValid(f"{path} may not be read") from None
        raise SettingsNotValid(f"{path.parent} may not be entered") from None
    except OSError as error:
        raise SettingsNotValid(f"{path} cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsNotValid(f"{path} cannot be read as TOML: {error}") from None


def _check_connections(settings: Settings) -> None:
    """Each process has its pool, a receiver's lock, a listener and the jobs' connection; commands
    come beside them.
    """
    needed = settings.workers * (settings.database_connections + 3) + _CONNECTIONS_BESIDE
    if not settings.database_url and needed > MAX_CONNECTIONS:
        raise SettingsNotValid(
            f"CASEKEEP_WORKERS x (CASEKEEP_DATABASE_CONNECTIONS + 3) must be at most "
            f"{MAX_CONNECTIONS - _CONNECTIONS_BESIDE} for the embedded database; "
            "choose fewer of either, or give a CASEKEEP_DATABASE_URL"
        )


def _check_public_url(value: str) -> None:
    if value and origin_of(value) is None:
        raise SettingsNotValid(
            "CASEKEEP_PUBLIC_URL: an origin such as https://files.clinic.example, without a path"
        )


def origins_in(value: str) -> frozenset[str]:
    """The origins of a list, each as browsers write it. Raises SettingsNotValid, also for `*`."""
    listed = [each.strip() for each in value.split(",")] if value.strip() else []
    origins = frozenset(origin for each in listed if (origin := origin_of(each)) and each.isascii())
    if not all(origin_of(each) in origins for each in listed):
        raise SettingsNotValid(
            "CASEKEEP_ALLOWED_ORIGINS: origins such as https://app.clinic.example, without a path, "
            "with commas between them"
        )
    return origins


def _check_networks(name: str, value: str) -> None:
    """A network whose address is no network's, such as 10.0.0.7/8, would hold nobody."""
    if not are_networks(value):
        raise SettingsNotValid(
            f"{PREFIX}{name}: addresses or networks such as 10.0.0.7 or 10.0.0.0/8, "
            "with commas between them"
        )


def _explain(message: str, file: Path, typed: Collection[str], variables: Collection[str]) -> str:
    """What is wrong, named as the operator named it: an option, a variable, or a line of a file."""
    what, _, where = message.partition(" - at `$.")
    name = where.rstrip("`")
    if not name:
        return f"{file}: {what.replace('Object contains unknown field', 'there is no setting')}"
    if name in typed:
        return f"--{name}: {_takes(name)}"
    if name in variables:
        return f"{PREFIX}{name.upper()}: {_takes(name)}"
    return f"{file}: {name}: {_takes(name)}"


def _takes(name: str) -> str:
    kind, meta = get_args(get_type_hints(Settings, include_extras=True)[name])
    if kind is bool:
        return "true or false"
    if kind is str:
        return "a text that is not empty" if meta.min_length else "a text"
    if meta.le is None:
        return f"a number above {meta.gt}" if meta.ge is None else f"a number from {meta.ge}"
    return f"a number from {meta.ge} to {meta.le}"
