# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nodes that are not the instance's own are never joined: two clusters that have met cannot be separated again.

In order: the second test goes on from the instance of the first, as every creation takes its time.
"""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.e2e import playbook
from tests.e2e.cluster import Cluster
from tests.e2e.instances import Variables, ask, instance, password

NAME = "own"
INTRUDER = f"{NAME}-intruder"
"""A name that no StatefulSet takes for one of its pods."""
TOOL = "k8sredis-tool"


@pytest.fixture(scope="module")
def variables(namespace: str, image: str) -> Variables:
    return instance(NAME, namespace, image, storage={"size": "64Mi"})


def test_labelled_pod_with_foreign_keys(cluster: Cluster, namespace: str, image: str, variables: Variables) -> None:
    """A server on its own, with keys, under the instance's labels and users: everything but its content says 'ours'."""
    playbook.converge(cluster, variables)
    before = tables(cluster, namespace)
    cluster.apply(intruder(namespace, image))
    cluster.kubectl("wait", "--for=condition=Ready", f"--namespace={namespace}", f"pod/{INTRUDER}", "--timeout=110s")
    default = ("default", password(cluster, namespace, NAME))
    store_in_intruder(cluster, namespace, default)

    refused = playbook.run(cluster, "redis_cluster", variables)
    assert refused.code == 2, refused.output
    assert refused.changed == 0, refused.output
    assert f"and {INTRUDER} (16384 slots, 1 keys) are two clusters that do not know each other" in refused.output
    assert tables(cluster, namespace) == before
    assert ask(cluster, namespace, INTRUDER, default, "GET", "foreign") == "key"
    assert len(table(cluster, namespace, INTRUDER)) == 1

    cluster.kubectl("delete", "pod", INTRUDER, f"--namespace={namespace}", "--grace-period=1")
    again = playbook.converge(cluster, variables)
    assert again.changed == 0, again.output


def test_claims_of_a_part(cluster: Cluster, namespace: str, variables: Variables) -> None:
    """What is left of a cluster whose other claims are gone is not made a part of a new one."""
    default = ("default", password(cluster, namespace, NAME))
    ask(cluster, namespace, f"{NAME}-0-0", default, "-c", "SET", "kept", "value")
    kept = playbook.run(cluster, "redis_cluster_destroy", {**variables, "redis_cluster_confirm_destroy": NAME})
    assert kept.succeeded, kept.output
    lost = [f"data-{NAME}-{shard}-{ordinal}" for shard in (1, 2) for ordinal in (0, 1)]
    cluster.kubectl("delete", "persistentvolumeclaims", *lost, f"--namespace={namespace}", "--timeout=60s")

    refused = playbook.run(cluster, "redis_cluster", variables)
    assert refused.code == 2, refused.output
    assert (
        f"Cannot join {NAME}-0-0, {NAME}-0-1: of the 6 nodes that they know, 4 are not members here" in refused.output
    ), refused.output
    assert {len(table(cluster, namespace, f"{NAME}-{shard}-0")) for shard in (1, 2)} == {1}
    playbook.destroy(cluster, variables)


def store_in_intruder(cluster: Cluster, namespace: str, login: tuple[str, str]) -> None:
    """A cluster of one: it takes keys once it serves slots and has called itself ok, a second or two later."""
    tool = (TOOL, password(cluster, namespace, NAME, "tool-password"))
    assert ask(cluster, namespace, INTRUDER, tool, "CLUSTER", "ADDSLOTSRANGE", "0", "16383") == "OK"
    for _attempt in range(60):
        answer = ask(cluster, namespace, INTRUDER, login, "SET", "foreign", "key")
        if answer == "OK":
            return
        time.sleep(1)
    raise AssertionError(answer)


def tables(cluster: Cluster, namespace: str) -> dict[str, list[str]]:
    """The ids that each pod of the instance knows."""
    names = [f"{NAME}-{shard}-{ordinal}" for shard in range(3) for ordinal in range(2)]
    return {name: table(cluster, namespace, name) for name in names}


def table(cluster: Cluster, namespace: str, pod: str) -> list[str]:
    login = (TOOL, password(cluster, namespace, NAME, "tool-password"))
    return sorted(line.split()[0] for line in ask(cluster, namespace, pod, login, "CLUSTER", "NODES").splitlines())


def intruder(namespace: str, image: str) -> dict[str, Any]:
    labels = {
        "app.kubernetes.io/name": "redis-cluster",
        "app.kubernetes.io/instance": NAME,
        "app.kubernetes.io/managed-by": "k8sredis",
        "k8sredis.io/shard": "0",
    }
    container = {
        "name": "redis",
        "image": image,
        "command": ["redis-server", "--cluster-enabled", "yes", "--aclfile", "/auth/users.acl", "--dir", "/data"],
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        "volumeMounts": [{"name": "auth", "mountPath": "/auth"}, {"name": "data", "mountPath": "/data"}],
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": INTRUDER, "namespace": namespace, "labels": labels},
        "spec": {
            "securityContext": {
                "runAsUser": 999,
                "runAsNonRoot": True,
                "fsGroup": 999,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [container],
            "volumes": [
                {"name": "auth", "secret": {"secretName": f"{NAME}-auth"}},
                {"name": "data", "emptyDir": {}},
            ],
        },
    }
