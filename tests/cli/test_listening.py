"""The address to listen on: taken by one server at a time, and open from the first moment."""

import socket

import pytest

from casekeep.cli.listening import PortNotFree, listen


def test_a_second_server_is_refused_though_the_first_does_not_answer_yet() -> None:
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(PortNotFree, match=str(port)):
            listen("127.0.0.1", port)


def test_who_connects_before_the_server_answers_waits() -> None:
    with (
        listen("127.0.0.1", 0) as listener,
        socket.create_connection(listener.getsockname(), timeout=5) as early,
    ):
        early.sendall(b"hello")
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.recv(5) == b"hello"
