"""A files room, for the tests of what keeps files from being deleted."""

from tests.files.conftest import receiver, room

__all__ = ["receiver", "room"]
