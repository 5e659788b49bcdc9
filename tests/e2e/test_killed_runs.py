# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A converge killed after each task that changes something: the next run goes on from there, without a hand."""

from __future__ import annotations

import pytest

from tests.e2e import playbook
from tests.e2e.cluster import Cluster
from tests.e2e.instances import Variables, instance, lives
from tests.e2e.watched import watched

LOCK = "Take the lock"
CHANGING = [
    LOCK,
    "Keep the users and their passwords",
    "Apply the objects",
    "Join the members",
    "Assign the slots of a new cluster",
    "Attach the replicas",
]
"""In order. A run that was killed before the first of them has changed nothing."""

RUNS = 20
LOCK_SECONDS = 5


@pytest.mark.chaos
def test_killed_after_each_change(cluster: Cluster, namespace: str, image: str) -> None:
    """Each run is killed after the first change after which none was killed yet, until one gets through.

    So every run but the first begins where one was killed, and must get further than that one did.
    """
    variables = instance("swept", namespace, image, lock_duration=LOCK_SECONDS)
    killed_after: list[str] = []
    for _run in range(RUNS):
        if not run_until_next_change(cluster, variables, killed_after):
            break
    assert killed_after == CHANGING

    before = lives(cluster, namespace, "swept")
    again = playbook.converge(cluster, variables)
    assert again.changed == 0, again.output
    assert lives(cluster, namespace, "swept") == before
    assert {restarts for _uid, restarts in before.values()} == {0}
    report = playbook.run(cluster, "redis_cluster_info", variables).output
    assert "swept: healthy, 3 shards, 6 of 6 members answer, 16384 of 16384 slots served" in report


def run_until_next_change(cluster: Cluster, variables: Variables, killed_after: list[str]) -> bool:
    """Whether the run was killed; one that was not must have succeeded."""
    with watched(cluster, "redis_cluster", variables) as run:
        last = ""
        for task in run.tasks():
            # The lock is no change of the instance, so its task never says so.
            if last not in killed_after and (last in run.changed or last == LOCK):
                run.kill()
                killed_after.append(last)
                return True
            last = task
        ended = run.end()
        assert ended.succeeded, ended.output
    return False
