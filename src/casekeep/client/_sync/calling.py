"""Sends calls and reads answers: time limits, repeats, and refusals as errors. Follows no redirect:
what a call carries is for one origin alone.
"""

from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import TypeVar
from urllib.parse import quote

import httpx
import msgspec

from ..errors import NotUnderstood, Unreachable, error_from
from ..hiding import queries_hidden
from ..repeating import Repeats, asks_to_repeat, may_repeat
from ..sources import Body, Progress
from ..waiting import call, sleep

T = TypeVar("T")

TIMEOUT = httpx.Timeout(60.0, connect=10.0)
"""Seconds without any progress after which a call is given up."""
_LARGEST_REFUSAL = 1 << 20


@dataclass(frozen=True, slots=True)
class Call:
    """One request, told so that it can be sent more than once."""

    method: str
    url: str
    query: Mapping[str, str] = field(default_factory=dict[str, str])
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: Body | None = None
    progress: Progress | None = None
    repeatable: bool = False

    def __repr__(self) -> str:
        return f"Call({self.method})"


class Caller:
    """A connection pool, and how calls go over it."""

    def __init__(
        self,
        base_url: str,
        *,
        http: httpx.Client | None,
        timeout: httpx.Timeout | float,
        repeats: Repeats,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self._http = http or httpx.Client(timeout=timeout)
        self._is_own = http is None
        self._repeats = repeats

    def url(self, path: str) -> str:
        """A path of the server as an URL. It is always of this origin, whatever the path says."""
        return f"{self.base_url}/{quote(path.lstrip('/'), safe='/')}"

    def read(self, call: Call, shape: type[T]) -> T:
        """The answer to `call`, in its shape. Raises ApiError, Unreachable, NotUnderstood."""
        with self.answer(call) as answer:
            return read_answer(answer, shape)

    def do(self, call: Call) -> None:
        """Send `call`, whose answer says no more than that it was done."""
        with self.answer(call) as answer:
            answer.read()

    @contextmanager
    def answer(self, call: Call) -> Generator[httpx.Response, None]:
        """The answer to `call`, its body not yet read. A transport's error while it is read
        becomes Unreachable. Raises ApiError for a refusal.
        """
        answer = self._send_with_repeats(call)
        try:
            if not answer.is_success:
                raise error_from(answer.status_code, answer.headers, _refusal(answer))
            yield answer
        except httpx.TransportError as error:
            raise _unreachable(error) from error
        finally:
            answer.close()

    def close(self) -> None:
        """Close the connections, unless they are the caller's."""
        if self._is_own:
            self._http.close()

    def _send_with_repeats(self, call: Call) -> httpx.Response:
        repeatable = call.repeatable or may_repeat(call.method)
        done = 0
        while True:
            wait = None
            try:
                answer = self._send(call)
            except httpx.TransportError as error:
                wait = self._repeats.wait(done, None) if repeatable else None
                if wait is None:
                    raise _unreachable(error) from error
            else:
                if repeatable and asks_to_repeat(answer.status_code):
                    wait = self._repeats.wait(done, _retry_after(answer))
                if wait is None:
                    return answer
                answer.close()
            sleep(wait)
            done += 1

    def _send(self, call: Call) -> httpx.Response:
        headers = {"user-agent": USER_AGENT, "accept": "*/*", **call.headers}
        content = None
        if call.body is not None:
            headers |= _said_of(call.body)
            content = _sent(call.body, call.progress)
        request = self._http.build_request(
            call.method, call.url, params=call.query or None, headers=headers, content=content
        )
        with queries_hidden():
            return self._http.send(request, stream=True, follow_redirects=False, auth=None)


def read_answer(answer: httpx.Response, shape: type[T]) -> T:
    """The body of an answer, in its shape. Raises NotUnderstood."""
    body = answer.read()
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.MsgspecError:
        raise NotUnderstood(f"the answer is no {shape.__name__}") from None


def _said_of(body: Body) -> dict[str, str]:
    """The header fields that tell of a body."""
    said = {"content-type": body.media_type, "content-length": str(body.length)}
    if body.has_files:
        said["content-digest"] = call(body.content_digest)
    return said


def _sent(body: Body, progress: Progress | None) -> Iterator[bytes]:
    done = 0
    for segment in body.segments:
        with segment.file.opened() as file:
            left = segment.file.size
            while left:
                read, piece = call(segment.read, file, left)
                yield piece
                left -= read
                done += len(piece)
                if progress is not None:
                    progress(done, body.length)


def _refusal(answer: httpx.Response) -> bytes:
    """What a refusal says; not more of it than a refusal can be long."""
    said = b""
    for piece in answer.iter_bytes():
        said += piece
        if len(said) > _LARGEST_REFUSAL:
            return b""
    return said


def _retry_after(answer: httpx.Response) -> float | None:
    return error_from(answer.status_code, answer.headers, b"").retry_after


def _unreachable(error: httpx.TransportError) -> Unreachable:
    return Unreachable(str(error) or type(error).__name__)


def _user_agent() -> str:
    try:
        return f"casekeep-client/{version('casekeep')}"
    except PackageNotFoundError:
        return "casekeep-client"


USER_AGENT = _user_agent()
