# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""redis-py's client of a master that Sentinels name, with its default settings.

These repeat nothing: the application gets each error, also a READONLY as that of a broken connection, and the next
command asks a Sentinel for the master where it has to connect. (Applications that let it try again should know that up
to redis-py 8.1.0 it does so at the former address, redis/redis-py#3874.) Five seconds to connect and for a reply.
"""

from __future__ import annotations

from redis.sentinel import Sentinel, SentinelManagedConnection

from tests.chaos.target import Target, addresses
from tests.chaos.watched import Watched, WatchedClient


class Managed(SentinelManagedConnection, Watched):
    """In this order READONLY is seen as the answer that it is before the library makes a broken connection of it."""


class RedisPySentinel(WatchedClient):
    def __init__(self, target: Target, replicas: int) -> None:
        watched = target.watched
        sentinel = Sentinel(addresses(watched.seeds), sentinel_kwargs=dict(watched.access), **target.access)
        master = sentinel.master_for(watched.master_name, connection_class=Managed, decode_responses=True)
        super().__init__(master, replicas)
