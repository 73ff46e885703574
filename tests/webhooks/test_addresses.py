"""Where a webhook may lead, address by address, and what a URL may look like."""

import socket
from collections.abc import Sequence

import pytest

from casekeep.kernel.errors import InputNotValid
from casekeep.webhooks.addresses import (
    Allowed,
    TargetNotAllowed,
    check_target,
    networks_of,
    target_of,
)

PUBLIC = ["93.184.216.34", "8.8.8.8", "2606:4700:4700::1111", "64:ff9b::808:808"]
NOT_PUBLIC = [
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",  # noqa: S104 - nothing is bound to it
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "192.0.0.8",
    "192.0.2.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::a00:1",
    "2002:7f00:1::",
    "2002:c0a8:101::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:db8::1",
    "fc00::1",
    "fd12:3456:789a::1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
]
HTTPS = target_of("https://partner.example/hook")


def answering(*addresses: str) -> Allowed:
    async def resolve(_: str, __: int) -> Sequence[str]:
        return addresses

    return Allowed((), resolve)


@pytest.mark.parametrize("address", PUBLIC)
async def test_a_public_address_is_reached(address: str) -> None:
    assert [str(each) for each in await answering(address).addresses_of(HTTPS)] == [address]


@pytest.mark.parametrize("address", NOT_PUBLIC)
async def test_any_other_is_not(address: str) -> None:
    with pytest.raises(TargetNotAllowed):
        await answering(address).addresses_of(HTTPS)


@pytest.mark.parametrize("address", NOT_PUBLIC)
async def test_not_even_beside_a_public_one(address: str) -> None:
    with pytest.raises(TargetNotAllowed):
        await answering("8.8.8.8", address).addresses_of(HTTPS)


async def test_a_public_address_without_tls_is_not_reached() -> None:
    with pytest.raises(TargetNotAllowed):
        await answering("8.8.8.8").addresses_of(target_of("http://partner.example/hook"))


@pytest.mark.parametrize("address", ["10.20.3.4", "::ffff:10.20.3.4", "fd00:1::5"])
async def test_a_network_that_the_operator_named_is_reached_without_tls_too(address: str) -> None:
    allowed = Allowed(networks_of("10.20.0.0/16, fd00:1::/32"), answering(address).resolve)
    assert await allowed.addresses_of(target_of("http://lab.intra/hook"))
    assert await allowed.addresses_of(target_of("https://lab.intra/hook"))


async def test_its_neighbour_is_not() -> None:
    allowed = Allowed(networks_of("10.20.0.0/16"), answering("10.21.0.1").resolve)
    with pytest.raises(TargetNotAllowed):
        await allowed.addresses_of(target_of("http://lab.intra/hook"))


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "2130706433", "0x7f000001", "0177.0.0.1", "[::1]", "localhost", "127.1"]
)
async def test_however_the_loopback_is_spelled(host: str) -> None:
    with pytest.raises(InputNotValid):
        await check_target(f"https://{host}/hook", Allowed())


@pytest.mark.parametrize(
    "url",
    [
        "",
        "partner.example",
        "/hook",
        "ftp://partner.example/hook",
        "file:///etc/passwd",
        "gopher://partner.example",
        "https://",
        "https://user@partner.example/hook",
        "https://user:word@partner.example/hook",
        "https://@partner.example/hook",
        "https://partner.example/hook#part",
        "https://partner.example/a b",
        "https://partner.example/\r\nhost: other",
        "https://partner.example/\x00",
        "https://partner.example:99999/",
        "https://p\u00e4rtner.example/",
        "https://xn--/",
        "https://xn--a/",
        "https://partner.example/" + "a" * 2000,
    ],
)
async def test_what_is_no_url_of_a_webhook(url: str) -> None:
    with pytest.raises(InputNotValid):
        await check_target(url, answering("8.8.8.8"))


async def test_a_host_that_nobody_knows_yet_may_be_named() -> None:
    async def resolve(_: str, __: int) -> Sequence[str]:
        raise socket.gaierror

    await check_target("https://partner.example/hook", Allowed((), resolve))


@pytest.mark.parametrize("host", ["a..b", ".partner.example", "a" * 64 + ".example"])
async def test_a_name_that_cannot_be_looked_up_is_a_host_that_nobody_knows(host: str) -> None:
    with pytest.raises(OSError, match="not a host name"):
        await Allowed().addresses_of(target_of(f"https://{host}/hook"))
    await check_target(f"https://{host}/hook", Allowed())


def test_a_target_keeps_all_that_is_sent() -> None:
    target = target_of("https://partner.example:8443/a/b?token=c%20d")
    assert (target.scheme, target.host, target.port) == ("https", "partner.example", 8443)
    assert (target.authority, target.path) == ("partner.example:8443", "/a/b?token=c%20d")
    assert target_of("https://partner.example").path == "/"
    assert target_of("https://[2606:4700::1]/x").host == "2606:4700::1"
