# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pods with a server and a Sentinel each: made as foreseen, and a second run changes nothing; restarted one by one, and
scaled, while applications use them; and nothing is left of them."""

from __future__ import annotations

import pytest

from tests.e2e import playbook
from tests.e2e.cluster import Cluster
from tests.e2e.instances import assert_each_was_replaced_once, lasting, sentinel_instance
from tests.e2e.listing import listing
from tests.e2e.sentinel_ledger import made_and_used, used
from tests.e2e.sentinel_members import SentinelMembers
from tests.e2e.test_sentinel_scaling import claims, scale

NAME = "beside"


@pytest.mark.chaos
def test_made_as_declared_and_removed(local: Cluster, namespace: str, image: str) -> None:
    variables = sentinel_instance(local, NAME, namespace, image, colocated=True)
    empty = listing(local, namespace)
    foreseen = playbook.converge(local, variables, "--check", "--diff")
    assert listing(local, namespace) == empty
    assert f"StatefulSet {NAME}-0" in foreseen.output, foreseen.output
    assert f"StatefulSet {NAME}-sentinel" not in foreseen.output, foreseen.output

    playbook.converge(local, variables)
    SentinelMembers.of(local, variables).wait_until_healthy()
    before = lasting(local, namespace, NAME)
    assert sorted(before) == [f"{NAME}-0-{number}" for number in range(3)]
    again = playbook.converge(local, variables)
    assert again.changed == 0, again.output
    assert lasting(local, namespace, NAME) == before
    report = playbook.run(local, "redis_sentinel_info", variables)
    assert report.succeeded, report.output
    assert "3 of 3 servers and 3 of 3 Sentinels answer" in report.output, report.output

    apart = playbook.run(local, "redis_sentinel", {**variables, "redis_sentinel_colocated": False})
    assert not apart.succeeded, apart.output
    assert "Cannot change redis_sentinel_colocated from true to false" in apart.output, apart.output
    assert lasting(local, namespace, NAME) == before

    playbook.destroy(local, variables)
    assert listing(local, namespace) == empty


@pytest.mark.chaos
def test_restarted_one_by_one(local: Cluster, namespace: str, image: str) -> None:
    """A copy and a vote are gone each time."""
    variables = sentinel_instance(local, "serial-both", namespace, image, colocated=True)
    with made_and_used(local, variables) as (_members, run):
        before = lasting(local, namespace, "serial-both")
        run.mark("restart")
        done = playbook.run(local, "redis_sentinel_restart", variables)
        run.mark("over")
        assert done.succeeded, done.output
        assert_each_was_replaced_once(before, lasting(local, namespace, "serial-both"))


@pytest.mark.chaos
def test_out_and_in(local: Cluster, namespace: str, image: str) -> None:
    """2 to 4 replicas, with as many more Sentinels, and back, while one that is to leave is the master."""
    small = sentinel_instance(local, "both", namespace, image, colocated=True, anti_affinity="preferred")
    large = {**small, "redis_sentinel_replicas": 4}
    playbook.converge(local, small)
    before = lasting(local, namespace, "both")
    with used(local, small) as (_members, run):
        run.mark("2 to 4 replicas")
        scale(local, large)
        done = playbook.run(local, "redis_sentinel_failover", {**large, "to": "both-0-4"})
        assert done.succeeded, done.output
        run.mark("4 to 2 replicas")
        scale(local, {**small, "redis_sentinel_scale_in_claims": "delete"})
        run.mark("over")
    assert lasting(local, namespace, "both") == before
    assert "both-0-4" not in SentinelMembers.of(local, small).addresses()
    assert claims(local, namespace) == {f"data-{pod}" for pod in before}
    playbook.destroy(local, small)
