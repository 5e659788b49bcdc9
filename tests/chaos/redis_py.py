# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""redis-py's RedisCluster with its default settings, and one of its faults mended.

These are: ten more tries after errors of connections, timeouts and some answers of the cluster, with waits that grow
from 10 ms to 1 s; five seconds to connect and for a reply.
"""

from __future__ import annotations

from typing import Any

from redis.cluster import ClusterNode, RedisCluster

from tests.chaos.target import Target, addresses
from tests.chaos.watched import Watched, WatchedClient


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


class RedisPy(WatchedClient):
    def __init__(self, target: Target, replicas: int) -> None:
        # Only where it is given a URL does the cluster client take a class for connections.
        (host, port), *others = addresses(target.seeds)
        client = Cluster(
            url=f"redis://{f'[{host}]' if ':' in host else host}:{port}",
            startup_nodes=[ClusterNode(*other) for other in others],
            decode_responses=True,
            connection_class=Watched,
            # A single seed leads to whoever is there, like a Service; the library else forgets it for the addresses
            # that it finds, of which none is left when all pods were made anew.
            dynamic_startup_nodes=bool(others),
            **target.access,
        )
        super().__init__(client, replicas)
