# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for what pods and servers do by themselves, and faults of single pods."""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.e2e import faults, playbook
from tests.e2e.cluster import Cluster
from tests.e2e.instances import Variables, ask, password, pods

HEALED_WITHIN = 180.0
"""Seconds; what it took is measured, and told by the tests."""
FIELDS = 8
"""Of a line of CLUSTER NODES before the slots."""


def eventually(happens: Callable[[], bool], within: float = HEALED_WITHIN) -> float:
    """Seconds until it happened; a failed assertion after ``within``."""
    began = time.monotonic()
    while not happens():
        assert time.monotonic() - began < within, f"{happens} did not come true within {within:.0f} s"
        time.sleep(0.5)
    return time.monotonic() - began


def names(cluster: Cluster, variables: Variables) -> list[str]:
    found = pods(cluster, variables["redis_cluster_namespace"], variables["redis_cluster_name"])
    return [pod["metadata"]["name"] for pod in found]


def tell(cluster: Cluster, variables: Variables, pod: str, *words: str) -> str:
    namespace, name = variables["redis_cluster_namespace"], variables["redis_cluster_name"]
    return ask(cluster, namespace, pod, ("default", password(cluster, namespace, name)), *words)


def master_of(cluster: Cluster, variables: Variables, shard: int) -> str:
    """The pod that serves a shard at the moment, as its members say."""
    prefix = f"{variables['redis_cluster_name']}-{shard}-"
    members = [name for name in names(cluster, variables) if name.startswith(prefix)]
    return next(name for name in members if "role:master" in tell(cluster, variables, name, "INFO", "replication"))


def are_ready(cluster: Cluster, variables: Variables, number: int) -> bool:
    """So many pods, each loaded, a member, and in sync."""
    found = pods(cluster, variables["redis_cluster_namespace"], variables["redis_cluster_name"])
    conditions = [each for pod in found for each in pod["status"].get("conditions", [])]
    return len(found) == number == sum(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def is_healthy(cluster: Cluster, variables: Variables) -> bool:
    """In the eyes of the doctor, which also means that every member agrees."""
    told = playbook.run(cluster, "redis_cluster_info", variables)
    return told.succeeded and "NOT healthy" not in told.output


def kill_server(cluster: Cluster, variables: Variables, pod: str) -> None:
    """The process alone; its pod stays."""
    found = pods(cluster, variables["redis_cluster_namespace"], variables["redis_cluster_name"])
    faults.kill(next(one for one in found if one["metadata"]["name"] == pod))
