# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A client of an instance, as an application is one: redis-py's RedisCluster, inside the cluster's network.

``client.py write|read|load|stop``, told by JSON on stdin where to log in: ``{"host", "port", "username", "password"}``.

write   one key in each of the 16384 slots
read    read them all back
load    write new keys until ``stop``, then read back every write of which WAIT said that a replica has it
stop    end ``load``

The last line of the output is JSON: ``read`` gives ``{"read", "missing"}``, ``load`` gives
``{"acknowledged", "replicated", "failed", "lost"}``. This file needs redis-py and nothing else of the checkout, so
that it also runs in a pod.
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
from itertools import count
from typing import Any

from redis.cluster import RedisCluster
from redis.crc import key_slot
from redis.exceptions import RedisClusterException, RedisError

SLOTS = 16384
BATCH = 1024
STOP_KEY = "e2e:stop"
FRUITLESS_SECONDS = 60
"""Without one write, the load ends by itself: nobody will stop it any more."""
REPLICATED_WITHIN_MS = 500


def key_of_each_slot() -> list[str]:
    """The same keys on every machine: the first ``key:<n>`` that falls into a slot is that slot's."""
    found: dict[int, str] = {}
    for number in count():
        key = f"key:{number}"
        found.setdefault(key_slot(key.encode()), key)
        if len(found) == SLOTS:
            return [found[slot] for slot in range(SLOTS)]
    raise AssertionError("count() does not end")


def value_of(key: str) -> str:
    return f"value of {key}"


def batches(keys: list[str]) -> list[list[str]]:
    return [keys[start : start + BATCH] for start in range(0, len(keys), BATCH)]


def write(client: Any) -> dict[str, Any]:
    for keys in batches(key_of_each_slot()):
        pipeline = client.pipeline()
        for key in keys:
            pipeline.set(key, value_of(key))
        pipeline.execute()
    return {"written": SLOTS}


def read(client: Any) -> dict[str, Any]:
    keys = key_of_each_slot()
    missing = [key for key, value in values(client, keys).items() if value != value_of(key)]
    return {"read": len(keys) - len(missing), "missing": missing[:10]}


def values(client: Any, keys: list[str]) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for some in batches(keys):
        pipeline = client.pipeline()
        for key in some:
            pipeline.get(key)
        found |= dict(zip(some, pipeline.execute(), strict=True))
    return found


def load(client: Any) -> dict[str, Any]:
    client.delete(STOP_KEY)
    acknowledged, replicated, failed = 0, [], 0
    succeeded_at = time.monotonic()
    for number in count():
        if time.monotonic() - succeeded_at > FRUITLESS_SECONDS or (number % 50 == 0 and is_stopped(client)):
            break
        key = f"load:{number}"
        try:
            replicas = write_and_wait(client, key)
        except (RedisError, RedisClusterException, OSError):
            failed += 1
            with contextlib.suppress(RedisError, RedisClusterException, OSError):
                client.nodes_manager.initialize()
            time.sleep(0.05)
            continue
        acknowledged, succeeded_at = acknowledged + 1, time.monotonic()
        if replicas:
            replicated.append(key)
        time.sleep(0.005)
    found = values(client, replicated)
    lost = [key for key in replicated if found[key] != value_of(key)]
    return {"acknowledged": acknowledged, "replicated": len(replicated), "failed": failed, "lost": lost}


def write_and_wait(client: Any, key: str) -> int:
    """How many replicas have it. WAIT counts the writes of its own connection, so both go in one pipeline."""
    node = client.get_node_from_key(key)
    pipeline = client.get_redis_connection(node).pipeline(transaction=False)
    done, replicas = pipeline.set(key, value_of(key)).wait(1, REPLICATED_WITHIN_MS).execute()
    return int(replicas) if done else 0


def is_stopped(client: Any) -> bool:
    try:
        return client.get(STOP_KEY) is not None
    except (RedisError, RedisClusterException, OSError):
        return False


def stop(client: Any) -> dict[str, Any]:
    client.set(STOP_KEY, "1")
    return {"stopped": True}


def main() -> None:
    given = json.load(sys.stdin)
    client = RedisCluster(
        host=given["host"],
        port=given.get("port", 6379),
        username=given.get("username"),
        password=given["password"],
        decode_responses=True,
        socket_timeout=2,
        socket_connect_timeout=2,
    )
    deeds = {"write": write, "read": read, "load": load, "stop": stop}
    print(json.dumps(deeds[sys.argv[1]](client)))


if __name__ == "__main__":
    main()
