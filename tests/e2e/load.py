# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Data and clients of an instance on the local Kubernetes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.chaos import ledger
from tests.chaos.ledger import Ledger
from tests.chaos.target import Sentinels
from tests.e2e.cluster import Cluster
from tests.e2e.instances import Variables, ask, password, place_of, pods, role_of
from tests.kube.lab import NODES
from tests.servers.fill import VALUE, fill_script

GROUPS = 4
"""Threads of each client of a master with Sentinels: it has one shard, and twice as many libraries use it."""


@contextmanager
def accounted(cluster: Cluster, variables: Variables, folder: Path, **plan: Any) -> Iterator[Ledger]:
    """The ledger's clients on a node of the local Kubernetes; ``folder`` gets the verdict and its picture."""
    namespace, name = place_of(variables)
    seeds = [f"{_address(cluster, namespace, name)}:6379"]  # pods that are made anew have other addresses
    access = {"username": "default", "password": password(cluster, namespace, name)}
    command = [sys.executable, "-m", "tests.kube", "exec", "--node", NODES[0].name, "--"]
    if role_of(variables) == "redis_sentinel":
        plan = {"groups": GROUPS, "sentinels": _sentinels(cluster, namespace, name), **plan}
    with ledger.running(seeds, access, folder, command=command, **plan) as run:
        yield run


def _sentinels(cluster: Cluster, namespace: str, name: str) -> Sentinels:
    seed = f"{_address(cluster, namespace, f'{name}-sentinel')}:26379"
    access = {"username": "default", "password": password(cluster, namespace, name, "sentinel-password")}
    return Sentinels([seed], access, f"{namespace}.{name}")


def _address(cluster: Cluster, namespace: str, service: str) -> str:
    return str(cluster.get("service", service, f"--namespace={namespace}")["spec"]["clusterIP"])


def fill(cluster: Cluster, variables: Variables, keys: int, value: str = VALUE) -> None:
    """Each master makes its own."""
    name, namespace = variables["redis_cluster_name"], variables["redis_cluster_namespace"]
    login = ("default", password(cluster, namespace, name))
    made = 0
    for pod in pods(cluster, namespace, name):
        where = pod["metadata"]["name"]
        for words in fill_script(ask(cluster, namespace, where, login, "CLUSTER", "NODES"), keys, value):
            made += int(ask(cluster, namespace, where, login, *words))
    assert made == keys


def stored(cluster: Cluster, variables: Variables) -> int:
    name, namespace = variables["redis_cluster_name"], variables["redis_cluster_namespace"]
    login = ("default", password(cluster, namespace, name))
    names = [pod["metadata"]["name"] for pod in pods(cluster, namespace, name)]
    masters = [each for each in names if "role:master" in ask(cluster, namespace, each, login, "INFO", "replication")]
    return sum(int(ask(cluster, namespace, each, login, "DBSIZE")) for each in masters)
