# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Masters that die, hang or are cut off, with nobody there: what WAIT has promised is kept, all heals by itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
from redis.exceptions import RedisError

from tests.chaos.verdict import Verdict
from tests.e2e import faults, playbook
from tests.e2e.client import key_of_each_slot
from tests.e2e.cluster import Cluster, images
from tests.e2e.instances import Variables, instance, lives
from tests.e2e.load import accounted
from tests.e2e.members import Members
from tests.environment import CHECKOUT
from tests.kube.lab import NODES

CLAIMS = {"type": "persistent_claim", "size": "256Mi"}
KEPT = CHECKOUT / "build" / "ledger"
LINES = [
    "redis-8.0",
    *(pytest.param(line, marks=pytest.mark.chaos) for line in ("redis-7.0", "redis-8.6", "valkey-8.1", "valkey-9.1")),
]

CLIENTS = NODES[0]
"""There the clients of the ledger are; it is no node of this that is cut off."""

WRITES = 400
"""Of each client: some in each of twelve groups of slots, before a fault and after it."""

ELECTED_WITHIN = 60.0
"""Seconds; it takes about one and a half node timeouts of 5 s."""


@contextmanager
def under_the_ledger(cluster: Cluster, variables: Variables) -> Iterator[Callable[[str], None]]:
    """A new instance, and clients of which one follows its writes with WAIT for the replica; judged when the block has
    ended and the instance is healthy again. Gives the function that marks a step."""
    playbook.converge(cluster, variables)
    members = Members.of(cluster, variables)
    members.wait_until_healthy()
    ids = {pod["metadata"]["name"]: members.own_id(pod) for pod in members.pods()}
    with accounted(cluster, variables, KEPT / variables["redis_cluster_name"], replicas=1) as run:
        run.wait_for_writes(WRITES)
        yield run.mark
        run.mark("heals")
        members.wait_until_healthy()
        run.mark("healthy")
        run.wait_for_writes(WRITES)
        verdict = run.finish()
    assert_promises_kept(verdict)
    assert {pod["metadata"]["name"]: members.own_id(pod) for pod in members.pods()} == ids, "a pod is another node now"
    playbook.destroy(cluster, variables)


def assert_promises_kept(verdict: Verdict) -> None:
    print(verdict)
    assert verdict.clean_but_plain_losses, verdict
    assert verdict.by_client["redis-py"].replicated > 0, verdict


def wait_for_an_heir(members: Members, victim: dict[str, Any]) -> None:
    deadline = time.monotonic() + ELECTED_WITHIN
    while not any(is_serving(members, heir) for heir in members.heirs(victim)):
        assert time.monotonic() < deadline, f"nobody took over from {victim['metadata']['name']}"
        time.sleep(0.2)


def is_serving(members: Members, pod: dict[str, Any]) -> bool:
    try:
        return members.is_master(pod)
    except (RedisError, OSError):
        return False


@pytest.mark.parametrize("line", LINES)
def test_server_killed(local: Cluster, namespace: str, line: str) -> None:
    """Its container starts again at once, with its data: whether its replica was elected meanwhile or not."""
    if line not in images(local):
        pytest.skip(f"{line} could not be had here")
    name = f"killed-{line.replace('.', '-')}"
    variables = instance(name, namespace, images(local)[line], storage=CLAIMS)
    with under_the_ledger(local, variables) as mark:
        members = Members.of(local, variables)
        before = lives(local, namespace, name)
        victim = members.master_away_from(CLIENTS)
        mark("killed")
        faults.kill(victim)
        wait_for_restart(local, namespace, name, before)


def wait_for_restart(cluster: Cluster, namespace: str, name: str, before: dict[str, tuple[str, int]]) -> None:
    """The same pods, one of them with one restart more."""
    deadline = time.monotonic() + 60
    while (now := lives(cluster, namespace, name)) == before:
        assert time.monotonic() < deadline, "nobody started the server again"
        time.sleep(0.2)
    assert {pod: uid for pod, (uid, _restarts) in now.items()} == {pod: uid for pod, (uid, _restarts) in before.items()}


@pytest.mark.chaos
@pytest.mark.parametrize("seconds", [3, 30])
def test_server_stands_still(local: Cluster, namespace: str, seconds: int) -> None:
    """For less than the node timeout, and for so long that its replica is elected and the kubelet may end it."""
    variables = instance(f"hangs-{seconds}", namespace, images(local)["redis-8.0"], storage=CLAIMS)
    with under_the_ledger(local, variables) as mark:
        members = Members.of(local, variables)
        victim = members.master_away_from(CLIENTS)
        mark(f"stopped for {seconds} s")
        began = time.monotonic()
        with faults.stopped(victim):
            if seconds > variables.get("redis_cluster_node_timeout", 5000) / 1000:
                wait_for_an_heir(members, victim)
            time.sleep(max(began + seconds - time.monotonic(), 0))


def cut_off(_members: Members, victim: dict[str, Any]) -> AbstractContextManager[None]:
    return faults.cut_off(faults.node_of(victim))


def lost(members: Members, victim: dict[str, Any]) -> AbstractContextManager[None]:
    return faults.lost(faults.node_of(victim), members.pods())


@pytest.mark.chaos
@pytest.mark.parametrize("fault", [cut_off, lost])
def test_node_away_and_back(local: Cluster, namespace: str, fault: Callable[..., AbstractContextManager[None]]) -> None:
    """Another takes over. Nobody force-deletes a pod that may still run: each name has one pod, the same all the time,
    and one that is alone takes no writes."""
    name = f"node-{fault.__name__.replace('_', '-')}"
    variables = instance(name, namespace, images(local)["redis-8.0"], storage=CLAIMS)
    with under_the_ledger(local, variables) as mark:
        members = Members.of(local, variables)
        victim = members.master_away_from(CLIENTS)
        uids = {pod["metadata"]["name"]: pod["metadata"]["uid"] for pod in members.pods()}
        key = key_of_each_slot()[members.first_slot(victim)]
        mark(fault.__name__)
        with fault(members, victim):
            wait_for_an_heir(members, victim)
            assert_takes_no_writes(members, victim, key)
            assert {pod["metadata"]["name"]: pod["metadata"]["uid"] for pod in members.pods()} == uids


def assert_takes_no_writes(members: Members, victim: dict[str, Any], key: str) -> None:
    """Asked on its own node. It may take a moment until it knows that it is alone; then never any more."""
    deadline = time.monotonic() + ELECTED_WITHIN
    while takes_write(members, victim, key):
        assert time.monotonic() < deadline, "a master that is cut off goes on taking writes"
        time.sleep(0.5)
    for _turn in range(20):
        assert not takes_write(members, victim, key), "a master that is cut off takes writes again"
        time.sleep(0.25)


def takes_write(members: Members, victim: dict[str, Any], key: str) -> bool:
    words = ("SET", f"alone:{{{key}}}", "1")
    try:
        answer = members.ask(victim, *words, login=members.application, via=faults.node_of(victim))
    except (RedisError, OSError):
        return False
    return bool(answer == "OK")


@pytest.mark.chaos
def test_node_without_kubelet(local: Cluster, namespace: str) -> None:
    """Its servers go on, whatever Kubernetes says of their node."""
    variables = instance("no-kubelet", namespace, images(local)["redis-8.0"], storage=CLAIMS)
    with under_the_ledger(local, variables) as mark:
        members = Members.of(local, variables)
        victim = members.master_away_from(CLIENTS)
        before = lives(local, namespace, "no-kubelet")
        mark("no kubelet")
        with faults.without_kubelet(faults.node_of(victim)):
            wait_until_not_ready(local, faults.node_of(victim).name)
            assert members.is_master(victim)
        assert lives(local, namespace, "no-kubelet") == before


def wait_until_not_ready(cluster: Cluster, node: str) -> None:
    cluster.kubectl("wait", "--for=condition=Ready=Unknown", f"node/{node}", "--timeout=110s")
