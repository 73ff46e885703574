"""A bucket of S3, Google Cloud Storage or Azure, opened by the URL that names it. Credentials come
from the provider's own variables or the machine's role, never from a URL.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import parse_qsl, urlsplit

from obstore.exceptions import BaseError
from obstore.store import AzureStore, GCSStore, S3Store

from casekeep.blobs.naming import name_of
from casekeep.blobs.store import BlobKey

if TYPE_CHECKING:
    from obstore.store import AzureConfig, ClientConfig, GCSConfig, RetryConfig, S3Config

Provider: TypeAlias = S3Store | GCSStore | AzureStore

_OPTIONS: dict[str, frozenset[str]] = {
    "s3": frozenset({"endpoint", "region", "timeout"}),
    "gs": frozenset({"endpoint", "timeout"}),
    "az": frozenset({"endpoint", "account", "timeout"}),
}
_TIMEOUT = 60.0
_CONNECTING = timedelta(seconds=5)
_RETRIES: "RetryConfig" = {
    "max_retries": 5,
    "retry_timeout": timedelta(seconds=15),
    "backoff": {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=5)},
}
"""No attempt begins later than 15 seconds after the first: somebody waits for the answer."""


@dataclass(frozen=True)
class Bucket:
    """A bucket at a provider, and what precedes every name in it: empty, or ending in a slash."""

    provider: Provider
    prefix: str = ""

    def name(self, key: BlobKey) -> str:
        """What the blob is called there."""
        return self.prefix + name_of(key)


def is_bucket(url: str) -> bool:
    """Whether `url` begins as one of a bucket does."""
    return urlsplit(url).scheme in _OPTIONS


def open_bucket(url: str) -> Bucket:
    """The bucket of `s3://bucket/prefix`, `gs://…` or `az://container/prefix`, with `?endpoint=…`,
    `region` (S3), `account` (Azure) and `timeout` (seconds of one request) where they are needed.
    Asks nobody yet. Raises ValueError, whose text says what is wrong.
    """
    parts = urlsplit(url)
    options = _options(parts.scheme, parts.query)
    if not parts.hostname or parts.netloc != parts.hostname or parts.fragment:
        raise ValueError(
            "a bucket is named as s3://bucket/prefix; credentials do not belong into its URL"
        )
    try:
        provider = _provider(parts.scheme, parts.netloc, options)
    except BaseError as error:
        raise ValueError(_unusable(error)) from None
    path = parts.path.strip("/")
    return Bucket(provider, f"{path}/" if path else "")


def _unusable(error: BaseError) -> str:
    if "Account must be specified" in str(error):
        return "az:// needs ?account=… or AZURE_STORAGE_ACCOUNT_NAME"
    return "the provider's own variables, such as a file of credentials, cannot be used"


def _options(scheme: str, query: str) -> Mapping[str, str]:
    try:
        pairs = parse_qsl(query, strict_parsing=True) if query else []
    except ValueError:
        raise ValueError("options of a bucket follow as ?endpoint=…&region=…") from None
    known = _OPTIONS[scheme]
    if not {name for name, _ in pairs} <= known:
        raise ValueError(f"options of {scheme}:// are {', '.join(sorted(known))}")
    return dict(pairs)


def _provider(scheme: str, name: str, options: Mapping[str, str]) -> Provider:
    endpoint = _endpoint(options)
    client = _client(options, plain=endpoint.startswith("http://"))
    if scheme == "s3":
        s3: S3Config = {"bucket": name}
        if endpoint:
            s3["endpoint"] = endpoint
        if region := options.get("region"):
            s3["region"] = region
        return S3Store(config=s3, client_options=client, retry_config=_RETRIES)
    if scheme == "gs":
        gcs: GCSConfig = {"bucket": name}
        if endpoint:
            gcs["base_url"] = endpoint
        return GCSStore(config=gcs, client_options=client, retry_config=_RETRIES)
    azure: AzureConfig = {"container_name": name}
    if endpoint:
        azure["endpoint"] = endpoint
    if account := options.get("account"):
        azure["account_name"] = account
    return AzureStore(config=azure, client_options=client, retry_config=_RETRIES)


def _endpoint(options: Mapping[str, str]) -> str:
    endpoint = options.get("endpoint", "")
    if endpoint:
        parts = urlsplit(endpoint)
        if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
            raise ValueError("endpoint: the URL of the provider, such as https://s3.clinic.example")
    return endpoint.rstrip("/")


def _client(options: Mapping[str, str], *, plain: bool) -> "ClientConfig":
    try:
        timeout = timedelta(seconds=float(options.get("timeout", _TIMEOUT)))
    except (ValueError, OverflowError):
        timeout = timedelta()
    if timeout <= timedelta():
        raise ValueError("timeout: a number of seconds above 0")
    return {"allow_http": plain, "connect_timeout": min(_CONNECTING, timeout), "timeout": timeout}
