# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs that are killed after each change, and two at the same time."""

from __future__ import annotations

import getpass
import socket
from collections import Counter

import pytest

from tests.e2e import playbook
from tests.e2e.cluster import Cluster
from tests.e2e.instances import Variables, lives, sentinel_instance
from tests.e2e.sentinel_ledger import confirm_and_discard, used
from tests.e2e.sentinel_members import SentinelMembers
from tests.e2e.test_killed_runs import LOCK_SECONDS, RUNS
from tests.e2e.test_two_runs import NO_PODS, state
from tests.e2e.watched import watched

LOCK = "Take the lock 2"
"""The task of that name in the role that both share; the first one includes it."""
CHANGING = [
    LOCK,
    "Keep the users and their passwords 1",
    "Apply the objects 1",
    "Apply the objects 2",
    "Give the servers their master 1",
    "Let every Sentinel watch the master 1",
]
"""In order, each with how often there was a task of its name: the Services are applied before the other objects."""


@pytest.mark.chaos
def test_killed_after_each_change(local: Cluster, namespace: str, image: str) -> None:
    """Each run is killed after the first change after which none was killed yet, until one gets through."""
    variables = sentinel_instance(local, "swept", namespace, image, lock_duration=LOCK_SECONDS)
    killed_after: list[str] = []
    for _run in range(RUNS):
        if not run_until_next_change(local, variables, killed_after):
            break
    assert killed_after == CHANGING
    SentinelMembers.of(local, variables).wait_until_healthy()
    before = lives(local, namespace, "swept")
    again = playbook.converge(local, variables)
    assert again.changed == 0, again.output
    assert lives(local, namespace, "swept") == before
    assert {restarts for _uid, restarts in before.values()} == {0}
    playbook.destroy(local, variables)


LEAVING = [
    "Keep the users and their passwords 1",
    "Apply the objects 2",
    "Let every Sentinel watch the master 1",
    "See to it that no server that leaves is the master, and that the others say the same and are in sync 1",
    # Pods that leave, what has named them, what Sentinels remember: of servers, of a Sentinel, and of another one.
    *("Apply the objects 3", "Apply the objects 2", "Let Sentinels forget who is gone, one after the other 1") * 3,
    "Delete Services that are not declared any more 1",
]
"""The changes of a run that takes replicas and Sentinels away, each the first one of a run: the one before was killed
after the change before. Sentinels go one by one."""


@pytest.mark.chaos
def test_killed_after_each_change_while_some_leave(local: Cluster, namespace: str, image: str) -> None:
    few = sentinel_instance(local, "thinned", namespace, image, anti_affinity="preferred", lock_duration=LOCK_SECONDS)
    many = {**few, "redis_sentinel_replicas": 3, "redis_sentinel_sentinels": 5}
    playbook.converge(local, many)
    done = playbook.run(local, "redis_sentinel_failover", {**few, "to": "thinned-0-3"})
    assert done.succeeded, done.output
    killed_after: list[str] = []
    with used(local, few, begins_as=many) as (_members, run):
        for _run in range(2 * RUNS):
            last = [LOCK]
            if not run_until_next_change(local, few, last):
                break
            killed_after += last[1:]
            run.mark(f"killed after {last[1]}")
    assert killed_after == LEAVING
    confirm_and_discard(local, few)


def run_until_next_change(cluster: Cluster, variables: Variables, killed_after: list[str]) -> bool:
    """Whether the run was killed; one that was not must have succeeded."""
    with watched(cluster, "redis_sentinel", variables) as run:
        last, changes = "", 0
        seen: Counter[str] = Counter()
        for task in run.tasks():
            # The lock is no change of the instance, so its task never says so.
            if last not in killed_after and (len(run.changed) > changes or last == LOCK):
                run.kill()
                killed_after.append(last)
                return True
            changes = len(run.changed)
            seen[task] += 1
            last = f"{task} {seen[task]}"
        ended = run.end()
        assert ended.succeeded, ended.output
    return False


@pytest.mark.chaos
def test_second_run_is_refused(local: Cluster, namespace: str, image: str) -> None:
    variables = sentinel_instance(local, "busy", namespace, image)
    # The first run waits for its pods for as long as the quota forbids them.
    local.apply({**NO_PODS, "metadata": {"name": "no-pods", "namespace": namespace}})
    with watched(local, "redis_sentinel", variables) as first:
        first.until("Give the servers their master")
        before = state(local, namespace)
        second = playbook.run(local, "redis_sentinel", {**variables, "redis_sentinel_labels": {"by": "second"}})
        assert not second.succeeded, second.output
        assert second.changed == 0, second.output
        holder = f"{getpass.getuser()}@{socket.gethostname()}"
        assert f"Cannot change busy: it is locked by {holder} (run " in second.output, second.output
        assert state(local, namespace) == before
        local.kubectl("delete", "resourcequota", "no-pods", f"--namespace={namespace}")
        ended = first.end()
    assert ended.succeeded, ended.output
    third = playbook.converge(local, variables)
    assert third.changed == 0, third.output
    playbook.destroy(local, variables)
