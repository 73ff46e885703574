"""Short commands that use a server which another process runs. A leader who leaves lets them
finish, for a while, and lets nobody new in; who comes then leads when the leader has gone.
"""

import time

from casekeep.db.embedded.locks import Lock
from casekeep.db.embedded.places import Places

_POLL_SECONDS = 0.02


class Guests:
    """One process's part: it is a guest itself, or sees the others off."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._held: list[Lock] = []

    def enter(self) -> bool:
        """Become a guest, if we are not; False while the leader is leaving."""
        if self._held:
            return True
        door, inside = Lock(self._places.door), Lock(self._places.guests)
        is_in = door.share() and inside.share()
        door.close()
        if is_in:
            self._held.append(inside)
        else:
            inside.close()
        return is_in

    def leave(self) -> None:
        """Be no guest any more; after `see_off`, open the door again."""
        while self._held:
            self._held.pop().close()

    def see_off(self, seconds: float) -> None:
        """Close the door until `leave`, and wait until the last guest has left, or for so long."""
        self.leave()
        door, inside = Lock(self._places.door), Lock(self._places.guests)
        self._held += [door, inside]
        give_up = time.monotonic() + seconds
        while not (door.take() and inside.take()) and time.monotonic() < give_up:
            time.sleep(_POLL_SECONDS)
