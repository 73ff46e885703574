"""When a call is sent again, and how long to wait before: only what may be repeated without harm,
a bounded number of times, and never sooner than the server asks for.
"""

import random
from dataclasses import dataclass

_AGAIN = {429, 503}
_READS = {"GET", "HEAD", "PUT"}


@dataclass(frozen=True, slots=True)
class Repeats:
    """`most`: how often a call is sent again at most. `longest_wait`: seconds; a server that asks
    for more is told to the caller at once.
    """

    most: int = 3
    longest_wait: float = 30.0
    first_wait: float = 0.2

    def wait(self, done: int, retry_after: float | None) -> float | None:
        """Seconds before the next of `done` repeats; None: not again."""
        if done >= self.most:
            return None
        backoff = self.first_wait * 2**done * random.uniform(0.5, 1.0)
        wait = max(backoff, retry_after or 0.0)
        return wait if wait <= self.longest_wait else None


REPEATS = Repeats()
"""What is done unless something else is asked for."""


def may_repeat(method: str) -> bool:
    """Whether a call of this method does no more when it is carried out twice (RFC 9110, section
    9.2.2). DELETE is left out: the second answer would say that nothing was there.
    """
    return method in _READS


def asks_to_repeat(status: int) -> bool:
    """Whether an answer says that the call was not carried out, and may come again."""
    return status in _AGAIN
