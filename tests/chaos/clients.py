# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The libraries by which applications talk to a cluster, each with its own default settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from tests.chaos import glide, redis_py
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


Connect = Callable[[Sequence[tuple[str, int]], Mapping[str, str], int], Client]
"""From seeds, the login, and the number of replicas for which writes wait."""

LIBRARIES: dict[str, Connect] = {"redis-py": redis_py.RedisPy, "glide": glide.Glide}


def addresses(seeds: Sequence[str]) -> list[tuple[str, int]]:
    """``host:port``, ``[address]:port`` for IPv6."""
    parts = [seed.rpartition(":") for seed in seeds]
    return [(host.strip("[]"), int(port)) for host, _colon, port in parts]
