"""Addresses as people write them: origins, networks, and URLs that may hold a password."""

import string
from ipaddress import ip_network
from urllib.parse import urlsplit, urlunsplit

_NO_ORIGIN = frozenset("@*" + string.whitespace)
_PORTS = {"http": 80, "https": 443}


def origin_of(value: str) -> str | None:
    """An origin, as RFC 6454 has it in section 6.2: scheme, host and a port that is not the
    scheme's own, in lower case; None for what is none. A slash at the end does no harm.
    """
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        return None
    origin = f"{parts.scheme}://{parts.netloc}".lower()
    is_origin = parts.scheme in _PORTS and bool(parts.hostname) and port != 0
    is_plain = value.lower().rstrip("/") == origin and not _NO_ORIGIN & set(origin)
    if not is_origin or not is_plain:
        return None
    own = f":{_PORTS[parts.scheme]}"
    return origin.removesuffix(own) if port is not None else origin


def are_networks(value: str) -> bool:
    """Whether a text has addresses and networks only, with commas between them, or nothing."""
    try:
        for each in value.split(",") if value else ():
            ip_network(each.strip())
    except ValueError:
        return False
    return True


def masked_url(value: str) -> str:
    """A URL as it may be shown: with neither a password nor a query; all else is stars."""
    parts = urlsplit(value)
    if not parts.netloc:
        return value if parts.scheme == "maildir" else "********"
    host = parts.netloc.rpartition("@")[2]
    user = parts.username
    netloc = f"{user}:********@{host}" if user else host
    return urlunsplit((parts.scheme, netloc, parts.path, "********" if parts.query else "", ""))
