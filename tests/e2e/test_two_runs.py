# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two runs at the same time: the second one stops, names the first one, and changes nothing."""

from __future__ import annotations

import getpass
import socket
from typing import Any

from tests.e2e import playbook
from tests.e2e.cluster import Cluster
from tests.e2e.instances import instance
from tests.e2e.watched import watched

NO_PODS = {
    "apiVersion": "v1",
    "kind": "ResourceQuota",
    "metadata": {"name": "no-pods"},
    "spec": {"hard": {"pods": "0"}},
}


def test_second_run_is_refused(cluster: Cluster, namespace: str, image: str) -> None:
    variables = instance("busy", namespace, image)
    # The first run waits for its pods for as long as the quota forbids them.
    cluster.apply({**NO_PODS, "metadata": {"name": "no-pods", "namespace": namespace}})
    with watched(cluster, "redis_cluster", variables) as first:
        first.until("Join the members")
        before = state(cluster, namespace)
        second = playbook.run(cluster, "redis_cluster", {**variables, "redis_cluster_labels": {"by": "second"}})
        assert not second.succeeded, second.output
        assert second.changed == 0, second.output
        holder = f"{getpass.getuser()}@{socket.gethostname()}"
        assert f"Cannot change busy: it is locked by {holder} (run " in second.output, second.output
        assert "; wait until that run has ended." in second.output, second.output
        assert state(cluster, namespace) == before
        cluster.kubectl("delete", "resourcequota", "no-pods", f"--namespace={namespace}")
        ended = first.end()
    assert ended.succeeded, ended.output
    third = playbook.converge(cluster, variables)
    assert third.changed == 0, third.output


def state(cluster: Cluster, namespace: str) -> list[dict[str, Any]]:
    """What a run writes, without what controllers report."""
    kinds = "statefulsets,services,configmaps,secrets,poddisruptionbudgets"
    return [
        {
            "name": f"{found['kind']}/{found['metadata']['name']}",
            "labels": found["metadata"].get("labels"),
            "annotations": found["metadata"].get("annotations"),
            "content": found.get("spec") or found.get("data"),
        }
        for found in cluster.get(kinds, f"--namespace={namespace}")
    ]
