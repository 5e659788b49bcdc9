# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cases on a Kubernetes, by ansible-playbook as a user runs it; images are there, claims are made. Clients write and
read while the instance is scaled.

There is no reference of another tool in the same run: the figures of others on the same kind of bed are in the
documentation.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.figure import Figure
from tests.e2e import playbook
from tests.e2e.cluster import Cluster
from tests.e2e.instances import Variables, instance
from tests.e2e.load import accounted, fill, stored

NAMESPACE = "bench-k8sredis"
PODS = 6
KEYS = 500_000

LARGE_KEYS = 300_000
LARGE_VALUE = random.Random(1).randbytes(500).hex()
"""A key of this weight takes about 1.1 kB, so a shard of three has a good 100 MB; servers cannot compress it."""


def cases(cluster: Cluster, image: str, large: bool) -> Iterator[Figure]:
    """3 x 1 from nothing, again, looked at, and once more after a removal that left the claims, which takes the time of
    the cluster's provisioner out; with ``large`` the same with 15 x 1."""
    version = image.rpartition("/")[2].replace(":", " ")
    for shards in (3, 15) if large else (3,):
        yield from _instance(cluster, image, version, shards)


def _instance(cluster: Cluster, image: str, version: str, shards: int) -> Iterator[Figure]:
    pods = shards * 2
    storage = {"type": "persistent_claim", "size": "256Mi"}
    wish = instance("bench", NAMESPACE, image, shards=shards, storage=storage, create_namespace=True)
    try:
        yield Figure(f"converge/{shards}x1", version, _seconds(cluster, "redis_cluster", wish))
        yield Figure(f"converge-again/{pods}", version, _seconds(cluster, "redis_cluster", wish))
        yield Figure(f"info-k8s/{pods}", version, _seconds(cluster, "redis_cluster_info", wish))
        _seconds(cluster, "redis_cluster_destroy", {**wish, "redis_cluster_confirm_destroy": "bench"})
        yield Figure(f"converge-claims/{shards}x1", version, _seconds(cluster, "redis_cluster", wish))
    finally:
        playbook.destroy(cluster, wish)


def scaling(cluster: Cluster, image: str, folder: Path) -> Iterator[Figure]:
    """3 -> 4 -> 3 shards with half a million keys; the longest time without a write in any shard meanwhile."""
    version = image.rpartition("/")[2].replace(":", " ")
    storage = {"type": "persistent_claim", "size": "256Mi"}
    wish = instance("bench", NAMESPACE, image, storage=storage, create_namespace=True)
    try:
        _seconds(cluster, "redis_cluster", wish)
        fill(cluster, wish, KEYS)
        with accounted(cluster, wish, folder) as run:
            yield Figure("scale-out-500k/3-4", version, _seconds(cluster, "redis_cluster", four(wish)))
            yield Figure("scale-in-500k/4-3", version, _seconds(cluster, "redis_cluster", wish))
            verdict = run.finish()
        if not verdict.clean:
            raise RuntimeError(f"the ledger is not clean: {verdict}")
        yield Figure("scale-gap-500k/3-4-3", version, verdict.longest_gap().seconds)
    finally:
        playbook.destroy(cluster, wish)


def restarting(cluster: Cluster, image: str) -> Iterator[Figure]:
    """Seconds of a restarted pod, of a serial restart of 3 x 1 pods with 100 MB a shard each, divided by six.

    With rdb a pod comes back with what it had and is sent what it missed; with none it is empty, and is sent all. What
    the default, aof, comes to stands by itself.
    """
    version = image.rpartition("/")[2].replace(":", " ")
    partial, full, default = (_restarted(cluster, image, persistence) for persistence in ("rdb", "none", "aof"))
    yield Figure("restart-pod-100mb/rdb-none", version, partial, full)
    yield Figure("restart-pod-100mb/aof", version, default)


def _restarted(cluster: Cluster, image: str, persistence: str) -> float:
    resources = {"requests": {"cpu": "20m", "memory": "512Mi"}, "limits": {"memory": "512Mi"}}
    storage = {"type": "persistent_claim", "size": "1Gi"}
    wish = instance(
        "bench",
        NAMESPACE,
        image,
        storage=storage,
        resources=resources,
        persistence=persistence,
        create_namespace=True,
    )
    try:
        _seconds(cluster, "redis_cluster", wish)
        fill(cluster, wish, LARGE_KEYS, LARGE_VALUE)
        took = _seconds(cluster, "redis_cluster_restart", wish)
        if stored(cluster, wish) != LARGE_KEYS:
            raise RuntimeError(f"keys were lost in the restart with persistence {persistence}")
    finally:
        playbook.destroy(cluster, wish)
    return took / PODS


def four(wish: Variables) -> Variables:
    return {**wish, "redis_cluster_shards": 4}


def _seconds(cluster: Cluster, name: str, wish: dict[str, object]) -> float:
    started = time.monotonic()
    done = playbook.run(cluster, name, wish)
    if not done.succeeded:
        raise RuntimeError(f"{name} failed:\n{done.output}")
    return time.monotonic() - started
