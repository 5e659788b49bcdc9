# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An application's view of a cluster: redis-py's own cluster client, which starts from one member."""

from __future__ import annotations

from redis.cluster import RedisCluster

from tests.loopback import Process

KEYS = 300
"""Enough that each of a few shards gets some."""


def write(member: Process) -> dict[str, str]:
    """What was acknowledged."""
    values = {f"key-{number}": f"value-{number}" for number in range(KEYS)}
    with _client(member) as client:
        for key, value in values.items():
            assert client.set(key, value)
    return values


def read(member: Process, keys: dict[str, str]) -> dict[str, str | None]:
    with _client(member) as client:
        return {key: client.get(key) for key in keys}


def _client(member: Process) -> RedisCluster:
    return RedisCluster(host=member.host, port=member.port, decode_responses=True, **member.access)
