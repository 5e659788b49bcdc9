# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""valkey-glide's GlideClusterClient (its core is written in Rust) with its default settings.

These are: 250 ms for a request with all that it takes, after which the application gets an error; the client connects
again in the background. By its authors' word it repeats only what certainly did not reach a server
(valkey-io/valkey-glide, pull request 2479), so each error stands for at most one application of the write, and what
was acknowledged was applied once.
"""

from __future__ import annotations

from typing import Any

from glide_sync import GlideClusterClient, GlideClusterClientConfiguration, NodeAddress, ServerCredentials

from tests.chaos.target import Target, addresses
from tests.chaos.waited import Waited


class Glide:
    """It has one connection for all threads, which a WAIT would hold up for all: its writes do without."""

    def __init__(self, target: Target, replicas: int) -> None:
        del replicas
        self._client = self.connect(addresses(target.seeds), credentials(target))

    def connect(self, seeds: list[tuple[str, int]], login: ServerCredentials | None) -> Any:
        nodes = [NodeAddress(host, port) for host, port in seeds]
        return GlideClusterClient.create(GlideClusterClientConfiguration(nodes, credentials=login))

    def increment(self, key: str) -> int:
        return int(self._client.incr(key))

    def append(self, key: str, element: str) -> int:
        return int(self._client.rpush(key, [element]))

    def read_counter(self, key: str) -> object:
        return self._client.get(key)

    def read_list(self, key: str) -> object:
        return self._client.lrange(key, -1, -1)

    def unanswered(self, *, acknowledged: bool) -> int:
        return 0 if acknowledged else 1

    def waited(self) -> Waited:
        return Waited()


def credentials(target: Target) -> ServerCredentials | None:
    password = target.access.get("password")
    return ServerCredentials(password, target.access.get("username")) if password else None
