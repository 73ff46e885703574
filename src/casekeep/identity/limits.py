"""How often what may be tried, and by whom it is counted. It counts nothing itself."""

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv6Address, IPv6Network, ip_address

_MINUTES = 60
_HOUR = 60 * _MINUTES
_ONE_NETWORK = 64


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `count` attempts in each window of `seconds`."""

    count: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Limits:
    """How often each thing may be tried. An identifier is an email address or a phone number; an
    address is where the request came from, which a whole clinic may share; a pair is one identifier
    tried from one address.

    The pair's limit is strict: whoever tries somebody's identifier stops themselves, and not that
    person, who sits elsewhere. The identifier's own, over all addresses, is loose: it bounds who
    guesses from many places. Successful sign-ins by password and by code are given back, so these
    count failures; an organisation's codes are counted when they are sent, not when asked for.
    """

    codes_per_pair: Limit = Limit(5, 15 * _MINUTES)
    codes_per_identifier: Limit = Limit(15, 15 * _MINUTES)
    codes_per_address: Limit = Limit(20, 15 * _MINUTES)
    codes_per_organization: Limit = Limit(1000, _HOUR)
    guesses_per_pair: Limit = Limit(10, 15 * _MINUTES)
    guesses_per_identifier: Limit = Limit(100, 15 * _MINUTES)
    guesses_per_address: Limit = Limit(100, 15 * _MINUTES)
    passwords_per_pair: Limit = Limit(10, 15 * _MINUTES)
    passwords_per_email: Limit = Limit(100, 15 * _MINUTES)
    passwords_per_address: Limit = Limit(60, 15 * _MINUTES)
    lookups_per_key: Limit = Limit(600, 15 * _MINUTES)
    numbers_per_patient: Limit = Limit(20, _HOUR)


class Counted(StrEnum):
    """What is counted, by what. The audit tells which of them was reached."""

    CODES_PER_PAIR = "codes per pair"
    CODES_PER_IDENTIFIER = "codes per identifier"
    CODES_PER_ADDRESS = "codes per address"
    CODES_PER_ORGANIZATION = "codes per organization"
    GUESSES_PER_PAIR = "guesses per pair"
    GUESSES_PER_IDENTIFIER = "guesses per identifier"
    GUESSES_PER_ADDRESS = "guesses per address"
    PASSWORDS_PER_PAIR = "passwords per pair"
    PASSWORDS_PER_EMAIL = "passwords per email"
    PASSWORDS_PER_ADDRESS = "passwords per address"
    LOOKUPS_PER_KEY = "lookups per key"
    NUMBERS_PER_PATIENT = "numbers per patient"
    MISSES = "misses"
    REFUSALS = "refusals"


@dataclass(frozen=True, slots=True)
class Claim:
    """One attempt to be counted: of what kind, by or on whom, and how often it may be made. The
    kind goes into logs and the audit, the value does not.
    """

    kind: Counted
    value: str
    limit: Limit


def subject_of_address(address: str) -> str:
    """Whom attempts from `address` are counted for: an IPv4 address, also when it comes mapped into
    IPv6 (RFC 4291, 2.5.5.2); the /64 of any other IPv6 address, since one host may have all of it.

    What is no IP address (a socket's peer) stands for itself.
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(IPv6Network((int(parsed), _ONE_NETWORK), strict=False))
