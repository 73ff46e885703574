"""Takes the address that the server listens on, before anything else is started."""

import socket


class PortNotFree(Exception):
    """The address to listen on cannot be taken; the text says which and what to do."""


def listen(host: str, port: int) -> socket.socket:
    """A socket bound to the address; server processes share it. Raises PortNotFree."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise PortNotFree(
            f"cannot listen on {host} port {port}: {error.strerror}. "
            "Choose another with --port, or stop what uses it."
        ) from None
    listener.set_inheritable(True)
    return listener
