# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The writes that redis-py repeats are counted at its connections."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from redis.driver_info import DriverInfo
from redis.exceptions import ConnectionError as Broken
from redis.exceptions import ReadOnlyError

from tests.chaos import watched
from tests.chaos.redis_py_sentinel import Managed
from tests.chaos.waited import Waited
from tests.chaos.watched import WATCHED, Watched


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as one:
        yield one


@pytest.mark.parametrize("verb", WATCHED)
def test_unanswered(listener: socket.socket, verb: str) -> None:
    watched._this_thread.sent = watched._this_thread.unanswered = watched._this_thread.replicas = 0
    nameless = DriverInfo(name="", lib_version="")  # so that nothing but the write is sent
    connection = Watched("127.0.0.1", listener.getsockname()[1], protocol=2, driver_info=nameless)

    _send(connection, listener, verb, b":1\r\n")
    assert connection.read_response() == 1
    assert watched._this_thread.unanswered == 0

    _send(connection, listener, verb, b"")
    with pytest.raises(Broken):
        connection.read_response()
    assert watched._this_thread.unanswered == 1

    _send(connection, listener, verb, b"-READONLY You can't write against a read only replica.\r\n")
    with pytest.raises(ReadOnlyError):
        connection.read_response()
    assert watched._this_thread.unanswered == 1
    assert watched._this_thread.sent == 3


class Pool:
    """Of a master that Sentinels name."""

    is_master, check_connection = True, False

    def __init__(self, address: tuple[str, int]) -> None:
        self.get_master_address = lambda: address


def test_where_the_library_takes_readonly_for_a_broken_connection_it_is_an_answer(listener: socket.socket) -> None:
    """Nothing was applied, so what comes next explains no second application."""
    watched._this_thread.sent = watched._this_thread.unanswered = watched._this_thread.replicas = 0
    pool = Pool(listener.getsockname())
    connection = Managed(connection_pool=pool, protocol=2, driver_info=DriverInfo(name="", lib_version=""))
    connection.connect()
    server, _address = listener.accept()
    connection.send_command("INCRBY", "key", "1")
    with server:
        server.sendall(b"-READONLY You can't write against a read only replica.\r\n")
        with pytest.raises(Broken):
            connection.read_response()
    assert watched._this_thread.unanswered == 0
    assert watched._this_thread.sent == 1


@pytest.mark.parametrize(
    ("answer", "replicated"),
    [
        (b":2\r\n", True),
        (b":3\r\n", True),
        (b":1\r\n", False),
        (b"-UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)\r\n", False),
        (b"", False),
    ],
    ids=["all", "more", "some", "demoted", "broken"],
)
def test_wait(listener: socket.socket, answer: bytes, replicated: bool) -> None:
    """The write's own answer stands whatever becomes of WAIT, and a connection that may still answer it is closed."""
    watched._this_thread.unanswered, watched._this_thread.replicas = 0, 2
    watched._this_thread.waited = Waited()
    connection = Watched("127.0.0.1", listener.getsockname()[1], protocol=2, driver_info=DriverInfo("", ""))
    connection.connect()
    server, _address = listener.accept()
    connection.send_command("RPUSH", "key", "1")
    with server:
        server.recv(1000)
        server.sendall(b":7\r\n" + answer)
        if not answer:
            server.shutdown(socket.SHUT_WR)
        assert connection.read_response() == 7
        sent = server.recv(1000)
    assert sent == b"*3\r\n$4\r\nWAIT\r\n$1\r\n2\r\n$4\r\n1000\r\n"
    assert watched._this_thread.waited.replicated is replicated
    assert watched._this_thread.unanswered == 0
    assert (connection._sock is not None) is answer.startswith(b":")
    connection.disconnect()


def test_wait_on_another_connection_than_the_write_says_nothing(listener: socket.socket) -> None:
    """There it is answered with all replicas at once."""
    watched._this_thread.replicas, watched._this_thread.waited = 2, Waited()
    connection = Watched("127.0.0.1", listener.getsockname()[1], protocol=2, driver_info=DriverInfo("", ""))
    with ThreadPoolExecutor(1) as pool:
        answered = pool.submit(_answer_once, listener, b":2\r\n")
        connection._wait()
        answered.result()
    assert not watched._this_thread.waited.replicated


def _answer_once(listener: socket.socket, answer: bytes) -> None:
    server, _address = listener.accept()
    with server:
        server.recv(1000)
        server.sendall(answer)


def _send(connection: Watched, listener: socket.socket, verb: str, answer: bytes) -> None:
    connection.disconnect()
    connection.send_command(verb, "key", "1")
    server, _address = listener.accept()
    with server:
        server.recv(1000)
        server.sendall(answer)
