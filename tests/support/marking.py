"""Marks the tests that need a database, by the fixtures they use, so that `make check` can leave
them out.
"""

import pytest

_NEEDS_A_SERVER = {"server_dsn", "test_server", "db"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if _NEEDS_A_SERVER & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.database)
