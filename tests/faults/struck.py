"""The process that forks those which are struck, from the side of a test: it takes orders, and
tells what was said until the end.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from casekeep.kernel.ids import FileId
from casekeep.kernel.processes import ending_with
from tests.faults.acting import Orders, Said

ROOT = Path(__file__).parents[2]
_LONGEST = 180
_ENDS = {0, -signal.SIGKILL, -signal.SIGTERM}
"""Of a process that came to its end, was struck, or was told to end before it could listen."""


@dataclass
class Outcome:
    """What was said, by the struck process and by others that acted beside it. `status`: the exit
    status of a command that came to its end; `points`: moments there were.
    """

    kept: dict[FileId, str] = field(default_factory=dict)
    removed: set[FileId] = field(default_factory=set)
    restored: set[FileId] = field(default_factory=set)
    purged: set[FileId] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    received: int = 0
    points: int = 0
    status: int | None = None
    failed: str = ""

    def hear(self, said: Said) -> None:  # noqa: C901 - a table of words
        match said.word:
            case "kept":
                self.kept[FileId(said.file_id)] = said.sha256
            case "removed":
                self.removed.add(FileId(said.file_id))
            case "restoring":
                self.removed.discard(FileId(said.file_id))
            case "restored":
                self.restored.add(FileId(said.file_id))
            case "purged":
                self.purged.add(FileId(said.file_id))
            case "refused":
                self.refused.add(said.sha256)
            case "received":
                self.received = said.number
            case "points":
                self.points = said.number
            case "done":
                self.status = said.number
            case other if other.startswith("failed"):
                self.failed = other
            case _:
                pass


@dataclass(frozen=True)
class Actors:
    """Orders go to `process`; `log`: what its forks wrote to standard error."""

    process: asyncio.subprocess.Process
    log: Path

    async def act(self, orders: Orders, outcome: Outcome | None = None) -> Outcome:
        """Have one act done, to its end, whichever that is; what was said is added to `outcome`."""
        outcome = outcome or Outcome()
        async for said in self.say(orders):
            outcome.hear(said)
        return outcome

    async def say(self, orders: Orders) -> AsyncGenerator[Said, None]:
        """What is said, as soon as it is."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(msgspec.json.encode(orders) + b"\n")
        async with asyncio.timeout(_LONGEST):
            while line := await self.process.stdout.readline():
                said = msgspec.json.decode(line, type=Said)
                yield said
                if said.word == "ended":
                    assert said.number in _ENDS, self.log.read_text()[-2000:]
                    return
        raise AssertionError(self.log.read_text()[-2000:])


@asynccontextmanager
async def opened_actors(folder: Path) -> AsyncIterator[Actors]:
    log = folder / "acting.log"
    with log.open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.faults.forking"),
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
            preexec_fn=ending_with(os.getpid(), signal.SIGKILL),
        )
    try:
        yield Actors(process, log)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
