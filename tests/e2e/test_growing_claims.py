# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Claims grow under pods that go on and keep their data, also when the run is killed at its worst moment."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e import playbook
from tests.e2e.cluster import Cluster
from tests.e2e.instances import Variables, instance, lives, pods
from tests.e2e.load import accounted, fill, stored
from tests.e2e.resizer import growing
from tests.e2e.watched import watched
from tests.environment import CHECKOUT

OLD, NEW, MORE = "256Mi", "512Mi", "1Gi"
KEYS = 10_000
KEPT = CHECKOUT / "build" / "ledger"
SECONDS = 100
"""For a StatefulSet to go."""


@pytest.fixture(scope="module")
def storage_class(local: Cluster, namespace: str) -> Iterator[str]:
    with growing(local, namespace) as name:
        yield name


def declared(name: str, namespace: str, image: str, storage_class: str, **more: Any) -> Variables:
    storage = {"type": "persistent_claim", "size": OLD, "class": storage_class}
    return instance(name, namespace, image, storage=storage, lock_duration=5, **more)


def larger(variables: Variables, size: str) -> Variables:
    return {**variables, "redis_cluster_storage": {**variables["redis_cluster_storage"], "size": size}}


def sizes(cluster: Cluster, variables: Variables) -> dict[str, set[str]]:
    """What claims ask for and have, and what StatefulSets make them of."""
    where = f"--namespace={variables['redis_cluster_namespace']}"
    whose = f"--selector=app.kubernetes.io/instance={variables['redis_cluster_name']}"
    claims = cluster.get("persistentvolumeclaims", where, whose)
    templates = [each["spec"]["volumeClaimTemplates"][0] for each in cluster.get("statefulsets", where, whose)]
    return {
        "ask": {claim["spec"]["resources"]["requests"]["storage"] for claim in claims},
        "have": {claim["status"]["capacity"]["storage"] for claim in claims},
        "make": {template["spec"]["resources"]["requests"]["storage"] for template in templates},
    }


def everywhere(size: str) -> dict[str, set[str]]:
    return {key: {size} for key in ("ask", "have", "make")}


def owners(cluster: Cluster, variables: Variables) -> dict[str, str]:
    """The StatefulSet that owns each pod, found by its UID."""
    name, namespace = variables["redis_cluster_name"], variables["redis_cluster_namespace"]
    made = cluster.get("statefulsets", f"--namespace={namespace}")
    by_uid = {each["metadata"]["uid"]: each["metadata"]["name"] for each in made}
    return {
        pod["metadata"]["name"]: by_uid.get(owner["uid"], "gone")
        for pod in pods(cluster, namespace, name)
        for owner in pod["metadata"].get("ownerReferences", [])
    }


OWNERS = {f"grow-{shard}-{ordinal}": f"grow-{shard}" for shard in range(3) for ordinal in range(2)}


@pytest.mark.chaos
def test_claims_grow_under_pods_that_go_on(local: Cluster, namespace: str, image: str, storage_class: str) -> None:
    variables = declared("grow", namespace, image, storage_class)
    playbook.converge(local, variables)
    fill(local, variables, KEYS)
    before = lives(local, namespace, "grow")
    with accounted(local, variables, KEPT / "grow") as run:
        foreseen = playbook.converge(local, larger(variables, NEW), "--check", "--diff")
        assert f"claim data-grow-2-1: {OLD} -> {NEW}" in foreseen.output
        assert f"StatefulSet grow-0 is made anew, with claims of {NEW}" in foreseen.output
        assert sizes(local, variables) == everywhere(OLD)
        run.mark("grow")
        playbook.converge(local, larger(variables, NEW))
        run.mark("grown")
        verdict = run.finish()
    assert verdict.clean, verdict
    assert sizes(local, variables) == everywhere(NEW)
    assert lives(local, namespace, "grow") == before
    assert owners(local, variables) == OWNERS
    assert stored(local, variables) >= KEYS
    again = playbook.converge(local, larger(variables, NEW))
    assert again.changed == 0, again.output
    smaller = playbook.run(local, "redis_cluster", variables)
    assert "a claim cannot shrink" in smaller.output
    killed_between(local, larger(variables, MORE), before)
    playbook.destroy(local, variables)


def killed_between(cluster: Cluster, variables: Variables, before: dict[str, tuple[str, int]]) -> None:
    """Killed when a StatefulSet was deleted and not made again yet: a quota keeps the run at that point."""
    namespace = variables["redis_cluster_namespace"]
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "none", "namespace": namespace}}
    cluster.apply({**quota, "spec": {"hard": {"count/statefulsets.apps": "0"}}})
    with watched(cluster, "redis_cluster", variables) as run:
        run.until("Grow the claims")
        wait_until_gone(cluster, namespace, "grow-0")
        run.kill()
    cluster.kubectl("delete", "resourcequota", "none", f"--namespace={namespace}")
    assert lives(cluster, namespace, "grow") == before
    told = playbook.run(cluster, "redis_cluster_info", variables).output
    assert "healthy" in told
    assert "grow-0-0 is owned by no StatefulSet" in told
    foreseen = playbook.converge(cluster, variables, "--check", "--diff")
    assert "StatefulSet grow-1 is made anew" in foreseen.output
    playbook.converge(cluster, variables)
    assert sizes(cluster, variables) == everywhere(MORE)
    assert lives(cluster, namespace, "grow") == before
    assert owners(cluster, variables) == OWNERS
    again = playbook.converge(cluster, variables)
    assert again.changed == 0, again.output


def wait_until_gone(cluster: Cluster, namespace: str, statefulset: str) -> None:
    deadline = time.monotonic() + SECONDS
    while cluster.kubectl("get", "statefulset", statefulset, f"--namespace={namespace}", check=False).returncode == 0:
        assert time.monotonic() < deadline, f"StatefulSet {statefulset} is still there"
        time.sleep(0.2)


@pytest.mark.chaos
def test_a_class_whose_claims_do_not_grow(local: Cluster, namespace: str, image: str) -> None:
    variables = declared("fixed", namespace, image, "")
    playbook.converge(local, variables)
    before = lives(local, namespace, "fixed")
    for options in (["--check"], []):
        refused = playbook.run(local, "redis_cluster", larger(variables, NEW), *options)
        assert not refused.succeeded
        assert f"Cannot grow claim data-fixed-0-0 from {OLD} to {NEW}: its StorageClass" in refused.output
    assert sizes(local, variables) == everywhere(OLD)
    assert lives(local, namespace, "fixed") == before
    again = playbook.converge(local, variables)
    assert again.changed == 0, again.output
    playbook.destroy(local, variables)


def budgets(cluster: Cluster, namespace: str) -> list[str]:
    return sorted(each["metadata"]["name"] for each in cluster.get("poddisruptionbudgets", f"--namespace={namespace}"))


THEIRS = ("--selector=app.kubernetes.io/instance=budget", "--max-unavailable=1")


@pytest.mark.chaos
def test_exactly_one_budget_covers_each_pod(cluster: Cluster, namespace: str, image: str) -> None:
    variables = instance("budget", namespace, image)
    playbook.converge(cluster, variables)
    before = lives(cluster, namespace, "budget")
    assert budgets(cluster, namespace) == ["budget-0", "budget-1", "budget-2"]
    whole = {**variables, "redis_cluster_disruption_budget": "instance"}
    playbook.converge(cluster, whole)
    assert budgets(cluster, namespace) == ["budget"]
    assert playbook.converge(cluster, whole).changed == 0
    playbook.converge(cluster, variables)
    assert budgets(cluster, namespace) == ["budget-0", "budget-1", "budget-2"]
    assert playbook.converge(cluster, variables).changed == 0
    assert lives(cluster, namespace, "budget") == before
    assert "disruption budget" not in playbook.run(cluster, "redis_cluster_info", variables).output
    cluster.kubectl("create", "poddisruptionbudget", "theirs", f"--namespace={namespace}", *THEIRS)
    told = playbook.run(cluster, "redis_cluster_info", variables).output
    assert "budget-1-1 is covered by the disruption budgets budget-1 and theirs" in told
    cluster.kubectl("delete", "poddisruptionbudget", "theirs", f"--namespace={namespace}")
    playbook.destroy(cluster, variables)
    assert budgets(cluster, namespace) == []
