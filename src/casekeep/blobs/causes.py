"""What an object store said, in few words of ours: its own texts hold addresses, names and
requests, which must never reach a log or a caller.
"""

import re
from collections.abc import Generator
from contextlib import contextmanager
from enum import StrEnum

from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    PermissionDeniedError,
    UnauthenticatedError,
)

from casekeep.blobs.store import BlobMissing, StoreUnavailable


class KeyTaken(StoreUnavailable):
    """There is an object under this name, and it stays as it is."""


class Cause(StrEnum):
    """Why a store cannot be used, where it is more than a status."""

    NO_BUCKET = "there is no such bucket"
    REFUSED = "access refused"
    NO_CREDENTIALS = "no credentials found"
    NO_CONNECTION = "no connection"
    NO_ANSWER = "no answer in time"
    CUT_OFF = "the connection broke off"


_NEXT: dict[str, str] = {
    Cause.NO_BUCKET: "make it, or correct the name, the endpoint or the region",
    Cause.REFUSED: "check the credentials in the provider's variables, and that they may list, "
    "read, write and delete",
    Cause.NO_CREDENTIALS: "give them in the provider's variables, such as AWS_ACCESS_KEY_ID and "
    "AWS_SECRET_ACCESS_KEY",
    Cause.NO_CONNECTION: "check the endpoint, the network and the provider's certificate",
    Cause.NO_ANSWER: "check the endpoint and the network",
}
_NEXT_ELSE = "try again, and look at the provider's own log"


_NO_BUCKET = ("NoSuchBucket", "ContainerNotFound", "The specified bucket does not exist")
_METADATA = ("169.254.169.254", "metadata.google.internal")
"""Where a machine in a cloud asks for its own credentials; asked when none were given."""
_STATUS = re.compile(r"status code: (\d{3})")
_REFUSALS = {"401", "403"}
_KIND = re.compile(r"kind: (\w+)")
_KINDS = {"Connect": Cause.NO_CONNECTION, "Timeout": Cause.NO_ANSWER}


@contextmanager
def told(missing: type[Exception] = BlobMissing) -> Generator[None]:
    """Say what the object store said in the store's words. `missing`: raised for an object that is
    not there; one that is there and should not be raises KeyTaken; anything else StoreUnavailable.
    """
    try:
        yield
    except FileNotFoundError as error:
        if _says(error, _NO_BUCKET):
            raise StoreUnavailable(Cause.NO_BUCKET) from None
        raise missing from None
    except AlreadyExistsError:
        raise KeyTaken("there is a blob under this key") from None
    except (BaseError, OSError) as error:
        raise StoreUnavailable(_cause(error)) from None


def what_next(cause: StoreUnavailable) -> str:
    """What whoever set the store up can do about it."""
    return _NEXT.get(str(cause), _NEXT_ELSE)


def _cause(error: Exception) -> str:
    if _says(error, _METADATA):
        return Cause.NO_CREDENTIALS
    if isinstance(error, PermissionDeniedError | UnauthenticatedError):
        return Cause.REFUSED
    if _says(error, _NO_BUCKET):
        return Cause.NO_BUCKET
    if status := _STATUS.search(str(error)):
        return Cause.REFUSED if status[1] in _REFUSALS else f"HTTP {status[1]}"
    kind = _KIND.search(str(error))
    return _KINDS.get(kind[1], Cause.CUT_OFF) if kind else Cause.CUT_OFF


def _says(error: Exception, marks: tuple[str, ...]) -> bool:
    return any(mark in str(error) for mark in marks)
