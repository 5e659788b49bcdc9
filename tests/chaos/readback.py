# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is there in the end: read from the masters, by a client that did not see the run.

A master with Sentinels is a shard that owns all slots.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Any, TypeVar

from redis.cluster import ClusterNode, RedisCluster
from redis.sentinel import Sentinel

from tests.chaos.plan import COUNTER, SLOTS, Key, Plan, keys
from tests.chaos.record import Found, Slots
from tests.chaos.target import Target, addresses, target_from

PATIENCE = 90.0
"""Seconds in which a cluster that just failed over or restarted has to answer."""

Result = TypeVar("Result")


def owners() -> None:
    """Print who owns which slots."""
    told = json.loads(sys.stdin.readline())
    found = _patiently(lambda: _owners(_connect(target_from(told))))
    print(json.dumps([asdict(slots) for slots in found]))


def found() -> None:
    """Write the values of all keys of the run into the file ``told["into"]``."""
    told = json.loads(sys.stdin.readline())
    plan = Plan(**told["plan"])
    wanted = [key for client in told["clients"] for group in keys(plan, client).values() for key in group]
    values = _patiently(lambda: _read(_connect(target_from(told)), wanted))
    Path(told["into"]).write_text(json.dumps(asdict(values)), encoding="utf-8")


def _patiently(read: Callable[[], Result]) -> Result:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return read()
        except Exception:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


def _connect(target: Target) -> Any:
    if watched := target.sentinels:
        sentinel = Sentinel(addresses(watched.seeds), sentinel_kwargs=dict(watched.access), **target.access)
        return sentinel.master_for(watched.master_name, decode_responses=True)
    nodes = [ClusterNode(host, port) for host, port in addresses(target.seeds)]
    return RedisCluster(startup_nodes=nodes, decode_responses=True, **target.access)


def _read(client: Any, wanted: list[Key]) -> Found:
    counters = {key.name: int(client.get(key.name) or 0) for key in wanted if key.kind == COUNTER}
    lists = {key.name: tuple(client.lrange(key.name, 0, -1)) for key in wanted if key.kind != COUNTER}
    return Found(counters, lists, _owners(client))


def _owners(client: Any) -> tuple[Slots, ...]:
    """From the client's own table, which it has just got from the cluster; or as the Sentinels say."""
    if not isinstance(client, RedisCluster):
        host, port = client.connection_pool.get_master_address()
        return (Slots(0, SLOTS - 1, f"{host}:{port}"),)
    table = client.nodes_manager.slots_cache
    names = [(slot, table[slot][0].name if slot in table else "nobody") for slot in range(SLOTS)]
    runs = [(owner, [slot for slot, _owner in some]) for owner, some in groupby(names, key=lambda pair: pair[1])]
    return tuple(Slots(some[0], some[-1], owner) for owner, some in runs)
