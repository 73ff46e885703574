"""Half a minute of schemathesis for each contract, at a real server; `scripts/fuzz --seconds 600`
goes on for longer. It asks the same each time: what a longer search finds becomes a test elsewhere.
"""

from collections.abc import Iterator

import pytest

from tests.acceptance.running import running_server
from tests.contract.fuzzing import DOCUMENTS, Fuzzed, furnish, fuzz

SECONDS = 25
SEED = 20261


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fuzzed]:
    data = tmp_path_factory.mktemp("fuzzed") / "data"
    with running_server(data, CASEKEEP_TRUSTED_PROXIES="127.0.0.1") as server:
        yield furnish(server.url, data)


@pytest.mark.parametrize("edge", DOCUMENTS)
def test_nothing_is_found(edge: str, fuzzed: Fuzzed) -> None:
    assert fuzz(edge, fuzzed, seconds=SECONDS, seed=SEED) == []
