# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replicas per shard go up and down on a live instance: nobody restarts, no key is lost, nobody is known who left."""

from __future__ import annotations

import pytest

from tests.e2e import playbook
from tests.e2e.cluster import Cluster, images
from tests.e2e.instances import Variables, ask, instance, lives, password, pods

NAME = "grows"
TOOL = "k8sredis-tool"
KEYS = ("a", "b", "c", "d", "e", "f")
"""In all three shards."""
CLAIMS = {"type": "persistent_claim", "size": "64Mi"}


@pytest.fixture(params=[pytest.param("redis-8.0", marks=pytest.mark.chaos), "valkey-8.1"])
def variables(request: pytest.FixtureRequest, cluster: Cluster, namespace: str) -> Variables:
    name = f"{NAME}-{request.param.partition('-')[0]}"
    return instance(name, namespace, images(cluster)[request.param], storage=CLAIMS)


@pytest.mark.chaos
def test_replicas_up_and_down(cluster: Cluster, namespace: str, variables: Variables) -> None:
    name = variables["redis_cluster_name"]
    playbook.converge(cluster, variables)
    first = lives(cluster, namespace, name)
    # With data replicas are only forgotten, not reset.
    client = ("default", password(cluster, namespace, name))
    for key in KEYS:
        assert ask(cluster, namespace, f"{name}-0-0", client, "-c", "SET", key, key) == "OK"

    foreseen = playbook.converge(cluster, {**variables, "redis_cluster_replicas": 2}, "--check", "--diff")
    assert f"{name}-0-2 joins when it runs" in foreseen.output
    more = converged(cluster, {**variables, "redis_cluster_replicas": 2})
    assert len(lives(cluster, namespace, name)) == 9
    assert more.items() >= first.items()

    foreseen = playbook.converge(cluster, variables, "--check", "--diff")
    assert f"{name}-0-0 forgets {name}-0-2, {name}-1-2, {name}-2-2" in foreseen.output
    assert converged(cluster, variables) == first
    assert claims(cluster, namespace, name) == 9

    fewer = {**variables, "redis_cluster_scale_in_claims": "delete"}
    assert converged(cluster, fewer) == first
    assert claims(cluster, namespace, name) == 6
    assert [ask(cluster, namespace, f"{name}-0-0", client, "-c", "GET", key) for key in KEYS] == list(KEYS)
    playbook.destroy(cluster, variables)


def converged(cluster: Cluster, variables: Variables) -> dict[str, tuple[str, int]]:
    """Who lives after a run, and a second one that must change nothing."""
    name, namespace = variables["redis_cluster_name"], variables["redis_cluster_namespace"]
    done = playbook.converge(cluster, variables)
    assert done.changed > 0
    there = [pod["metadata"]["name"] for pod in pods(cluster, namespace, name)]
    login = (TOOL, password(cluster, namespace, name, "tool-password"))
    for pod in there:
        table = ask(cluster, namespace, pod, login, "CLUSTER", "NODES").splitlines()
        assert len(table) == len(there), "\n".join(table)
        assert not any("fail" in line for line in table)
    again = playbook.converge(cluster, variables)
    assert again.changed == 0, again.output
    return lives(cluster, namespace, name)


def claims(cluster: Cluster, namespace: str, name: str) -> int:
    selector = f"--selector=app.kubernetes.io/instance={name}"
    return len(cluster.get("persistentvolumeclaims", f"--namespace={namespace}", selector))
