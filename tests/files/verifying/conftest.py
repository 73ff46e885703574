"""The shelf fixture: an organisation with three files."""

import pytest

from tests.files.room import Room
from tests.files.verifying.house import Shelf, make_shelf


@pytest.fixture
async def shelf(room: Room) -> Shelf:
    return await make_shelf(room, 3)
