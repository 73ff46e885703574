"""Real servers on this machine for the mail tests: SMTP with and without TLS, and HTTP."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from threading import Thread
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass
class Arrived:
    mail: EmailMessage
    sender: str
    recipients: list[str]
    encrypted: bool
    user: str | None


@dataclass
class MailServer:
    port: int = 0
    arrived: list[Arrived] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 - the hook's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, _: list[str]
    ) -> str:
        if address.startswith("nobody"):
            return f"550 5.1.1 no mailbox of {address} here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - the hook's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        mail = message_from_bytes(content, policy=policy.default)
        encrypted = session.ssl is not None or server.transport.get_extra_info("sslcontext")
        user = session.auth_data.login.decode() if session.authenticated else None
        assert envelope.mail_from is not None
        self.arrived.append(
            Arrived(mail, envelope.mail_from, envelope.rcpt_tos, bool(encrypted), user)
        )
        return "250 OK"

    def check_login(self, server: SMTP, session: Any, envelope: Any, kind: str, data: Any) -> Any:
        assert isinstance(data, LoginPassword)
        self.logins.append((data.login.decode(), data.password.decode()))
        right = data.password == b"s3cret/word"
        return AuthResult(success=right, handled=False, auth_data=data if right else None)


@asynccontextmanager
async def mail_server(
    *, starttls: ssl.SSLContext | None = None, tls: ssl.SSLContext | None = None
) -> AsyncIterator[MailServer]:
    seen = MailServer()

    def protocol() -> SMTP:
        return SMTP(
            seen,
            tls_context=starttls,
            authenticator=seen.check_login,
            auth_require_tls=False,
            hostname="localhost",
        )

    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", ssl=tls)
    async with server:
        seen.port = server.sockets[0].getsockname()[1]
        yield seen


@dataclass
class Posted:
    path: str
    headers: dict[str, str]
    body: Any


@dataclass
class GatewayServer:
    port: int = 0
    status: int = 200
    posts: list[Posted] = field(default_factory=list)


@contextmanager
def gateway_server(status: int = 200) -> Iterator[GatewayServer]:
    seen = GatewayServer(status=status)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            headers = {name.lower(): value for name, value in self.headers.items()}
            seen.posts.append(Posted(self.path, headers, body))
            self.send_response(seen.status)
            if seen.status // 100 == 3:
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        seen.port = server.server_address[1]
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield seen
        finally:
            server.shutdown()
            thread.join()


@dataclass(frozen=True)
class Certificate:
    """A self-signed certificate of 127.0.0.1: its server context, and its file to trust it by."""

    context: ssl.SSLContext
    file: Path


def make_certificate(folder: Path) -> Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail under test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    file, key_file = folder / "server.pem", folder / "server.key"
    file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, key_file)
    return Certificate(context, file)


def unused_port() -> int:
    """A port that nobody listens on (it was free a moment ago)."""
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        return int(server.server_address[1])
