# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The writes that redis-py repeats are counted at its connections."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from redis.driver_info import DriverInfo
from redis.exceptions import ConnectionError as Broken
from redis.exceptions import ReadOnlyError

from tests.chaos import redis_py
from tests.chaos.redis_py import WATCHED, Watched


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as one:
        yield one


@pytest.mark.parametrize("verb", WATCHED)
def test_unanswered(listener: socket.socket, verb: str) -> None:
    redis_py._this_thread.sent = redis_py._this_thread.unanswered = 0
    nameless = DriverInfo(name="", lib_version="")  # so that nothing but the write is sent
    connection = Watched("127.0.0.1", listener.getsockname()[1], protocol=2, driver_info=nameless)

    _send(connection, listener, verb, b":1\r\n")
    assert connection.read_response() == 1
    assert redis_py._this_thread.unanswered == 0

    _send(connection, listener, verb, b"")
    with pytest.raises(Broken):
        connection.read_response()
    assert redis_py._this_thread.unanswered == 1

    _send(connection, listener, verb, b"-READONLY You can't write against a read only replica.\r\n")
    with pytest.raises(ReadOnlyError):
        connection.read_response()
    assert redis_py._this_thread.unanswered == 1
    assert redis_py._this_thread.sent == 3


def _send(connection: Watched, listener: socket.socket, verb: str, answer: bytes) -> None:
    connection.disconnect()
    connection.send_command(verb, "key", "1")
    server, _address = listener.accept()
    with server:
        server.recv(1000)
        server.sendall(answer)
