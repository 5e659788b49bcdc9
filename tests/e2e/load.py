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
from tests.e2e.cluster import Cluster
from tests.e2e.instances import Variables, ask, password, pods
from tests.kube.lab import NODES
from tests.servers.fill import VALUE, fill_script


@contextmanager
def accounted(cluster: Cluster, variables: Variables, folder: Path, **plan: Any) -> Iterator[Ledger]:
    """The ledger's clients on a node of the local Kubernetes; ``folder`` gets the verdict and its picture."""
    name, namespace = variables["redis_cluster_name"], variables["redis_cluster_namespace"]
    service = cluster.get("service", name, f"--namespace={namespace}")
    seeds = [f"{service['spec']['clusterIP']}:6379"]  # pods that are made anew have other addresses
    access = {"username": "default", "password": password(cluster, namespace, name)}
    command = [sys.executable, "-m", "tests.kube", "exec", "--node", NODES[0].name, "--"]
    with ledger.running(seeds, access, folder, command=command, **plan) as run:
        yield run


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
