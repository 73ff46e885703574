"""Mail over SMTP: what arrives, and what never happens (a password in the clear, an address in an
error, trust in a certificate of nobody).
"""

import asyncio
from pathlib import Path

import pytest

from casekeep.mail.channels import EmailChannel, open_email_channel
from casekeep.mail.message import DeliveryFailed, Email
from casekeep.mail.smtp import SmtpChannel, SmtpServer
from tests.mail.servers import Certificate, mail_server, make_certificate, unused_port

SENDER = "Casekeep <no-reply@clinic.example>"
CODE = Email("pat@example.org", "Your code", "Your code is 123456.\nIt is valid for 10 minutes.\n")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def trusted(certificate: Certificate, monkeypatch: pytest.MonkeyPatch) -> Certificate:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.file))
    return certificate


def channel(url: str) -> EmailChannel:
    return open_email_channel(url, sender=SENDER)


async def test_a_mail_arrives_as_it_was_written() -> None:
    async with mail_server() as server:
        await channel(f"smtp://127.0.0.1:{server.port}").send(CODE)
    (arrived,) = server.arrived
    assert arrived.sender == "no-reply@clinic.example"
    assert arrived.recipients == ["pat@example.org"]
    assert arrived.mail["From"] == SENDER
    assert arrived.mail["To"] == "pat@example.org"
    assert arrived.mail["Subject"] == "Your code"
    assert arrived.mail["Auto-Submitted"] == "auto-generated"
    assert arrived.mail["Message-ID"].endswith("@clinic.example>")
    assert arrived.mail.get_content().replace("\r\n", "\n") == CODE.text
    assert not arrived.encrypted


async def test_any_script_arrives() -> None:
    mail = Email("pat@example.org", "Код — 确认", "Ваш код: 123456 " + "ü" * 2000 + "\n")
    async with mail_server() as server:
        await channel(f"smtp://127.0.0.1:{server.port}").send(mail)
    (arrived,) = server.arrived
    assert arrived.mail["Subject"] == mail.subject
    assert arrived.mail.get_content().replace("\r\n", "\n") == mail.text


async def test_encryption_is_taken_when_offered(trusted: Certificate) -> None:
    async with mail_server(starttls=trusted.context) as server:
        await channel(f"smtp://127.0.0.1:{server.port}").send(CODE)
    assert server.arrived[0].encrypted


async def test_encryption_can_be_left_out(trusted: Certificate) -> None:
    async with mail_server(starttls=trusted.context) as server:
        await channel(f"smtp://127.0.0.1:{server.port}?starttls=never").send(CODE)
    assert not server.arrived[0].encrypted


async def test_required_encryption_is_not_gone_without() -> None:
    async with mail_server() as server:
        with pytest.raises(DeliveryFailed):
            await channel(f"smtp://127.0.0.1:{server.port}?starttls=required").send(CODE)
    assert server.arrived == []


async def test_smtps_is_encrypted_from_the_start(trusted: Certificate) -> None:
    async with mail_server(tls=trusted.context) as server:
        await channel(f"smtps://clinic:s3cret%2Fword@127.0.0.1:{server.port}").send(CODE)
    assert server.arrived[0].encrypted
    assert server.arrived[0].user == "clinic"


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
async def test_a_certificate_of_nobody_is_not_trusted(
    scheme: str, certificate: Certificate
) -> None:
    starttls, tls = (certificate.context, None) if scheme == "smtp" else (None, certificate.context)
    async with mail_server(starttls=starttls, tls=tls) as server:
        with pytest.raises(DeliveryFailed, match="prove who it is"):
            await channel(f"{scheme}://127.0.0.1:{server.port}").send(CODE)
    assert server.arrived == []


async def test_a_password_is_not_sent_in_the_clear() -> None:
    async with mail_server() as server:
        with pytest.raises(DeliveryFailed):
            await channel(f"smtp://clinic:s3cret%2Fword@127.0.0.1:{server.port}").send(CODE)
    assert server.logins == []


async def test_a_password_is_sent_in_the_clear_when_the_setting_says_so() -> None:
    async with mail_server() as server:
        url = f"smtp://clinic:s3cret%2Fword@127.0.0.1:{server.port}?starttls=never"
        await channel(url).send(CODE)
    assert server.arrived[0].user == "clinic"


async def test_a_wrong_password_fails(trusted: Certificate) -> None:
    async with mail_server(starttls=trusted.context) as server:
        with pytest.raises(DeliveryFailed, match=r"user or password \(535\)"):
            await channel(f"smtp://clinic:wrong@127.0.0.1:{server.port}").send(CODE)
    assert set(server.logins) == {("clinic", "wrong")}
    assert server.arrived == []


async def test_a_refused_recipient_fails_without_being_named() -> None:
    mail = Email("nobody@example.org", "Your code", "123456")
    async with mail_server() as server:
        with pytest.raises(DeliveryFailed, match=r"refused the recipient \(550\)") as failed:
            await channel(f"smtp://127.0.0.1:{server.port}").send(mail)
    assert "nobody" not in str(failed.value)
    assert failed.value.__cause__ is None
    assert failed.value.__suppress_context__


async def test_a_server_that_is_gone_fails() -> None:
    with pytest.raises(DeliveryFailed):
        await channel(f"smtp://127.0.0.1:{unused_port()}").send(CODE)


async def test_a_server_that_hangs_up_fails() -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(hang_up, "127.0.0.1")
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(DeliveryFailed):
            await channel(f"smtp://127.0.0.1:{port}").send(CODE)


async def test_a_server_that_says_nothing_is_given_up() -> None:
    done = asyncio.Event()

    async def say_nothing(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await done.wait()
        writer.close()

    server = await asyncio.start_server(say_nothing, "127.0.0.1")
    async with server:
        port = server.sockets[0].getsockname()[1]
        address = SmtpServer.from_url(f"smtp://127.0.0.1:{port}")
        with pytest.raises(DeliveryFailed, match="in time"):
            await SmtpChannel(address, sender=SENDER, timeout=0.1).send(CODE)
        done.set()


@pytest.mark.parametrize(
    ("url", "host", "port", "starttls"),
    [
        ("smtp://mail.example", "mail.example", 587, None),
        ("smtp://u:p@mail.example", "mail.example", 587, True),
        ("smtp://u:p@mail.example?starttls=never", "mail.example", 587, False),
        ("smtps://u:p@mail.example", "mail.example", 465, None),
        ("smtp://[::1]:25", "::1", 25, None),
    ],
)
def test_urls(url: str, host: str, port: int, starttls: bool | None) -> None:
    server = SmtpServer.from_url(url)
    assert (server.host, server.port, server.starttls) == (host, port, starttls)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mail.example",
        "smtp:",
        "smtp://:hidden@",
        "smtp://u:hidden@mail.example:hidden",
        "smtp://u:hidden@mail.example?starttls=maybe",
        "smtp://u:hidden@mail.example?tls=hidden",
        "smtp://u:hidden@mail.example/path",
        "smtps://u:hidden@mail.example?starttls=never",
        "https://hidden.example",
        "maildir:",
    ],
)
def test_a_bad_url_is_told_by_its_form_only(url: str) -> None:
    with pytest.raises(ValueError, match=r"CASEKEEP_MAIL_URL|maildir:FOLDER") as error:
        channel(url)
    assert "hidden" not in str(error.value)


@pytest.mark.parametrize("sender", ["", "Casekeep", "no-reply@", "a@b.example\nBcc: c@d.example"])
def test_a_sender_needs_an_address(sender: str, tmp_path: Path) -> None:
    for url in ("smtp://mail.example", f"maildir:{tmp_path}/box"):
        with pytest.raises(ValueError, match="CASEKEEP_MAIL_FROM"):
            open_email_channel(url, sender=sender)


@pytest.mark.parametrize(
    ("to", "subject"), [("a@b.example\nBcc: c@d.example", "s"), ("a@b.example", "s\r\nBcc: c")]
)
def test_a_header_is_one_line(to: str, subject: str) -> None:
    with pytest.raises(ValueError, match="one line"):
        Email(to, subject, "")
