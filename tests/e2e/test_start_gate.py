# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A master's process is killed where its data is not written down, and back before the node timeout."""

from __future__ import annotations

import pytest

from tests.e2e import playbook
from tests.e2e.cluster import Cluster, images
from tests.e2e.instances import Variables, instance
from tests.e2e.load import accounted, fill, stored
from tests.e2e.outages import are_ready, eventually, is_healthy, kill_server, master_of, names, tell
from tests.environment import CHECKOUT

CLAIMS = {"type": "persistent_claim", "size": "256Mi"}
KEYS = 10_000
KEPT = CHECKOUT / "build" / "ledger"
TIMES = 50


def kill_and_see(cluster: Cluster, variables: Variables, shard: int) -> str:
    """What replicas had when the master was killed is there when all is well again; the killed pod."""
    master = master_of(cluster, variables, shard)
    before = int(tell(cluster, variables, master, "DBSIZE"))
    kill_server(cluster, variables, master)
    eventually(lambda: not are_ready(cluster, variables, 6))
    eventually(lambda: are_ready(cluster, variables, 6))
    after = master_of(cluster, variables, shard)
    assert after != master, "its replica was elected while it waited"
    members = [pod for pod in names(cluster, variables) if f"-{shard}-" in pod]
    sizes = [int(tell(cluster, variables, pod, "DBSIZE")) for pod in members]
    assert min(sizes) >= before, f"{before} keys before, {sizes} after"
    return master


@pytest.mark.chaos
@pytest.mark.parametrize("persistence", ["none", "rdb"])
def test_a_master_of_each_shard(local: Cluster, namespace: str, persistence: str) -> None:
    name = f"gate-{persistence}"
    variables = instance(name, namespace, images(local)["redis-8.0"], storage=CLAIMS, persistence=persistence)
    playbook.converge(local, variables)
    fill(local, variables, KEYS)
    with accounted(local, variables, KEPT / name) as run:
        for shard in range(3):
            run.mark(f"kill the master of shard {shard}")
            kill_and_see(local, variables, shard)
        verdict = run.finish()
    # Replication is asynchronous: what was acknowledged in the last milliseconds may be lost, and is told.
    print(verdict)
    assert not verdict.duplicated, verdict
    assert stored(local, variables) >= KEYS
    eventually(lambda: is_healthy(local, variables))
    playbook.destroy(local, variables)


@pytest.mark.chaos
def test_again_and_again(local: Cluster, namespace: str) -> None:
    variables = instance("gate-often", namespace, images(local)["redis-8.0"], storage=CLAIMS, persistence="none")
    playbook.converge(local, variables)
    fill(local, variables, KEYS)
    for number in range(TIMES):
        killed = kill_and_see(local, variables, number % 3)
        # The kubelet waits longer for each restart of a container, soon longer than an election takes, and then there
        # is nothing to see. The container of a new pod is restarted at once again.
        local.kubectl("-n", namespace, "delete", "pod", killed)
        eventually(lambda: are_ready(local, variables, 6))
    assert stored(local, variables) == KEYS
    playbook.destroy(local, variables)


@pytest.mark.chaos
@pytest.mark.parametrize("persistence", ["none", "rdb"])
def test_two_of_three_masters(local: Cluster, namespace: str, persistence: str) -> None:
    """Nobody can vote: they wait, the doctor says so, and a word ends it."""
    name = f"gate-two-{persistence}"
    variables = instance(name, namespace, images(local)["redis-8.0"], storage=CLAIMS, persistence=persistence)
    playbook.converge(local, variables)
    fill(local, variables, KEYS)
    masters = [master_of(local, variables, shard) for shard in (0, 1)]
    for master in masters:
        kill_server(local, variables, master)

    def reported() -> bool:
        told = playbook.run(local, "redis_cluster_info", variables).output
        return all(f"Waiting to start {master}" in told for master in masters) and "nobody can be elected" in told

    eventually(reported)
    for shard, master in enumerate(masters):
        replica = next(pod for pod in names(local, variables) if f"-{shard}-" in pod and pod != master)
        word = {**variables, "redis_cluster_repair_takeover": replica}
        done = playbook.run(local, "redis_cluster_repair", word)
        assert done.succeeded, done.output
    eventually(lambda: are_ready(local, variables, 6))
    assert stored(local, variables) == KEYS
    eventually(lambda: is_healthy(local, variables))
    playbook.destroy(local, variables)
