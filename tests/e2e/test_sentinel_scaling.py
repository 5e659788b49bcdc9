# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""More replicas, and more Sentinels: each Sentinel knows all of them and nobody else, and the quorum is theirs."""

from __future__ import annotations

import pytest

from tests.e2e import playbook
from tests.e2e.cluster import Cluster
from tests.e2e.instances import lasting, sentinel_instance
from tests.e2e.sentinel_ledger import used
from tests.e2e.sentinel_members import SentinelMembers


@pytest.mark.chaos
def test_out(local: Cluster, namespace: str, image: str) -> None:
    """2 to 4 replicas, then 3 to 5 Sentinels; there are three nodes for them."""
    variables = sentinel_instance(local, "grown", namespace, image, anti_affinity="preferred")
    four = {**variables, "redis_sentinel_replicas": 4}
    five = {**four, "redis_sentinel_sentinels": 5}
    playbook.converge(local, variables)
    before = lasting(local, namespace, "grown")
    with used(local, variables, healthy_as=five) as (_members, run):
        for declared, mark in ((four, "2 to 4 replicas"), (five, "3 to 5 Sentinels")):
            run.mark(mark)
            foreseen = playbook.converge(local, declared, "--check", "--diff")
            assert foreseen.changed > 0, foreseen.output
            playbook.converge(local, declared)
            SentinelMembers.of(local, declared).wait_until_healthy()
        run.mark("over")
    after = lasting(local, namespace, "grown")
    assert len(after) == 10
    assert after.items() >= before.items(), "pods that were there were restarted"
    again = playbook.converge(local, five)
    assert again.changed == 0, again.output
    done = playbook.run(local, "redis_sentinel_failover", five)
    assert done.succeeded, done.output
    SentinelMembers.of(local, five).wait_until_healthy()
    playbook.destroy(local, five)
