"""How those who wait are told how far a backup is. Whoever shows it decides how."""

from typing import Protocol


class Progress(Protocol):
    """Hears what is done."""

    def begin(self, what: str, count: int, size: int) -> None:
        """A stage begins: `count` things of `size` bytes together, 0 where that is not known."""
        ...

    def advance(self, count: int, size: int) -> None:
        """So many things and bytes more are done."""
        ...


class Silent:
    """A Progress that nobody looks at."""

    def begin(self, what: str, count: int, size: int) -> None:
        """Nothing."""

    def advance(self, count: int, size: int) -> None:
        """Nothing."""
