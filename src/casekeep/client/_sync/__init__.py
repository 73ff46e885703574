"""Written by scripts/write_client.py from `_async`."""
