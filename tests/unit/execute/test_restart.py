# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pods restarted one by one on servers in memory: in order, when gates stay shut, when the budget or the API refuses,
when the new pod is stuck, and by runs that are killed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._decide import health, rollout
from ansible_collections.k8sredis.core.plugins.module_utils._decide.restart_gates import Limits
from ansible_collections.k8sredis.core.plugins.module_utils._decide.rollout import Bounds, Wanted
from ansible_collections.k8sredis.core.plugins.module_utils._execute import restart
from ansible_collections.k8sredis.core.plugins.module_utils._execute.restart import Job, Outcome
from ansible_collections.k8sredis.core.plugins.module_utils._execute.session import Session
from ansible_collections.k8sredis.core.plugins.module_utils._model import (
    BEING_DELETED,
    ClusterError,
    Refused,
    Retryable,
)
from ansible_collections.k8sredis.core.plugins.module_utils._observe.kube import Busy, Conflict

from tests.unit.decide import views
from tests.unit.decide.views import wish
from tests.unit.execute.test_converge import Instance, KilledError
from tests.unit.execute.test_failover import Lease
from tests.unit.stand_ins.cluster import Server
from tests.unit.stand_ins.kube import StandInKube

TIMEOUT = 90.0
OLD, NEW = "0ld", "new"
COMES_BACK_AFTER = 2.0


class Cluster(Instance):
    """A created one whose pods are all outdated. A pod that is told to go comes back as another one."""

    def __init__(self, replicas: int = 1) -> None:
        super().__init__(3, replicas)
        self.replicas = replicas
        self.create(wish(3, replicas, cluster_node_timeout="15000"))
        self.servers.log.clear()
        for server in self.servers.by_name.values():
            server.member = replace(server.member, restart_hash=OLD, ready=True)
        self.kube = StandInKube()
        self.kube.on_evict = self.end
        self.lease = Lease()
        self.last: Session = self.session()
        self.keeps_data, self.becomes = True, NEW
        self.comes_back: dict[str, Any] = {"waiting": "", "stuck": False}

    def end(self, name: str, uid: str) -> None:
        server = self.servers[name]
        if server.member.uid != uid:
            raise Conflict(f"Cannot post {name}: 409 it is another one; run again.")
        server.alive = False
        server.member = replace(server.member, waiting=BEING_DELETED)
        self.time.later(COMES_BACK_AFTER, lambda: self.begin(name))

    def begin(self, name: str) -> None:
        server = self.servers[name]
        self.servers.restart(
            name,
            f"10.9.{server.life + 1}.{10 * (server.member.shard or 0) + (server.member.ordinal or 0) + 1}",
            self.keeps_data,
        )
        server.member = replace(server.member, restart_hash=self.becomes, **self.comes_back)
        server.alive = not server.member.waiting

    def run(self, requested: dict[str, str] | None = None, **given: Any) -> Outcome:
        wished = {} if requested else {name: Wanted(NEW) for name in self.servers.by_name}
        if requested:
            wished = {name: Wanted(OLD) for name in self.servers.by_name}
        job = Job(wished, requested or {}, **{"timeout": TIMEOUT, **given})
        self.last = Session(
            self.target, tuple(self.servers.by_name), clock=self.time.clock, wish=wish(3, self.replicas)
        )
        self.last.notes = self.lease
        try:
            return restart.restart_next(self.last, self.kube, wish(3, self.replicas), job)
        finally:
            self.last.close()

    def roll(self, **given: Any) -> list[str]:
        """All of them; the pods in order."""
        pods = []
        while True:
            done = self.run(**given)
            if done.turn:
                pods.append(done.turn.pod)
            if not done.left.turns:
                return pods

    @property
    def healthy(self) -> bool:
        return health.findings(views.seen(self.servers), health.CONVERGENCE) == ()

    @property
    def masters(self) -> list[str]:
        return [name for name, server in self.servers.by_name.items() if server.myself.slots]


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


def failure(deed: Callable[[], object], kind: type[ClusterError] = ClusterError) -> str:
    with pytest.raises(kind) as error:
        deed()
    return str(error.value)


ORDER = ["shop-0-1", "shop-0-0", "shop-1-1", "shop-1-0", "shop-2-1", "shop-2-0"]


def test_all_pods_one_after_the_other(cluster: Cluster) -> None:
    assert cluster.roll() == ORDER
    assert cluster.kube.evictions == ORDER
    assert cluster.masters == ["shop-0-1", "shop-1-1", "shop-2-1"]
    assert cluster.healthy
    assert [server.life for server in cluster.servers.by_name.values()] == [1] * 6
    again = cluster.run()
    assert (again.turn, again.left.turns, cluster.last.done) == (None, (), [])


def test_a_master_hands_over_before_it_goes(cluster: Cluster) -> None:
    cluster.run()
    seen: list[tuple[bool, list[str]]] = []

    def note() -> None:
        seen.append((bool(cluster.servers["shop-0-0"].myself.slots), cluster.sent("CLUSTER FAILOVER")))

    cluster.kube.before_write = note
    done = cluster.run()
    assert (done.turn.pod if done.turn else "", seen) == ("shop-0-0", [(False, ["shop-0-1: CLUSTER FAILOVER"])])
    assert [step.kind for step in cluster.last.done][:2] == ["failover", "restart"]


def test_two_replicas(cluster: Cluster) -> None:
    del cluster
    wide = Cluster(replicas=2)
    assert wide.roll()[:3] == ["shop-0-1", "shop-0-2", "shop-0-0"]
    assert wide.healthy


def test_pods_without_their_data_are_made_members_again(cluster: Cluster) -> None:
    cluster.keeps_data = False
    assert cluster.roll() == ORDER
    assert cluster.healthy
    assert {len(server.table) for server in cluster.servers.by_name.values()} == {6}


@pytest.mark.parametrize(("clients", "least", "most"), [(0, 0.3, 0.5), (20, 1.0, 1.6), (1000, 3.0, 3.3)])
def test_clients_leave_before_the_pod_goes(cluster: Cluster, clients: int, least: float, most: float) -> None:
    cluster.run()
    took_over: list[float] = []

    def note(server: Server, words: tuple[str, ...]) -> None:
        if words[:2] == ("CLUSTER", "FAILOVER"):
            cluster.servers["shop-0-0"].clients_left = clients
            took_over.append(cluster.time.time)

    cluster.servers.on_command = note
    gone: list[float] = []
    cluster.kube.before_write = lambda: gone.append(cluster.time.time)
    cluster.run()
    # The proof of the failover takes a moment more.
    assert least <= gone[0] - took_over[0] <= most + 0.6


def test_a_request_restarts_each_pod_once(cluster: Cluster) -> None:
    cluster.becomes = OLD
    request = {name: server.member.uid for name, server in cluster.servers.by_name.items()}
    pods = []
    while (done := cluster.run(request)).turn:
        pods.append(done.turn.pod)
    assert pods == ORDER


def test_the_exact_reason_of_a_shut_gate(cluster: Cluster) -> None:
    cluster.servers["shop-2-0"].member = replace(cluster.servers["shop-2-0"].member, ready=False)
    message = failure(lambda: cluster.run(timeout=30.0), Retryable)
    assert message == (
        "Cannot restart shop-0-1 within 30 s: shop-2-0: its pod is not Ready yet; mend that, see "
        "'cluster_info', and run "
        "again."
    )
    assert (cluster.kube.writes, cluster.sent(), cluster.last.done) == (0, [], [])


def test_what_is_refused_is_refused_at_once(cluster: Cluster) -> None:
    message = failure(lambda: cluster.run(limits=Limits(maxmemory=10)), Refused)
    assert message.startswith("Cannot restart shop-0-1: shop-0-0 uses 1000 bytes, more than the 10 of maxmemory")
    assert (cluster.kube.writes, cluster.time.passed < 1) == (0, True)


def test_a_budget_that_forbids_it_is_waited_for(cluster: Cluster) -> None:
    refusals = ["the budget shop needs 5 healthy pods and has 5 currently"] * 3

    def refuse(name: str, uid: str) -> None:
        if refusals:
            raise Busy(f"Cannot post: 429 {refusals.pop()}; run again when it is allowed.")
        cluster.end(name, uid)

    cluster.kube.on_evict = refuse
    cluster.run()
    assert cluster.kube.evictions == ["shop-0-1"] * 4
    assert cluster.healthy


def test_a_budget_that_forbids_it_for_ever_is_named(cluster: Cluster) -> None:
    def refuse(name: str, uid: str) -> None:
        raise Busy("Cannot post: 429 the budget shop needs 6 healthy pods; run again when it is allowed.")

    cluster.kube.on_evict = refuse
    message = failure(lambda: cluster.run(timeout=20.0), Retryable)
    assert message.startswith(
        "Cannot restart shop-0-1 within 20 s: its eviction is refused: Cannot post: 429 the budget"
    )
    assert cluster.last.done == []


@pytest.mark.parametrize("done", [True, False], ids=["done", "not done"])
def test_an_answer_that_is_lost(cluster: Cluster, done: bool) -> None:
    """The API fell silent: the next look shows whether the pod goes; the pod that follows is never taken for it."""
    lost = [True]

    def silent(name: str, uid: str) -> None:
        if done or not lost:
            cluster.end(name, uid)
        if lost:
            lost.pop()
            raise Retryable("Cannot reach the Kubernetes API at https://k: timed out; check that it answers.")

    cluster.kube.on_evict = silent
    cluster.run()
    assert cluster.kube.evictions == ["shop-0-1"] * (1 if done else 2)
    assert cluster.servers["shop-0-1"].life == 1
    assert cluster.healthy


def test_the_api_may_be_away_while_the_new_pod_starts(cluster: Cluster) -> None:
    members = cluster.target.members
    until = [0.0]

    def away() -> Any:
        if cluster.kube.evictions and not until[0]:
            until[0] = cluster.time.time + 30
        if cluster.time.time < until[0]:
            raise Retryable("Cannot reach the Kubernetes API at https://k: timed out; check that it answers.")
        return members()

    cluster.target.members = away  # type: ignore[method-assign]
    cluster.run()
    assert cluster.kube.evictions == ["shop-0-1"]
    assert cluster.healthy


def test_a_pod_that_somebody_else_replaces_meanwhile_is_not_restarted_again(cluster: Cluster) -> None:
    cluster.servers["shop-2-0"].member = replace(cluster.servers["shop-2-0"].member, ready=False)
    cluster.time.later(5, lambda: cluster.begin("shop-0-1"))
    cluster.time.later(
        20,
        lambda: setattr(cluster.servers["shop-2-0"], "member", replace(cluster.servers["shop-2-0"].member, ready=True)),
    )
    cluster.run()
    assert (cluster.kube.evictions, cluster.servers["shop-0-1"].life) == ([], 1)


@pytest.mark.parametrize(
    "words",
    ["container redis: ErrImagePull", "the pod cannot be scheduled: 0/3 nodes are available", "CrashLoopBackOff"],
)
def test_a_stuck_new_pod_ends_the_run_and_a_rerun_begins_with_it(cluster: Cluster, words: str) -> None:
    cluster.comes_back = {"waiting": words, "stuck": True, "ready": False, "ever_ran": False}
    message = failure(cluster.run, Retryable)
    assert message == (
        f"Cannot restart shop-0-1 to the end: its new pod does not come up: {words}; correct the "
        f"declaration and run again, "
        "which begins with this pod; no other was touched."
    )
    assert cluster.time.passed < 40
    assert cluster.kube.evictions == ["shop-0-1"]
    # The same declaration leaves it; another one begins with it.
    stuck = cluster.servers["shop-0-1"]
    stuck.member = replace(stuck.member, restart_hash="bad")
    cluster.comes_back = {"waiting": "", "stuck": False, "ready": True, "ever_ran": True}
    path = cluster.kube.path("pods", "shop-0-1")
    cluster.kube.create(cluster.kube.path("pods"), {"metadata": {"name": "shop-0-1", "uid": stuck.member.uid}})
    cluster.kube.before_write = lambda: cluster.end("shop-0-1", cluster.servers["shop-0-1"].member.uid)
    done = cluster.run()
    assert (done.turn.kind if done.turn else "", path in cluster.kube.objects) == ("broken", False)
    assert cluster.kube.evictions == ["shop-0-1"]
    cluster.kube.before_write = lambda: None
    assert cluster.roll() == ORDER[1:]


def test_a_pod_that_is_not_made(cluster: Cluster) -> None:
    def vanish(name: str, uid: str) -> None:
        del uid
        del cluster.servers.by_name[name]

    cluster.kube.on_evict = vanish
    cluster.target.words["shop-0-1"] = 'pods "shop-0-1" is forbidden: exceeded quota'
    names = tuple(cluster.servers.by_name)
    cluster.last = Session(cluster.target, names, clock=cluster.time.clock, wish=wish(3, 1))
    job = Job({name: Wanted(NEW) for name in names}, timeout=TIMEOUT)
    message = failure(lambda: restart.restart_next(cluster.last, cluster.kube, wish(3, 1), job))
    assert 'its pod does not exist; Kubernetes says: pods "shop-0-1" is forbidden: exceeded quota' in message


def test_a_pod_that_only_starts_is_given_time(cluster: Cluster) -> None:
    server = cluster.servers["shop-0-1"]
    server.alive = False
    server.member = replace(server.member, ready=False, waiting="the pod is Pending, its containers do not run yet")

    def up() -> None:
        server.alive = True
        server.member = replace(server.member, ready=True, waiting="")

    cluster.time.later(10, up)
    message = failure(lambda: cluster.run(timeout=30.0), Retryable)
    assert "shop-0-1 has come up meanwhile" in message
    assert cluster.kube.writes == 0


@pytest.mark.parametrize(
    ("pod", "keeps_data", "stride"),
    [("shop-0-1", True, 3), ("shop-0-0", True, 7), ("shop-0-1", False, 7)],
    ids=["replica", "master", "without its data"],
)
def test_a_run_that_is_killed_at_any_step_is_taken_up(pod: str, keeps_data: bool, stride: int) -> None:
    """Killed after each command and each request to Kubernetes in turn; the next run finishes, each pod once."""
    for step in range(1, 60, stride):
        cluster = Cluster()
        cluster.keeps_data = keeps_data
        if pod == "shop-0-0":
            cluster.run()
        left = iter(range(step - 1, -1, -1))

        def count(*_: object, left: Iterator[int] = left) -> None:
            if not next(left, 1):
                raise KilledError

        def end(name: str, uid: str, cluster: Cluster = cluster, count: Callable[..., None] = count) -> None:
            cluster.end(name, uid)
            count()

        cluster.servers.on_command, cluster.kube.on_evict = count, end
        try:
            cluster.run()
        except KilledError:
            cluster.servers.on_command, cluster.kube.on_evict = (lambda server, words: None), cluster.end
            cluster.run(bounds=Bounds(limit=ORDER.index(pod) + 1))
            assert cluster.servers[pod].member.restart_hash == NEW, step
            cluster.run(bounds=Bounds(limit=ORDER.index(pod) + 2))
            assert cluster.healthy, step
            assert [cluster.servers[name].life for name in ORDER[:3]] == [1] * (ORDER.index(pod) + 2) + [0] * (
                1 - ORDER.index(pod)
            ), step
        else:
            assert step > 1
            return
    raise AssertionError("it does not end")


def test_a_lost_lock_keeps_the_pod(cluster: Cluster) -> None:
    def lost() -> None:
        raise Refused("Cannot change shop: it is locked by another.")

    names = tuple(cluster.servers.by_name)
    session = Session(cluster.target, names, lost, cluster.time.clock, wish=wish(3, 1))
    job = Job({name: Wanted(NEW) for name in names}, timeout=TIMEOUT)
    assert "locked by another" in failure(lambda: restart.restart_next(session, cluster.kube, wish(3, 1), job))
    assert cluster.kube.evictions == []


def test_a_lone_master_by_consent() -> None:
    lone = Cluster(replicas=0)
    assert "nobody can take over (it has no replica)" in failure(lone.run, Refused)
    lone.run(limits=Limits(accept_interruption=True))
    assert lone.kube.evictions == ["shop-0-0"]
    assert lone.healthy


def test_a_pause_only_between_pods(cluster: Cluster) -> None:
    cluster.run(pause=600.0)
    assert 600.0 in cluster.time.slept
    cluster.roll()
    assert rollout.due(views.seen(cluster.servers), {name: Wanted(NEW) for name in ORDER}, {}) == []
    cluster.time.slept.clear()
    cluster.run(pause=600.0)
    assert 600.0 not in cluster.time.slept
