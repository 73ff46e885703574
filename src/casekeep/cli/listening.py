"""Takes the address that the server listens on, before anything else is started."""

import socket

_BACKLOG = 2048


class PortNotFree(Exception):
    """The address to listen on cannot be taken; the text says which and what to do."""


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on the address; server processes share it. It listens at once, since
    only that keeps a second server off; who connects early waits. Raises PortNotFree.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise PortNotFree(
            f"cannot listen on {host} port {port}: {error.strerror}. "
            "Choose another with --port, or stop what uses it."
        ) from None
    listener.set_inheritable(True)
    return listener
