# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All pods end at once and come back over their claims: healthy by itself, nothing lost, and of two instances each
stays what it was."""

from __future__ import annotations

import time
from contextlib import ExitStack
from functools import partial

import pytest

from tests.e2e import faults, playbook
from tests.e2e.cluster import Cluster
from tests.e2e.instances import are_others, lasting, sentinel_instance
from tests.e2e.outages import eventually
from tests.e2e.sentinel_ledger import confirm_and_discard, discard, made_and_used, used
from tests.e2e.sentinel_members import SentinelMembers
from tests.e2e.test_sentinel_restart import OTHERS, image_of

NAMELESS_SECONDS = 120.0


def delete_all_pods(cluster: Cluster, namespace: str, *names: str) -> None:
    """Returns when each of them has a successor."""
    before = {name: lasting(cluster, namespace, name) for name in names}
    selector = f"--selector=app.kubernetes.io/instance in ({','.join(names)})"
    cluster.kubectl("delete", "pods", f"--namespace={namespace}", selector, "--wait=false")
    for name in names:
        eventually(partial(were_all_replaced, cluster, namespace, name, before[name]))


def were_all_replaced(cluster: Cluster, namespace: str, name: str, before: dict[str, tuple[str, int]]) -> bool:
    return are_others(before, lasting(cluster, namespace, name))


@pytest.mark.chaos
@pytest.mark.parametrize(
    ("line", "persistence"), [("redis-8.0", "aof"), ("redis-8.0", "rdb"), *((line, "aof") for line in OTHERS)]
)
def test_all_pods_at_once(local: Cluster, namespace: str, line: str, persistence: str) -> None:
    name = f"out-{line.replace('.', '-')}-{persistence}"
    variables = sentinel_instance(local, name, namespace, image_of(local, line), persistence=persistence)
    with made_and_used(local, variables) as (members, run):
        run.mark("all pods deleted")
        delete_all_pods(local, namespace, name)
        seconds = members.wait_until_healthy()
        run.mark(f"healthy {seconds:.1f} s after the last pod was made")


@pytest.mark.chaos
def test_without_persistence_it_starts_empty_and_whole(local: Cluster, namespace: str) -> None:
    """Nothing is there that anybody would have to wait for."""
    variables = sentinel_instance(local, "out-none", namespace, image_of(local, "redis-8.0"), persistence="none")
    playbook.converge(local, variables)
    members = SentinelMembers.of(local, variables)
    members.wait_until_healthy()
    assert members.ask(members.master(), "SET", "before", "1", login=members.application) == "OK"
    delete_all_pods(local, namespace, "out-none")
    print(f"healthy {members.wait_until_healthy():.1f} s after the last pod was made")
    assert [int(members.ask(pod, "DBSIZE")) for pod in members.pods("server")] == [0, 0, 0]
    assert members.ask(members.master(), "SET", "after", "1", login=members.application) == "OK"
    confirm_and_discard(local, variables)


@pytest.mark.chaos
def test_no_name_resolves(local: Cluster, namespace: str, image: str) -> None:
    """For two minutes. The master dies meanwhile and another takes over, and then all pods go, and are back."""
    variables = sentinel_instance(local, "nameless", namespace, image)
    playbook.converge(local, variables)
    with used(local, variables, dies=True) as (members, run), faults.without_names():
        began = time.monotonic()
        run.mark("no name resolves, the master is killed")
        faults.kill(members.master())
        members.wait_until_healthy()
        run.mark("all pods deleted")
        delete_all_pods(local, namespace, "nameless")
        members.wait_until_healthy()
        run.mark("healthy without names")
        time.sleep(max(0.0, NAMELESS_SECONDS - (time.monotonic() - began)))
    confirm_and_discard(local, variables)


@pytest.mark.chaos
def test_two_instances_stay_two(local: Cluster, namespace: str, image: str) -> None:
    """Their pods get each other's addresses, and each Sentinel talks to whoever is where its master was."""
    names = ("left", "right")
    both = [sentinel_instance(local, name, namespace, image) for name in names]
    for variables in both:
        playbook.converge(local, variables)
    with ExitStack() as stack:
        runs = [
            stack.enter_context(used(local, variables, f"two-{name}"))
            for name, variables in zip(names, both, strict=True)
        ]
        for _members, run in runs:
            run.mark("all pods of both deleted")
        delete_all_pods(local, namespace, *names)
        for members, _run in runs:
            members.wait_until_healthy()
        assert ids(runs[0][0]) & ids(runs[1][0]) == set()
    for variables in both:
        again = playbook.converge(local, variables)
        assert again.changed == 0, again.output
        discard(local, namespace, variables["redis_sentinel_name"])


def ids(members: SentinelMembers) -> set[str]:
    """Of its Sentinels, and of the history of its data."""
    sentinels = {str(members.ask(pod, "SENTINEL", "MYID")) for pod in members.pods("sentinel")}
    told = members.ask(members.master(), "INFO", "replication").splitlines()
    return sentinels | {line.partition(":")[2] for line in told if line.startswith("master_replid:")}
