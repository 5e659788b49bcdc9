# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Directives of a live instance: changed without a restart, set back where somebody changed them, kept by new pods."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e import playbook
from tests.e2e.cluster import Cluster, images
from tests.e2e.instances import Variables, ask, instance, lives, password, pods

NAME = "tuned"
TOOL = "k8sredis-tool"
CLAIMS = {"type": "persistent_claim", "size": "64Mi"}
CONFIG = {"maxmemory-policy": "volatile-ttl", "hz": 20, "client-output-buffer-limit": "pubsub 1mb 0 60"}


@pytest.fixture(params=["redis-8.0", pytest.param("valkey-9.1", marks=pytest.mark.chaos)])
def variables(request: pytest.FixtureRequest, cluster: Cluster, namespace: str) -> Variables:
    name = f"{NAME}-{request.param.partition('-')[0]}"
    return instance(name, namespace, images(cluster)[request.param], storage=CLAIMS)


class Servers:
    """What the servers of an instance have."""

    def __init__(self, cluster: Cluster, variables: Variables) -> None:
        self.cluster = cluster
        self.name, self.namespace = variables["redis_cluster_name"], variables["redis_cluster_namespace"]
        self.login = (TOOL, password(cluster, self.namespace, self.name, "tool-password"))

    def ask(self, pod: str, *words: str) -> str:
        return ask(self.cluster, self.namespace, pod, self.login, *words)

    def have(self, directive: str) -> set[str]:
        """Its values on all of them."""
        return {self.value(pod["metadata"]["name"], directive) for pod in pods(self.cluster, self.namespace, self.name)}

    def value(self, pod: str, directive: str) -> str:
        return self.ask(pod, "CONFIG", "GET", directive).partition("\n")[2]

    def lives(self) -> dict[str, tuple[Any, str]]:
        """Pods, their restarts, and the id that each server got when it started."""
        return {
            pod: (life, next(line for line in self.ask(pod, "INFO", "server").splitlines() if "run_id" in line))
            for pod, life in lives(self.cluster, self.namespace, self.name).items()
        }

    def file(self) -> str:
        found = self.cluster.get("configmap", f"{self.name}-config", f"--namespace={self.namespace}")
        return str(found["data"]["live.conf"])


def test_directives_change_without_a_restart(cluster: Cluster, namespace: str, variables: Variables) -> None:
    playbook.converge(cluster, variables)
    servers = Servers(cluster, variables)
    before, file = servers.lives(), servers.file()
    tuned = {**variables, "redis_cluster_config": CONFIG, "redis_cluster_require_full_coverage": True}

    foreseen = playbook.converge(cluster, tuned, "--check", "--diff")
    assert f"{servers.name}-0-0 maxmemory-policy volatile-ttl" in foreseen.output
    assert (servers.have("hz"), servers.file()) == ({"10"}, file)

    assert playbook.converge(cluster, tuned).changed > 0
    assert servers.have("maxmemory-policy") == {"volatile-ttl"}
    assert servers.have("hz") == {"20"}
    assert servers.have("cluster-require-full-coverage") == {"yes"}
    assert all(value.endswith("pubsub 1048576 0 60") for value in servers.have("client-output-buffer-limit"))
    assert "maxmemory-policy volatile-ttl\n" in servers.file()
    assert servers.lives() == before
    again = playbook.converge(cluster, tuned)
    assert again.changed == 0, again.output

    drifts_and_is_mended(cluster, servers, tuned)
    assert servers.lives() == before
    what_a_server_refuses_reaches_no_file(cluster, servers, tuned)
    assert servers.lives() == before
    a_new_pod_has_the_value(cluster, servers, tuned)

    kept = {name: life for name, life in servers.lives().items() if name != f"{servers.name}-2-1"}
    playbook.converge(cluster, variables)  # declared no more
    assert [servers.have(name) for name in ("hz", "maxmemory-policy")] == [{"10"}, {"noeviction"}]
    assert servers.have("cluster-require-full-coverage") == {"no"}
    assert servers.file() == file
    assert servers.lives().items() >= kept.items()
    assert playbook.converge(cluster, variables).changed == 0
    playbook.destroy(cluster, variables)


def drifts_and_is_mended(cluster: Cluster, servers: Servers, variables: Variables) -> None:
    pod = f"{servers.name}-1-0"
    assert servers.ask(pod, "CONFIG", "SET", "hz", "50") == "OK"
    seen = playbook.run(cluster, "redis_cluster_info", variables)
    assert seen.succeeded, seen.output
    assert f"config_drift: {pod} hz is '50', declared is '20'; a run sets it back" in seen.output
    mended = playbook.converge(cluster, variables)
    assert mended.changed == 1, mended.output
    assert servers.have("hz") == {"20"}
    assert playbook.converge(cluster, variables).changed == 0


def what_a_server_refuses_reaches_no_file(cluster: Cluster, servers: Servers, variables: Variables) -> None:
    file = servers.file()
    config = {**variables["redis_cluster_config"], "hz": 30, "maxmemory-samples": 0}
    refused = playbook.run(cluster, "redis_cluster", {**variables, "redis_cluster_config": config})
    assert refused.code == 2, refused.output
    assert "and took none of it; correct that directive." in refused.output
    small = {**variables["redis_cluster_config"], "maxmemory": "1kb"}
    refused = playbook.run(cluster, "redis_cluster", {**variables, "redis_cluster_config": small})
    assert "Cannot set maxmemory 1kb on " in refused.output
    assert (servers.have("hz"), servers.file()) == ({"20"}, file)
    # The Secret tells of directives that were on their way; they are where they were.
    back = playbook.converge(cluster, variables)
    assert back.changed == 1, back.output
    assert playbook.converge(cluster, variables).changed == 0


def a_new_pod_has_the_value(cluster: Cluster, servers: Servers, variables: Variables) -> None:
    pod = f"{servers.name}-2-1"
    former = lives(cluster, servers.namespace, servers.name)[pod]
    cluster.kubectl("delete", "pod", pod, f"--namespace={servers.namespace}", "--wait=true")
    cluster.kubectl("wait", "--for=create", f"pod/{pod}", f"--namespace={servers.namespace}", "--timeout=60s")
    cluster.kubectl("wait", "--for=condition=Ready", f"pod/{pod}", f"--namespace={servers.namespace}", "--timeout=100s")
    assert lives(cluster, servers.namespace, servers.name)[pod] != former
    assert servers.value(pod, "maxmemory-policy") == "volatile-ttl"
    assert servers.value(pod, "hz") == "20"
