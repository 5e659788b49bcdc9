# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The libraries by which applications talk to a cluster, or to a master with Sentinels, each with its own default
settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from tests.chaos import coredis_sentinel, glide, glide_plain, redis_py, redis_py_plain, redis_py_sentinel
from tests.chaos.target import Target
from tests.chaos.waited import Waited


class Client(Protocol):
    """A write gives its reply; what it raises is the library's. ``unanswered`` and ``waited`` are of this thread's last
    write."""

    def increment(self, key: str) -> int: ...

    def append(self, key: str, element: str) -> int: ...

    def read_counter(self, key: str) -> object: ...

    def read_list(self, key: str) -> object: ...

    def unanswered(self, *, acknowledged: bool) -> int: ...

    def waited(self) -> Waited: ...


Connect = Callable[[Target, int], Client]
"""The number is that of the replicas for which writes wait."""

OF_CLUSTERS: dict[str, Connect] = {"redis-py": redis_py.RedisPy, "glide": glide.Glide}

OF_SENTINELS: dict[str, Connect] = {
    "redis-py-sentinel": redis_py_sentinel.RedisPySentinel,
    "coredis-sentinel": coredis_sentinel.CoredisSentinel,
    "redis-py-plain": redis_py_plain.RedisPyPlain,
    "glide-plain": glide_plain.GlidePlain,
}
"""The plain ones go through the proxy."""

LIBRARIES = {**OF_CLUSTERS, **OF_SENTINELS}
