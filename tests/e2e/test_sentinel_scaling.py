# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""More and fewer replicas and Sentinels: each Sentinel knows all of them and nobody else, and the quorum is theirs."""

from __future__ import annotations

import pytest

from tests.e2e import playbook
from tests.e2e.cluster import Cluster
from tests.e2e.instances import Variables, lasting, sentinel_instance
from tests.e2e.sentinel_ledger import discard, used
from tests.e2e.sentinel_members import SentinelMembers
from tests.e2e.test_two_runs import NO_PODS


@pytest.mark.chaos
def test_out_and_in(local: Cluster, namespace: str, image: str) -> None:
    """2 to 4 replicas, 3 to 5 Sentinels, and back, while one that is to leave is the master; on three nodes."""
    small = sentinel_instance(local, "grown", namespace, image, anti_affinity="preferred")
    large = {**small, "redis_sentinel_replicas": 4, "redis_sentinel_sentinels": 5}
    steps = {
        "2 to 4 replicas": {**large, "redis_sentinel_sentinels": 3},
        "3 to 5 Sentinels": large,
        "5 to 3 Sentinels": {**large, "redis_sentinel_sentinels": 3},
        "4 to 2 replicas": {**small, "redis_sentinel_scale_in_claims": "delete"},
    }
    playbook.converge(local, small)
    before = lasting(local, namespace, "grown")
    with used(local, small) as (_members, run):
        for mark, declared in steps.items():
            run.mark(mark)
            scale(local, declared)
            if mark == "3 to 5 Sentinels":
                assert lasting(local, namespace, "grown").items() >= before.items(), (
                    "pods that were there were restarted"
                )
                done = playbook.run(local, "redis_sentinel_failover", {**declared, "to": "grown-0-4"})
                assert done.succeeded, done.output
        run.mark("over")
    assert lasting(local, namespace, "grown") == before
    assert "grown-0-4" not in SentinelMembers.of(local, small).addresses()
    assert claims(local, namespace) == {f"data-{pod}" for pod in before}
    again = playbook.converge(local, small)
    assert again.changed == 0, again.output
    playbook.destroy(local, small)


def scale(cluster: Cluster, declared: Variables) -> None:
    foreseen = playbook.converge(cluster, declared, "--check", "--diff")
    assert foreseen.changed > 0, foreseen.output
    playbook.converge(cluster, declared)
    SentinelMembers.of(cluster, declared).wait_until_healthy()
    again = playbook.converge(cluster, declared)
    assert again.changed == 0, again.output


def claims(cluster: Cluster, namespace: str) -> set[str]:
    found = cluster.get("persistentvolumeclaims", f"--namespace={namespace}")
    return {claim["metadata"]["name"] for claim in found}


@pytest.mark.chaos
def test_those_that_never_came(local: Cluster, namespace: str, image: str) -> None:
    """A run that cannot make what is declared is taken back, with the pods that never came."""
    small = sentinel_instance(local, "unmade", namespace, image, anti_affinity="preferred", wait_timeout=30)
    large = {**small, "redis_sentinel_replicas": 4, "redis_sentinel_sentinels": 5}
    playbook.converge(local, small)
    before = lasting(local, namespace, "unmade")
    local.apply({**NO_PODS, "metadata": {"name": "no-pods", "namespace": namespace}})
    with used(local, small):
        refused = playbook.run(local, "redis_sentinel", large)
        assert not refused.succeeded, refused.output
        assert "its pod does not exist" in refused.output, refused.output
        assert "Kubernetes says: " in refused.output, refused.output
        playbook.converge(local, small)
    assert lasting(local, namespace, "unmade") == before
    again = playbook.converge(local, small)
    assert again.changed == 0, again.output
    discard(local, namespace, "unmade")
