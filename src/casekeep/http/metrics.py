"""What a monitoring system reads, in Prometheus' text format. Every number is counted when it is
asked for, from what all server processes share, so that it is the same from each; nobody else is
told that there is anything to read.
"""

import asyncio
import hmac
from ipaddress import ip_address

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from casekeep.files.verifying.measuring import Measures, measure

from .asgi import Receive, Scope, Send
from .house import House

METRICS = "/metrics"
_FRESH_SECONDS = 5.0
_FORWARDED = {b"forwarded", b"via", b"x-forwarded-for", b"x-real-ip"}
_JOB_STATES = {"queued": "queued", "running": "picked", "held": "failed"}


class Metrics:
    """`GET /metrics`, for whoever has the token; without a token for programs on this machine, as
    long as no public URL says that there is a proxy, for which everybody is on this machine.
    """

    def __init__(self, house: House) -> None:
        self._house = house
        self._turn = asyncio.Lock()
        self._text = b""
        self._counted_at = float("-inf")

    def may_read(self, scope: Scope) -> bool:
        """Whether this request may be answered; else the path is as good as unknown."""
        fields = dict(scope["headers"])
        token = self._house.metrics_token
        if token:
            given = fields.get(b"authorization", b"")
            return hmac.compare_digest(given, f"Bearer {token}".encode())
        is_direct = not self._house.public_url and not _FORWARDED & set(fields)
        return is_direct and _is_local(scope)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI entry point, for a request that may be answered."""
        del receive
        body = await self._counted() if scope["method"] in {"GET", "HEAD"} else b""
        headers = [
            (b"content-type", CONTENT_TYPE_LATEST.encode()),
            (b"cache-control", b"no-store"),
            (b"content-length", str(len(body)).encode()),
        ]
        status = 200 if body else 405
        await send({"type": "http.response.start", "status": status, "headers": headers})
        shown = b"" if scope["method"] == "HEAD" else body
        await send({"type": "http.response.body", "body": shown})

    async def _counted(self) -> bytes:
        """The text, the same for some seconds, so that the database is spared."""
        async with self._turn:
            now = asyncio.get_running_loop().time()
            if now - self._counted_at > _FRESH_SECONDS:
                self._text = _written(await measure(self._house.db))
                self._counted_at = now
            return self._text


def _is_local(scope: Scope) -> bool:
    try:
        return ip_address((scope.get("client") or ("",))[0]).is_loopback
    except ValueError:
        return False


def _written(measures: Measures) -> bytes:
    registry = CollectorRegistry()

    def tell(name: str, meaning: str, value: float) -> None:
        Gauge(f"casekeep_{name}", meaning, registry=registry).set(value)

    tell("files", "Stored files, removed ones too.", measures.files)
    tell("stored_bytes", "Bytes of their content.", measures.bytes)
    tell(
        "uploads_unfinished", "Files that are arriving, or to be cleared away.", measures.unfinished
    )
    tell("uploads_in_parts", "Uploads in parts that are not over.", measures.in_parts)
    tell("scrub_files", "Files that were checked in the rounds under way.", measures.scrubbed)
    tell("scrub_round_age_seconds", "Since the oldest such round began.", measures.oldest_round)
    tell("audit_seal_lag_seconds", "How far the audit's chain is behind.", measures.seal_lag)
    findings = Gauge("casekeep_findings", "Damaged files.", ["kind"], registry=registry)
    for damage, count in measures.findings.items():
        findings.labels(damage.value).set(count)
    jobs = Gauge("casekeep_jobs", "Work for later, by its state.", ["state"], registry=registry)
    for state, status in _JOB_STATES.items():
        jobs.labels(state).set(measures.jobs.get(status, 0))
    return generate_latest(registry)
