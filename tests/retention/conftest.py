"""A files room for every test of this folder."""

from tests.files.conftest import receiver, room

__all__ = ["receiver", "room"]
