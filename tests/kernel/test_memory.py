"""Memory that goes back to the system, in a process of its own: what it sets, it sets for all."""

import subprocess
import sys

import pytest

_RUN = """
import re, sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from casekeep.kernel.memory import give_memory_back

def resident():
    return int(re.search(r"VmRSS:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024

if sys.argv[1] == "given back":
    give_memory_back()
with ThreadPoolExecutor(2) as pool:
    before = resident()
    for _ in range(3):  # glibc looks at what is freed, and keeps blocks of that size from then on
        held = list(pool.map(lambda _: b"x" * (19 << 20), range(2)))
        small = pool.submit(bytes, 100_000).result()
        del held
    print(resident() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="it is glibc's memory")
def test_large_blocks_go_back() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _RUN, "given back"], capture_output=True, text=True, check=True
    )
    assert float(done.stdout) < 10
