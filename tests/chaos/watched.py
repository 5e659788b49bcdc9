# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What redis-py repeats by itself is seen at its connections, and WAIT goes out there.

A try whose connection broke is repeated although the server may have applied it, so a write can be there twice.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from redis.connection import Connection
from redis.exceptions import BusyLoadingError, RedisError, ResponseError

from tests.chaos.waited import Waited

WATCHED = ("INCR", "INCRBY", "RPUSH")
"""How the library sends the writes of the ledger; its incr() sends INCRBY."""

WAIT_MS = 1000
"""So long a replica may take to say that it has a write; then the write is a plain acknowledged one."""


class _Thread(threading.local):
    """Of this thread's last write."""

    sent = 0
    unanswered = 0
    replicas = 0
    waited = Waited()


_this_thread = _Thread()


class Watched(Connection):
    """Counts the writes of this thread that went out and were not answered, and sends WAIT behind those that were."""

    _writing = False

    def send_command(self, *args: Any, **kwargs: Any) -> None:
        writes = args[0] in WATCHED
        if writes:
            _this_thread.sent += 1
            _this_thread.unanswered += 1
        super().send_command(*args, **kwargs)  # which may connect first, and read other answers
        self._writing = writes

    def read_response(self, *args: Any, **kwargs: Any) -> Any:
        writing, self._writing = self._writing, False
        try:
            reply = super().read_response(*args, **kwargs)
        except (ResponseError, BusyLoadingError):  # an error is an answer, and nothing was applied
            if writing:
                _this_thread.unanswered -= 1
            raise
        if writing:
            _this_thread.unanswered -= 1
            self._wait()
        return reply

    def _wait(self) -> None:
        """WAIT speaks of the writes of its own connection: on a new one each answer would be yes. So it goes out here,
        where the write was just answered; and whatever becomes of it, that answer stands, and nothing is repeated."""
        if not _this_thread.replicas:
            return
        began, answer, socket = time.monotonic(), 0, self._sock
        try:
            super().send_command("WAIT", _this_thread.replicas, WAIT_MS, check_health=False)
            answer = int(super().read_response())
            same = self._sock is socket
        except (RedisError, OSError):
            same = False
        if not same:
            self.disconnect()  # an answer that comes late must not be taken for that of the next command
        _this_thread.waited = Waited(same and answer >= _this_thread.replicas, time.monotonic() - began)


class WatchedClient:
    """A client of redis-py whose connections are ``Watched``; ``replicas``: of so many WAIT asks."""

    def __init__(self, client: Any, replicas: int) -> None:
        self._client, self._replicas = client, replicas

    def increment(self, key: str) -> int:
        return self._watched(self._client.incr, key)

    def append(self, key: str, element: str) -> int:
        return self._watched(self._client.rpush, key, element)

    def _watched(self, write: Callable[..., Any], *arguments: str) -> int:
        _this_thread.sent = _this_thread.unanswered = 0
        _this_thread.replicas, _this_thread.waited = self._replicas, Waited()
        reply = int(write(*arguments))
        assert _this_thread.sent, "redis-py sent a write by a command that is not watched"
        return reply

    def read_counter(self, key: str) -> object:
        return self._client.get(key)

    def read_list(self, key: str) -> object:
        return self._client.lrange(key, -1, -1)

    def unanswered(self, *, acknowledged: bool) -> int:  # noqa: ARG002  watched, not inferred
        return _this_thread.unanswered

    def waited(self) -> Waited:
        return _this_thread.waited
