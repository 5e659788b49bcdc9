# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks that a person runs by hand on a live instance: each says first what it would do."""

from __future__ import annotations

import json

import pytest

from tests.e2e import playbook
from tests.e2e.cluster import Cluster
from tests.e2e.instances import Variables, ask, instance, password

NAME = "verbs"


@pytest.fixture(scope="module")
def variables(cluster: Cluster, namespace: str, image: str) -> Variables:
    made = instance(NAME, namespace, image)
    playbook.converge(cluster, made)
    return made


class Pods:
    def __init__(self, cluster: Cluster, namespace: str) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._login = ("k8sredis-tool", password(cluster, namespace, NAME, "tool-password"))

    def ask(self, pod: str, *words: str) -> str:
        return ask(self._cluster, self._namespace, pod, self._login, *words)

    def table(self, pod: str = f"{NAME}-0-0") -> str:
        return self.ask(pod, "CLUSTER", "NODES")

    def number_of_slots(self, shard: int) -> int:
        shards = json.loads(self.ask(f"{NAME}-0-0", "--json", "CLUSTER", "SHARDS"))
        mine = self.ask(f"{NAME}-{shard}-0", "CLUSTER", "MYID")
        (slots,) = [one["slots"] for one in shards if mine in {node["id"] for node in one["nodes"]}]
        return sum(last - first + 1 for first, last in zip(slots[::2], slots[1::2], strict=True))


@pytest.fixture
def pods(cluster: Cluster, namespace: str, variables: Variables) -> Pods:
    return Pods(cluster, namespace)


def test_failover(cluster: Cluster, variables: Variables, pods: Pods) -> None:
    before = pods.ask(f"{NAME}-1-0", "ROLE").splitlines()[0]
    foreseen = playbook.run(cluster, "redis_cluster_failover", {**variables, "shard": 1}, "--check", "--diff")
    assert foreseen.succeeded, foreseen.output
    assert " takes over from " in foreseen.output
    assert pods.ask(f"{NAME}-1-0", "ROLE").splitlines()[0] == before
    done = playbook.run(cluster, "redis_cluster_failover", {**variables, "shard": 1})
    assert done.succeeded, done.output
    assert {before, pods.ask(f"{NAME}-1-0", "ROLE").splitlines()[0]} == {"master", "slave"}
    named = {**variables, "to": f"{NAME}-1-0,{NAME}-2-1"}
    done = playbook.run(cluster, "redis_cluster_failover", named)
    assert done.succeeded, done.output
    assert pods.ask(f"{NAME}-2-1", "ROLE").splitlines()[0] == "master"
    again = playbook.run(cluster, "redis_cluster_failover", named)
    assert (again.code, again.changed) == (0, 0), again.output
    assert "Nothing to do." in again.output
    refused = playbook.run(cluster, "redis_cluster_failover", variables)
    assert "give one of the two, -e shard=1 or -e to=verbs-1-1." in refused.output
    assert refused.code == 2


@pytest.mark.chaos
def test_repair(cluster: Cluster, variables: Variables, pods: Pods) -> None:
    """What another tool left behind: a slot that is open on one side."""
    masters = [line.split() for line in pods.table().splitlines() if "master" in line]
    owner = next(line for line in masters if line[8].startswith("0-"))
    other = next(line for line in masters if line is not owner)
    by_id = {
        pods.ask(f"{NAME}-{shard}-{ordinal}", "CLUSTER", "MYID"): f"{NAME}-{shard}-{ordinal}"
        for shard in range(3)
        for ordinal in range(2)
    }
    assert pods.ask(by_id[other[0]], "CLUSTER", "SETSLOT", "7", "IMPORTING", owner[0]) == "OK"
    foreseen = playbook.run(cluster, "redis_cluster_repair", variables, "--check", "--diff")
    assert foreseen.succeeded, foreseen.output
    assert foreseen.changed == 1, foreseen.output
    assert f"[7-<-{owner[0]}]" in pods.table(by_id[other[0]])
    done = playbook.run(cluster, "redis_cluster_repair", variables)
    assert done.succeeded, done.output
    assert "-<-" not in pods.table(by_id[other[0]])
    assert "verbs: healthy, 3 shards" in done.output
    again = playbook.run(cluster, "redis_cluster_repair", variables)
    assert (again.code, again.changed) == (0, 0), again.output


@pytest.mark.chaos
def test_rebalance(cluster: Cluster, variables: Variables, pods: Pods) -> None:
    heavy = {**variables, "redis_cluster_weights": {"0": 2}}
    foreseen = playbook.run(cluster, "redis_cluster_rebalance", heavy, "--check", "--diff")
    assert foreseen.succeeded, foreseen.output
    assert "slots to " in foreseen.output
    assert pods.number_of_slots(0) == 5461
    done = playbook.run(cluster, "redis_cluster_rebalance", heavy)
    assert done.succeeded, done.output
    assert "none left" in done.output
    assert pods.number_of_slots(0) == 8192
    again = playbook.run(cluster, "redis_cluster_rebalance", heavy)
    assert (again.code, again.changed) == (0, 0), again.output
    playbook.converge(cluster, variables)
    assert {pods.number_of_slots(shard) for shard in range(3)} == {5461, 5462}
    playbook.destroy(cluster, variables)
