# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""redis-py's RedisCluster with its default settings, and one of its faults mended.

These are: ten more tries after errors of connections, timeouts and some answers of the cluster, with waits that grow
from 10 ms to 1 s; five seconds to connect and for a reply. A try whose connection broke is repeated although the
server may have applied it, so a write can be there twice. That is why the connections are watched here.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from redis.cluster import ClusterNode, RedisCluster
from redis.connection import Connection
from redis.exceptions import BusyLoadingError, ResponseError

WATCHED = ("INCR", "INCRBY", "RPUSH")
"""How the library sends the writes of the ledger; its incr() sends INCRBY."""

_this_thread = threading.local()


class Watched(Connection):
    """Counts the writes of this thread that went out and were not answered."""

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
        return reply


class Cluster(RedisCluster):
    """Follows an ASK to a node without slots, which CLUSTER SLOTS does not name, so that redis-py has not heard of it.

    redis-py up to 8.1.0 fails there with an AttributeError and gives the connection of the try before back a second
    time, in the end to two threads, of which one is given what the other was answered (redis/redis-py#4015). A client
    that confuses its answers is no witness.
    """

    def get_node(self, host: Any = None, port: Any = None, node_name: Any = None) -> Any:
        found = super().get_node(host, port, node_name)
        if found is None and node_name:
            host, _colon, port = node_name.rpartition(":")
            return ClusterNode(host, int(port))
        return found


class RedisPy:
    def __init__(self, seeds: Sequence[tuple[str, int]], access: Mapping[str, str]) -> None:
        # Only where it is given a URL does the cluster client take a class for connections.
        (host, port), *others = seeds
        self._cluster = Cluster(
            url=f"redis://{f'[{host}]' if ':' in host else host}:{port}",
            startup_nodes=[ClusterNode(*other) for other in others],
            decode_responses=True,
            connection_class=Watched,
            **access,
        )

    def increment(self, key: str) -> int:
        return self._watched(self._cluster.incr, key)

    def append(self, key: str, element: str) -> int:
        return self._watched(self._cluster.rpush, key, element)

    def _watched(self, write: Callable[..., Any], *arguments: str) -> int:
        _this_thread.sent = _this_thread.unanswered = 0
        reply = int(write(*arguments))
        assert _this_thread.sent, "redis-py sent a write by a command that is not watched"
        return reply

    def read_counter(self, key: str) -> object:
        return self._cluster.get(key)

    def read_list(self, key: str) -> object:
        return self._cluster.lrange(key, -1, -1)

    def unanswered(self, *, acknowledged: bool) -> int:  # noqa: ARG002  watched, not inferred
        return int(_this_thread.unanswered)
