# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Three pods, each with a server and a Sentinel, from their declaration to their end: as foreseen, a second run changes
nothing, applications of both kinds use them, they restart one by one, and nothing is left of them."""

from __future__ import annotations

from tests.e2e import playbook
from tests.e2e.cluster import Cluster
from tests.e2e.instances import assert_each_was_replaced_once, lasting, lives, sentinel_instance
from tests.e2e.listing import listing
from tests.e2e.sentinel_ledger import used
from tests.e2e.sentinel_members import SentinelMembers

NAME = "beside"


def test_made_used_restarted_and_removed(local: Cluster, namespace: str, image: str) -> None:
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

    with used(local, variables) as (_members, run):
        run.mark("restart")
        done = playbook.run(local, "redis_sentinel_restart", variables)
        run.mark("over")
        assert done.succeeded, done.output
    assert_each_was_replaced_once(before, lasting(local, namespace, NAME))

    living = lives(local, namespace, NAME)
    apart = playbook.run(local, "redis_sentinel", {**variables, "redis_sentinel_colocated": False})
    assert not apart.succeeded, apart.output
    assert "Cannot change redis_sentinel_colocated from true to false" in apart.output, apart.output
    assert lives(local, namespace, NAME) == living

    playbook.destroy(local, variables)
    assert listing(local, namespace) == empty
