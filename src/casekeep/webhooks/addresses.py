"""Where a webhook may lead: to the public internet, and to networks that the operator has named. A
name is looked up before every attempt, and the attempt goes to the very address that was judged.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

import httpx

from casekeep.kernel.errors import InputNotValid

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""The addresses of a host (and port), as texts. Raises OSError."""

LONGEST_URL = 2000
_MOST_ADDRESSES = 4
_HIGHEST_PORT = 65535
_DEFAULT_PORTS = {"http": 80, "https": 443}
_NAT64 = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))
"""IPv4 addresses behind a translator (RFC 6052 and RFC 8215)."""
_PROTOCOLS = (IPv4Network("192.0.0.0/24"), IPv6Network("2001::/23"))
"""Assigned to protocols (RFC 6890), some of them global: no partner has its server there."""
_LOW_32_BITS = 0xFFFF_FFFF


class TargetNotAllowed(Exception):
    """A host that stands for an address where no webhook may lead."""


@dataclass(frozen=True, slots=True)
class Target:
    """A webhook's URL, taken apart. `authority`: as the Host header has it."""

    scheme: str
    host: str
    port: int
    authority: str
    path: str


@dataclass(frozen=True, slots=True)
class Allowed:
    """What may be reached. `networks`: private ones, without TLS too."""

    networks: tuple[Network, ...] = ()
    resolve: Resolve | None = None

    async def addresses_of(self, target: Target) -> tuple[Address, ...]:
        """Where a target is now: all of its addresses, each of them judged.

        Raises TargetNotAllowed if one may not be reached, and OSError when nobody knows the host.
        """
        resolve = self.resolve or look_up
        found = [_read(each) for each in await resolve(target.host, target.port)]
        addresses = tuple(dict.fromkeys(found))[:_MOST_ADDRESSES]
        if not addresses:
            raise socket.gaierror("no address")
        for address in addresses:
            if not self._is_allowed(address, target.scheme):
                raise TargetNotAllowed
        return addresses

    def _is_allowed(self, address: Address, scheme: str) -> bool:
        meant = _meant(address)
        if any(meant.version == network.version and meant in network for network in self.networks):
            return True
        return scheme == "https" and _is_public(meant)


def target_of(url: str) -> Target:
    """A URL as an attempt needs it. Raises InputNotValid for what no webhook may have."""
    if len(url) > LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url:
        raise InputNotValid(f"url must have at most {LONGEST_URL} printable ASCII characters")
    try:
        parts = httpx.URL(url)
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)
        is_host = bool(parts.host)  # decodes it, which a host of nonsense does not bear
    except (httpx.InvalidURL, ValueError):
        raise InputNotValid("url is not a URL") from None
    if not 0 < port <= _HIGHEST_PORT and parts.scheme in _DEFAULT_PORTS:
        raise InputNotValid("url has a port that cannot be")
    if parts.scheme not in _DEFAULT_PORTS or not is_host:
        raise InputNotValid("url must begin with https:// and name a host")
    if parts.userinfo or "@" in url.partition("//")[2].partition("/")[0]:
        raise InputNotValid("url may not hold a user or a password; the signature proves who sends")
    if "#" in url:
        raise InputNotValid("url may not have a fragment")
    host = parts.raw_host.decode("ascii").rstrip(".")
    path = parts.raw_path.decode("ascii")
    return Target(parts.scheme, host, port, parts.netloc.decode("ascii"), path)


async def check_target(url: str, allowed: Allowed) -> None:
    """Refuse a URL to which nothing would ever be sent; a host that nobody knows yet is fine.

    Raises InputNotValid.
    """
    target = target_of(url)
    try:
        await allowed.addresses_of(target)
    except TargetNotAllowed:
        raise InputNotValid(
            "url must be https and lead to a public address; the operator can allow others "
            "(CASEKEEP_WEBHOOK_PRIVATE_NETWORKS)"
        ) from None
    except OSError:
        return


def networks_of(text: str) -> tuple[Network, ...]:
    """Networks with commas between them, such as `10.0.0.0/8`. Raises ValueError."""
    return tuple(ip_network(each.strip()) for each in text.split(",")) if text else ()


async def look_up(host: str, port: int) -> Sequence[str]:
    """The system's answer. Raises OSError, also for what no name server can be asked for."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError:  # a label that is empty or too long
        raise socket.gaierror("not a host name") from None
    return [str(each[4][0]) for each in found]


def _read(text: str) -> Address:
    return ip_address(text)


def _meant(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for, if it does."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if any(address in network for network in _NAT64):
        return IPv4Address(int(address) & _LOW_32_BITS)
    return address


def _is_public(address: Address) -> bool:
    if isinstance(address, IPv6Address) and (address.teredo or address.is_site_local):
        return False
    if any(address.version == each.version and address in each for each in _PROTOCOLS):
        return False
    return address.is_global and not (
        address.is_multicast
        or address.is_reserved
        or address.is_unspecified
        or address.is_loopback
        or address.is_link_local
    )
