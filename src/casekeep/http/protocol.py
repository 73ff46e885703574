"""One connection, as the server reads and writes it: bounded in the bytes of its request heads, in
the time for them, and in how long it may leave an answer unread. It knows no path and no caller.
"""

import asyncio
import resource
from asyncio.events import TimerHandle

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_LIMIT = 64 * 1024
"""The most bytes of a request line and its header fields, trailers included."""

_FEWEST_CONNECTIONS, _MOST_CONNECTIONS = 16, 2000
_KEPT_DESCRIPTORS = 200  # for the database, files being written, and the libraries
_RETRY_SECONDS = 5


def most_connections() -> int:
    """How many connections a process may hold open, with file descriptors left for its work."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return _MOST_CONNECTIONS
    return max(_FEWEST_CONNECTIONS, min(_MOST_CONNECTIONS, soft - _KEPT_DESCRIPTORS))


class HeadTooLong(Exception):
    """Stops the parser: the head of this request is over the limit."""


class BoundedProtocol(HttpToolsProtocol):
    """HTTP/1.1 for clients that nobody vouches for. The limits are seconds and counts."""

    head_seconds = 10.0
    """From the first moment of a connection, or the first byte of a later head, to its end."""
    rest_seconds = 60.0
    """For what still comes of a body after its answer is complete."""
    drain_seconds = 60.0
    """Without one byte taken of an answer that waits to be sent."""
    most_connections = most_connections()

    _head_size = 0
    _unparsed = 0
    """Bytes fed since the parser last told of anything: a field that does not end."""
    _in_body = False
    _deadline: TimerHandle | None = None
    _drain: TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Take the connection, or refuse it when the process has as many as it may."""
        super().connection_made(transport)
        if len(self.connections) > self.most_connections:
            self.connections.discard(self)
            self._refuse(b"503 Service Unavailable", b"retry-after: %d\r\n" % _RETRY_SECONDS)
        else:
            self._deadline = self.loop.call_later(self.head_seconds, transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the timers, whoever ended the connection."""
        self._unset_deadline()
        self._unset_drain()
        self._unset_keepalive_if_required()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Feed the parser; whenever no answer is being made, a deadline runs."""
        self._unparsed += len(data)
        super().data_received(data)
        if self._unparsed > HEAD_LIMIT:
            self._refuse_head()
        elif self.cycle and not self.cycle.response_complete:
            self._unset_deadline()
        elif self._deadline is None and not self.transport.is_closing():
            seconds = self.rest_seconds if self._in_body else self.head_seconds
            self._deadline = self.loop.call_later(seconds, self.transport.abort)

    def on_message_begin(self) -> None:
        """A new request."""
        self._head_size = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """A piece of the request's target."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header field, or one of a chunked body's trailers."""
        self._count(len(name) + len(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._unparsed = 0
        self._in_body = True
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self._unparsed = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole; what follows is the next head."""
        self._unparsed = 0
        self._in_body = False
        self._unset_deadline()
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """The server's answer to what the parser refuses."""
        if self._head_size > HEAD_LIMIT:
            self._refuse_head()
        else:
            super().send_400_response(msg)

    def pause_writing(self) -> None:
        """The client does not take the answer as fast as it is made."""
        super().pause_writing()
        self._await_progress()

    def resume_writing(self) -> None:
        """The client has taken what was waiting."""
        self._unset_drain()
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        """Nothing more was asked: close, once the end of the answer is taken."""
        super().timeout_keep_alive_handler()
        self._await_progress()

    def _count(self, size: int) -> None:
        self._unparsed = 0
        self._head_size += size
        if self._head_size > HEAD_LIMIT:
            raise HeadTooLong

    def _refuse_head(self) -> None:
        if self.transport.is_closing():
            return
        if self.cycle and not self.cycle.response_complete:
            self.transport.abort()  # an answer is under way: no second one into the middle of it
        else:
            self._refuse(b"431 Request Header Fields Too Large")

    def _refuse(self, status: bytes, fields: bytes = b"") -> None:
        head = b"HTTP/1.1 %b\r\n%bcontent-length: 0\r\nconnection: close\r\n\r\n"
        self.transport.write(head % (status, fields))
        self.transport.close()

    def _await_progress(self) -> None:
        """Give the connection up if by then nothing of what waits has been taken."""
        self._unset_drain()
        if waiting := self.transport.get_write_buffer_size():
            self._drain = self.loop.call_later(self.drain_seconds, self._demand_progress, waiting)

    def _demand_progress(self, before: int) -> None:
        if self.transport.get_write_buffer_size() >= before:
            self.transport.abort()
        else:
            self._await_progress()

    def _unset_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _unset_drain(self) -> None:
        if self._drain is not None:
            self._drain.cancel()
            self._drain = None
