# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`kubectl drain` of each Kubernetes node in turn while clients write: masters hand over before their pods end."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest

from tests.e2e import playbook
from tests.e2e.cluster import Cluster, images
from tests.e2e.instances import Variables, are_others, instance, lives, place_of, pods
from tests.e2e.load import accounted
from tests.e2e.outages import are_ready, eventually, is_healthy, master_of
from tests.e2e.watched import watched
from tests.environment import CHECKOUT
from tests.kube.lab import NODES

KEPT = CHECKOUT / "build" / "ledger"
DRAINED_SECONDS = 20
"""In which a node takes no pods; less than a run waits for one."""


@contextmanager
def draining(cluster: Cluster, node: str, name: str) -> Iterator[subprocess.Popen[str]]:
    """`kubectl drain` while the block runs, of the pods of this test alone; others stay where they are."""
    flags = ("--ignore-daemonsets", "--delete-emptydir-data", f"--pod-selector=app.kubernetes.io/instance={name}")
    drain = subprocess.Popen(
        cluster.command("drain", node, *flags), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        yield drain
    finally:
        drain.kill()
        drain.wait()
        cluster.kubectl("uncordon", node)


def left(cluster: Cluster, variables: Variables, node: str) -> list[str]:
    namespace, name = place_of(variables)
    there = pods(cluster, namespace, name)
    return [pod["metadata"]["name"] for pod in there if pod["spec"].get("nodeName") == node]


def has_fewer(cluster: Cluster, variables: Variables, node: str, before: int) -> bool:
    return len(left(cluster, variables, node)) < before


@pytest.mark.chaos
def test_each_node_in_turn_with_claims_on_it(local: Cluster, namespace: str) -> None:
    """A pod waits for its node to come back."""
    claims = {"type": "persistent_claim", "size": "256Mi"}
    variables = instance("drains", namespace, images(local)["redis-8.0"], storage=claims)
    playbook.converge(local, variables)
    with accounted(local, variables, KEPT / "drains") as run:
        for node in NODES:
            run.mark(f"drain {node.name}")
            before = len(left(local, variables, node.name))
            with draining(local, node.name, "drains"):
                eventually(partial(has_fewer, local, variables, node.name, before))
            run.mark(f"{node.name} is back")
            eventually(lambda: are_ready(local, variables, 6))
        eventually(lambda: is_healthy(local, variables))  # a table tells of a pod that was away for a moment more
        verdict = run.finish()
    assert verdict.clean, verdict
    playbook.destroy(local, variables)


@pytest.mark.chaos
def test_each_node_in_turn_with_data_that_goes_with_the_pod(local: Cluster, namespace: str) -> None:
    """A pod comes back elsewhere, empty and under another id, which only a run lets join: then the next one may go."""
    variables = instance("drains-empty", namespace, images(local)["redis-8.0"])
    playbook.converge(local, variables)
    with accounted(local, variables, KEPT / "drains-empty") as run:
        for node in NODES:
            run.mark(f"drain {node.name}")
            with draining(local, node.name, "drains-empty") as drain:
                while drain.poll() is None:
                    playbook.converge(local, variables)
                assert drain.returncode == 0, drain.communicate()[0]
            playbook.converge(local, variables)
        verdict = run.finish()
    assert verdict.clean, verdict
    playbook.destroy(local, variables)


@pytest.mark.chaos
def test_a_node_while_a_run_restarts_pods(local: Cluster, namespace: str) -> None:
    """Both evict, so the budgets keep them from taking two pods of a shard; the run waits for what the drain took."""
    claims = {"type": "persistent_claim", "size": "256Mi"}
    variables = instance("drains-roll", namespace, images(local)["redis-8.0"], storage=claims)
    playbook.converge(local, variables)
    before = lives(local, namespace, "drains-roll")
    with accounted(local, variables, KEPT / "drains-roll") as account:
        with watched(local, "redis_cluster_restart", variables) as run:
            run.until_line(" restarted in ")
            node = NODES[1].name
            account.mark(f"drain {node}")
            there = len(left(local, variables, node))
            with draining(local, node, "drains-roll"):
                eventually(partial(has_fewer, local, variables, node, there))
                time.sleep(DRAINED_SECONDS)
            account.mark(f"{node} is back")
            ended = run.end()
        assert ended.succeeded, ended.output
        eventually(lambda: is_healthy(local, variables))
        verdict = account.finish()
    assert verdict.clean, verdict
    assert are_others(before, lives(local, namespace, "drains-roll"))
    playbook.destroy(local, variables)


@pytest.mark.chaos
def test_a_master_that_is_deleted_by_hand(local: Cluster, namespace: str) -> None:
    claims = {"type": "persistent_claim", "size": "256Mi"}
    variables = instance("deleted", namespace, images(local)["redis-8.0"], storage=claims)
    playbook.converge(local, variables)
    with accounted(local, variables, KEPT / "deleted") as run:
        for shard in range(3):
            master = master_of(local, variables, shard)
            run.mark(f"delete {master}")
            local.kubectl("delete", "pod", master, f"--namespace={namespace}")
            eventually(lambda: are_ready(local, variables, 6))
            assert master_of(local, variables, shard) != master
        verdict = run.finish()
    assert verdict.clean, verdict
    playbook.destroy(local, variables)
