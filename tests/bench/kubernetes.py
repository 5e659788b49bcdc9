# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cases on a Kubernetes, by ansible-playbook as a user runs it; images are there, claims are made. Clients write and
read while the instance is scaled.

There is no reference in the same run: the figures of others on the same kind of bed are in the documentation.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.figure import Figure
from tests.e2e import playbook
from tests.e2e.cluster import Cluster
from tests.e2e.instances import Variables, instance
from tests.e2e.load import accounted, fill

NAMESPACE = "bench-k8sredis"
KEYS = 500_000


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


def four(wish: Variables) -> Variables:
    return {**wish, "redis_cluster_shards": 4}


def _seconds(cluster: Cluster, name: str, wish: dict[str, object]) -> float:
    started = time.monotonic()
    done = playbook.run(cluster, name, wish)
    if not done.succeeded:
        raise RuntimeError(f"{name} failed:\n{done.output}")
    return time.monotonic() - started
