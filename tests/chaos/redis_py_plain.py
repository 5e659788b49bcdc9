# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""redis-py's plain client with its default settings, which knows one address and no Sentinel.

It tries ten more times after errors of connections and timeouts, with waits from 10 ms to 1 s; five seconds to
connect and for a reply. A READONLY or MASTERDOWN is an answer, which it hands on.
"""

from __future__ import annotations

from redis import Redis

from tests.chaos.target import Target, addresses
from tests.chaos.watched import Watched, WatchedClient


class RedisPyPlain(WatchedClient):
    def __init__(self, target: Target, replicas: int) -> None:
        (host, port), *_others = addresses(target.seeds)
        client = Redis(host, port, decode_responses=True, **target.access)
        client.connection_pool.connection_class = Watched  # it has made no connection yet
        super().__init__(client, replicas)
