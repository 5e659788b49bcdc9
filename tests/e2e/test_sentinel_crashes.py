# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A master that dies, hangs or is cut off, with nobody there: another takes over, what WAIT has promised is kept, no
two take writes for longer than the fence, and the former one comes back as a replica."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial

import pytest
from redis.exceptions import RedisError

from tests.chaos.ledger import Ledger
from tests.e2e import faults, playbook
from tests.e2e.cluster import Cluster
from tests.e2e.instances import Variables, sentinel_instance
from tests.e2e.outages import eventually
from tests.e2e.rivals import FENCE_SECONDS, SLACK_SECONDS, rivals
from tests.e2e.sentinel_ledger import confirm_and_discard, made_and_used, used
from tests.e2e.sentinel_members import Pod, SentinelMembers
from tests.e2e.test_sentinel_restart import OTHERS, image_of
from tests.kube.lab import NODES

CLIENTS = NODES[0]
"""There the clients of the ledger are, so it is another node that is lost."""
STOPPED_SECONDS = 30
ELECTED_WITHIN = 60.0
"""Seconds; it takes down-after, 5 s, and an election."""
WRITES = 50


@pytest.fixture(scope="module")
def shared(local: Cluster, namespace: str, image: str) -> Iterator[Variables]:
    """One instance for what leaves it as it was."""
    variables = sentinel_instance(local, "shared", namespace, image)
    playbook.converge(local, variables)
    yield variables
    confirm_and_discard(local, variables)


def await_another(members: SentinelMembers, victim: Pod, run: Ledger) -> None:
    """The victim is not asked: it may let the question time out, and what it took until another leads is told."""
    others = [pod for pod in members.pods("server") if pod["metadata"]["name"] != victim["metadata"]["name"]]
    seconds = eventually(lambda: any(members.role_of(pod) == "master" for pod in others), ELECTED_WITHIN)
    run.mark(f"another leads after {seconds:.1f} s")


@pytest.mark.chaos
@pytest.mark.parametrize(
    ("line", "persistence"),
    [("redis-8.0", "aof"), ("redis-8.0", "rdb"), ("redis-8.0", "none"), *((line, "aof") for line in OTHERS)],
)
def test_server_killed(local: Cluster, namespace: str, line: str, persistence: str) -> None:
    """Its container starts again at once. With its append-only file it may lead on, before anybody was elected; without
    one its data is older than what its replicas have, and it must follow one of them."""
    name = f"killed-{line.replace('.', '-')}-{persistence}"
    variables = sentinel_instance(local, name, namespace, image_of(local, line), persistence=persistence)
    with made_and_used(local, variables, dies=True) as (members, run):
        victim = members.master()
        held = int(members.ask(victim, "DBSIZE"))
        with rivals(members) as seen:
            run.mark("killed")
            faults.kill(victim)
            if persistence != "aof":
                await_another(members, victim, run)
            eventually(partial(has_restarted, members, victim), ELECTED_WITHIN)
            members.wait_until_healthy()
        print(f"{victim['metadata']['name']} was killed, {members.masters()} leads; two took writes: {seen.together} s")
        assert persistence == "aof" or members.master()["metadata"]["name"] != victim["metadata"]["name"]
        assert seen.together <= FENCE_SECONDS + SLACK_SECONDS, seen.taken
        assert [int(members.ask(pod, "DBSIZE")) >= held for pod in members.pods("server")] == [True] * 3


def has_restarted(members: SentinelMembers, victim: Pod) -> bool:
    """The same pod, with one restart more."""
    now = next(pod for pod in members.pods("server") if pod["metadata"]["name"] == victim["metadata"]["name"])
    return restarts(now) > restarts(victim) and now["metadata"]["uid"] == victim["metadata"]["uid"]


def restarts(pod: Pod) -> int:
    return sum(int(one["restartCount"]) for one in pod["status"]["containerStatuses"])


@pytest.mark.chaos
def test_server_stands_still(local: Cluster, shared: Variables) -> None:
    with used(local, shared, "hangs", dies=True) as (members, run):
        victim = members.master()
        with rivals(members) as seen:
            run.mark(f"stopped for {STOPPED_SECONDS} s")
            began = time.monotonic()
            with faults.stopped(victim):
                await_another(members, victim, run)
                time.sleep(max(began + STOPPED_SECONDS - time.monotonic(), 0))
            run.mark("goes on")
            members.wait_until_healthy()
        print(f"two took writes: {seen.together} s")
        assert members.master()["metadata"]["name"] != victim["metadata"]["name"]
        assert seen.together <= FENCE_SECONDS + SLACK_SECONDS, seen.taken


@pytest.mark.chaos
def test_node_lost_and_back(local: Cluster, shared: Variables) -> None:
    """With a server, a Sentinel and perhaps a proxy on it."""
    with used(local, shared, "node-lost", dies=True) as (members, run):
        victim = master_away_from_the_clients(local, members, shared)
        node = faults.node_of(victim)
        there = [pod for kind in ("server", "sentinel", "proxy") for pod in members.pods(kind)]
        with rivals(members) as seen:
            run.mark(f"{node.name} lost")
            with faults.lost(node, there):
                await_another(members, victim, run)
                run.wait_for_writes(WRITES)
            run.mark(f"{node.name} is back")
            members.wait_until_healthy()
        print(f"two took writes: {seen.together} s")
        assert members.master()["metadata"]["name"] != victim["metadata"]["name"]
        assert seen.together <= FENCE_SECONDS + SLACK_SECONDS, seen.taken


@pytest.mark.chaos
def test_node_cut_off_and_back(local: Cluster, shared: Variables) -> None:
    """Its master lives and has clients on its own node; without replicas it must stop taking writes."""
    with used(local, shared, "node-cut", dies=True) as (members, run):
        victim = master_away_from_the_clients(local, members, shared)
        node = faults.node_of(victim)
        run.mark(f"{node.name} cut off")
        with faults.cut_off(node):
            await_another(members, victim, run)
            eventually(lambda: not takes_writes(members, victim), FENCE_SECONDS + SLACK_SECONDS)
            for _turn in range(20):
                assert not takes_writes(members, victim), "a master that is cut off takes writes again"
                time.sleep(0.25)
            run.wait_for_writes(WRITES)
        run.mark(f"{node.name} is back")
        members.wait_until_healthy()
        assert members.master()["metadata"]["name"] != victim["metadata"]["name"]


def takes_writes(members: SentinelMembers, victim: Pod) -> bool:
    """Asked on its own node."""
    try:
        answer = members.ask(victim, "SET", "alone", "1", login=members.application, via=faults.node_of(victim))
    except (RedisError, OSError):
        return False
    return bool(answer == "OK")


def master_away_from_the_clients(cluster: Cluster, members: SentinelMembers, variables: Variables) -> Pod:
    """Handed over where need be."""
    if faults.node_of(members.master()) == CLIENTS:
        done = playbook.run(cluster, "redis_sentinel_failover", variables)
        assert done.succeeded, done.output
        members.wait_until_healthy()
    return members.master()
