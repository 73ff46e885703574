"""One attempt, over a real connection: what is sent, and what is made of every end it can have."""

import asyncio
import socket
import ssl
from collections.abc import Sequence
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from casekeep.kernel.clock import utc_now
from casekeep.webhooks.addresses import Allowed, Resolve, networks_of
from casekeep.webhooks.sending import Sender
from tests.webhooks.receiver import receiver

HOME = networks_of("127.0.0.0/8")
BODY = b'{"event":"CREATE_CASE"}'


def sender(resolve: Resolve | None = None, seconds: float = 5.0) -> Sender:
    return Sender(Allowed(HOME, resolve), total_seconds=seconds)


def always(*addresses: str) -> Resolve:
    async def resolve(_: str, __: int) -> Sequence[str]:
        return addresses

    return resolve


async def test_a_post_with_the_body_as_it_is() -> None:
    async with receiver() as partner:
        result = await sender().send(partner.url, BODY, {"webhook-id": "1"})
        (got,) = await partner.until(1)
    assert (result.status, result.error) == (200, None)
    assert got.path == "/hook?place=1"
    assert got.body == BODY
    assert got.headers["content-type"] == "application/json"
    assert got.headers["webhook-id"] == "1"
    assert got.headers["host"] == f"127.0.0.1:{partner.port}"
    assert got.headers["user-agent"].startswith("Casekeep/")


@pytest.mark.parametrize("status", [201, 204, 299])
async def test_every_status_of_success_is_delivered(status: int) -> None:
    async with receiver(lambda _: status) as partner:
        result = await sender().send(partner.url, BODY, {})
    assert (result.status, result.error) == (status, None)


@pytest.mark.parametrize("status", [400, 404, 410, 500, 503])
async def test_other_answers_are_failures_with_their_status(status: int) -> None:
    async with receiver(lambda _: status) as partner:
        result = await sender().send(partner.url, BODY, {})
    assert (result.status, result.error) == (status, f"answered {status}")


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_not_followed(status: int) -> None:
    async with receiver() as other:
        headers = f"location: {other.url}\r\n"
        async with receiver(lambda _: status, headers=headers) as partner:
            result = await sender().send(partner.url, BODY, {})
        assert other.got == []
    assert (result.status, result.error) == (status, f"answered {status}")


async def test_one_that_never_answers_is_given_up() -> None:
    async with receiver(lambda _: None) as partner:
        result = await sender(seconds=0.3).send(partner.url, BODY, {})
    assert (result.status, result.error) == (None, "timed out")
    assert 250 <= result.duration_ms < 5000


async def test_nobody_at_the_port() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/"
        result = await sender().send(url, BODY, {})
    assert (result.status, result.error) == (None, "connection refused")


async def test_a_host_that_nobody_knows() -> None:
    async def resolve(_: str, __: int) -> Sequence[str]:
        raise socket.gaierror

    result = await sender(resolve).send("https://partner.example/", BODY, {})
    assert (result.status, result.error) == (None, "host not found")


async def test_a_name_that_leads_inside_by_now() -> None:
    """As with a rebound name: it was public when the webhook was made, and is not any more."""
    async with receiver() as partner:
        rebound = Sender(Allowed((), always("127.0.0.1")))
        result = await rebound.send(f"https://partner.example:{partner.port}/", BODY, {})
        assert partner.got == []
    assert (result.status, result.error) == (None, "address not allowed")


async def test_the_attempt_goes_to_the_address_that_was_judged() -> None:
    """The name is asked for once: a second answer, which would not be judged, is never had."""
    asked: list[str] = []

    async def resolve(host: str, _: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["192.0.2.1"]

    async with receiver() as partner:
        url = f"http://partner.example:{partner.port}/hook"
        result = await sender(resolve).send(url, BODY, {})
        (got,) = await partner.until(1)
    assert result.status == 200
    assert asked == ["partner.example"]
    assert got.headers["host"] == f"partner.example:{partner.port}"


async def test_the_next_address_is_tried_when_one_is_not_there() -> None:
    async with receiver() as partner:
        url = f"http://partner.example:{partner.port}/hook"
        result = await sender(always("127.9.9.9", "127.0.0.1")).send(url, BODY, {})
    assert result.status == 200


async def test_a_flood_of_an_answer_is_not_read_to_its_end() -> None:
    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n")
        try:
            while True:
                writer.write(b"x" * 65536)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(flood, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        result = await sender().send(f"http://127.0.0.1:{port}/", BODY, {})
    assert result.status == 200
    assert result.duration_ms < 4000


async def test_what_is_no_http_is_a_failure_too() -> None:
    async def nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"220 mail.example ESMTP\r\n")
        writer.close()

    server = await asyncio.start_server(nonsense, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        result = await sender().send(f"http://127.0.0.1:{port}/", BODY, {})
    assert (result.status, result.error) == (None, "answer broken off")


def certificate_for(name: str, folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context with a certificate for `name`, and a client's that believes it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = utc_now()
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.DNSName(name), x509.IPAddress(ip_address("192.0.2.7"))]
            ),
            critical=False,
        )
        .sign(key, SHA256())
    )
    file = folder / "certificate.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(private + made.public_bytes(Encoding.PEM))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(file)
    client = ssl.create_default_context(cafile=str(file))
    return server, client


async def test_a_certificate_is_checked_against_the_name_and_not_the_address(
    tmp_path: Path,
) -> None:
    server, client = certificate_for("partner.example", tmp_path)
    trusting = Sender(Allowed(HOME, always("127.0.0.1")), certificates=client)
    async with receiver(tls=server) as partner:
        right = await trusting.send(f"https://partner.example:{partner.port}/", BODY, {})
        wrong = await trusting.send(f"https://other.example:{partner.port}/", BODY, {})
        stranger = await sender(always("127.0.0.1")).send(
            f"https://partner.example:{partner.port}/", BODY, {}
        )
        assert len(partner.got) == 1
    assert (right.status, right.error) == (200, None)
    assert (wrong.status, wrong.error) == (None, "TLS failed")
    assert (stranger.status, stranger.error) == (None, "TLS failed")


async def test_no_proxy_of_the_environment_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    async with receiver() as proxy, receiver() as partner:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        result = await sender().send(partner.url, BODY, {})
        assert proxy.got == []
    assert result.status == 200
