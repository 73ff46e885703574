"""The room, a clinician in it, and a case of theirs."""

from tests.files.conftest import receiver, room
from tests.files.importing.pier import pier

__all__ = ["pier", "receiver", "room"]
