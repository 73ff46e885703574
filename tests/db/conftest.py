"""Data folders for embedded servers."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from casekeep.db.embedded.sockets import short_name
from tests.db.processes import wait_until_gone


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    """A data folder that does not exist yet; below folders that only this user can enter."""
    folder = tmp_path / "data"
    yield folder
    wait_until_gone(folder)
    left = f"casekeep-*-{short_name(folder.resolve())}*"
    for sockets in Path("/tmp").glob(left):  # noqa: S108 - the place that is under test
        shutil.rmtree(sockets)  # a killed leader leaves it, for the next one to use


@pytest.fixture
def open_place() -> Iterator[Path]:
    """A folder that every user can enter, below others like it."""
    folder = Path(tempfile.mkdtemp(prefix="casekeep-test-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)
