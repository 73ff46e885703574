"""Where the `casekeep` command begins. Imports nothing but Python's own until it can be interrupted
without a traceback: the rest takes a second to load.
"""

import sys

_INTERRUPTED = 130  # as shells have it: 128 and the number of SIGINT


def main() -> None:
    """Run the command line; Ctrl-C ends it quietly at any time."""
    try:
        from casekeep.cli.main import main as run  # noqa: PLC0415 - see the module's docstring

        run()
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
