# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One pod after the other on servers and Sentinels in memory: in order, with a failover before the master, when gates
stay shut, when the new pod is stuck, and by runs that are killed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._decide.restart_gates import Limits
from ansible_collections.k8sredis.core.plugins.module_utils._decide.rollout import Bounds, Rollout, Wanted
from ansible_collections.k8sredis.core.plugins.module_utils._execute import sentinel_failover, sentinel_restart
from ansible_collections.k8sredis.core.plugins.module_utils._execute.restart import Job, Outcome
from ansible_collections.k8sredis.core.plugins.module_utils._execute.watching import Watching
from ansible_collections.k8sredis.core.plugins.module_utils._model import BEING_DELETED, Refused, Retryable, Step
from ansible_collections.k8sredis.core.plugins.module_utils._model_sentinel import Watch
from ansible_collections.k8sredis.core.plugins.module_utils._observe.kube import Busy, Conflict

from tests.unit.decide import watches
from tests.unit.stand_ins.clock import FakeClock
from tests.unit.stand_ins.kube import StandInKube

OLD, NEW = "0ld", "new"
NUMBERS = (1, 2, 3)
SERVERS = [f"10.0.0.{number}:6379" for number in NUMBERS]
SENTINELS = [f"10.0.0.{number}:26379" for number in NUMBERS]
ORDER = [SERVERS[1], SERVERS[2], SERVERS[0], *SENTINELS]
COMES_BACK_AFTER = 2.0


class Instance:
    """Stands in for Watching. A pod that is told to go comes back as another one after some time."""

    def __init__(self, watch: Watch | None = None) -> None:
        self.fake = FakeClock(self._pass)
        self.clock = self.fake.clock
        self.done: list[Step] = []
        self.guard: Callable[[], None] = lambda: None
        self.watch = watch or watches.watch()
        self.master = SERVERS[0]
        self.kube = StandInKube()
        self.kube.on_evict = self.end
        self.becomes: dict[str, Any] = {"restart_hash": NEW, "ready": True, "waiting": "", "stuck": False}
        self.evictions = 0
        self._later: list[tuple[float, str]] = []
        for name in self.watch.pods:
            self.place(name, uid=f"{name}-1", restart_hash=OLD, ready=True)

    def place(self, name: str, **member: Any) -> None:
        self.watch = watches.with_member(self.watch, name, **member)

    def end(self, name: str, uid: str) -> None:
        process = self.watch.process(name)
        if process is None or process.member.uid != uid:
            raise Conflict(f"Cannot post {name}: 409 it is another one; run again.")
        self.evictions += 1
        self.place(name, waiting=BEING_DELETED)
        self._later.append((self.fake.time + COMES_BACK_AFTER, name))

    def _pass(self) -> None:
        for when, name in [each for each in self._later if each[0] <= self.fake.time]:
            self._later.remove((when, name))
            process = self.watch.process(name)
            assert process is not None
            life = int(process.member.uid.rpartition("-")[2]) + 1
            self.place(name, uid=f"{name}-{life}", **self.becomes)

    def observe(self) -> Watch:
        return self.watch

    def prove(self, missing: Callable[[Watch], str], timeout: float, deed: str) -> Watch:
        real: Any = Watching.prove
        found: Watch = real(self, missing, timeout, deed)
        return found

    def taken_over(self, _watching: object, to: str, away_from: Sequence[str], _timeout: float) -> Watch:
        """The planned failover: THREE is master of all."""
        assert (to, away_from) == ("", [self.master])
        self.master = SERVERS[2]
        for number in NUMBERS:
            role: dict[str, str] = (
                {"role": "master"}
                if number == 3
                else {
                    "role": "slave",
                    "master_host": "10.0.0.3",
                    "master_port": "6379",
                    "master_link_status": "up",
                    "master_sync_in_progress": "0",
                    "slave_repl_offset": "1000",
                }
            )
            self.watch = watches.with_server(self.watch, number, None, **role)
            master = watches.peer("server", 3, "master", **watches.TOLD)
            replicas = tuple(watches.peer("server", n, "slave") for n in (1, 2))
            self.watch = watches.with_sentinel(self.watch, number, master=master, replicas=replicas)
        self.done.append(Step("failover", SERVERS[2], "takes over", "away"))
        return self.watch

    def run(self, **given: Any) -> Outcome:
        job = Job({name: Wanted(NEW) for name in (*SERVERS, *SENTINELS)}, **{"timeout": 30.0, **given})
        watching: Any = self
        return sentinel_restart.restart_next(watching, self.kube, job, lambda _name: "")


@pytest.fixture
def beside(monkeypatch: pytest.MonkeyPatch) -> Instance:
    """With each Sentinel in the pod of a server."""
    made = Instance(watches.beside(watches.watch()))
    monkeypatch.setattr(sentinel_failover, "hand_over", made.taken_over)
    return made


@pytest.fixture
def instance(monkeypatch: pytest.MonkeyPatch) -> Instance:
    made = Instance()
    monkeypatch.setattr(sentinel_failover, "hand_over", made.taken_over)
    return made


def test_all_of_them_in_order(instance: Instance) -> None:
    done = []
    while (outcome := instance.run()).turn is not None:
        done.append(outcome.turn.pod)
    assert done == ORDER
    assert instance.evictions == len(ORDER)
    steps = [(step.kind, step.subject) for step in instance.done]
    assert steps.index(("failover", SERVERS[2])) == steps.index(("restart", SERVERS[0])) - 1
    assert outcome.left.turns == ()


def test_a_pod_with_both_goes_once(beside: Instance) -> None:
    done = []
    while (outcome := beside.run()).turn is not None:
        done.append(outcome.turn.pod)
    assert done == ORDER[:3]
    assert beside.evictions == 3


@pytest.mark.parametrize("seconds", [10, 100])
def test_the_sentinel_of_a_new_pod_is_waited_for(beside: Instance, seconds: int) -> None:
    """The server beside it answers long before; the wait is one of 30 s."""
    late = beside.fake.time + seconds

    def comes_later() -> None:
        error = "Connection refused" if beside.evictions and beside.fake.time < late else ""
        beside.watch = watches.with_sentinel(beside.watch, 2, error=error)

    beside.fake.passing.append(comes_later)
    if seconds > 30:
        with pytest.raises(Retryable, match=r"its new pod does not come up: Connection refused; correct"):
            beside.run()
    else:
        assert beside.run().turn is not None
        assert beside.fake.time >= late


def test_a_gate_that_stays_shut_leaves_the_pod(instance: Instance) -> None:
    instance.watch = watches.with_server(instance.watch, 3, master_link_status="down")
    with pytest.raises(Retryable, match=r"Cannot restart 10.0.0.2:6379 within 30 s: 10.0.0.3:6379: is not in sync"):
        instance.run()
    assert instance.evictions == 0


def test_a_refusal_comes_at_once(instance: Instance) -> None:
    instance.watch = watches.with_server(instance.watch, 1, used_memory="5")
    with pytest.raises(Refused, match=r"Cannot restart 10.0.0.2:6379: 10.0.0.1:6379 uses 5 bytes, more than the 1"):
        instance.run(limits=Limits(maxmemory=1))
    assert (instance.evictions, instance.fake.passed) == (0, 0)


def test_the_budget_is_waited_for(instance: Instance) -> None:
    refusals = 3

    def busy(name: str, uid: str) -> None:
        nonlocal refusals
        refusals -= 1
        if refusals >= 0:
            raise Busy("Cannot evict: 429 disruption budget; run again when it is allowed.")
        instance.end(name, uid)

    instance.kube.on_evict = busy
    assert instance.run().turn is not None
    assert instance.evictions == 1


def test_a_new_pod_that_is_stuck_ends_the_run(instance: Instance) -> None:
    instance.becomes = {"restart_hash": NEW, "ready": False, "waiting": "no such image", "stuck": True}
    with pytest.raises(
        Retryable, match=r"Cannot restart 10.0.0.2:6379 to the end: its new pod does not come up: no such"
    ):
        instance.run()
    instance.becomes = {"restart_hash": NEW, "ready": True, "waiting": "", "stuck": False}
    stuck = instance.watch.process(SERVERS[1])
    assert stuck is not None
    assert stuck.member.stuck


def test_a_pod_from_other_settings_than_wished(instance: Instance) -> None:
    instance.becomes["restart_hash"] = "else"
    with pytest.raises(Retryable, match="its new pod is made from other settings than wished"):
        instance.run()


def test_a_run_that_was_killed_is_taken_up(instance: Instance) -> None:
    """The pod has been told to go already."""
    instance.end(SERVERS[1], f"{SERVERS[1]}-1")
    outcome = instance.run()
    assert outcome.turn is not None
    assert (outcome.turn.pod, instance.evictions) == (SERVERS[1], 1)


def test_one_that_becomes_master_at_the_last_moment_is_kept(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = 0
    plain = instance.observe

    def observe() -> Watch:
        nonlocal looks
        looks += 1
        if looks == 4:  # the decision and both looks of the gate are over
            instance.taken_over(instance, "", [SERVERS[0]], 0.0)
        return plain()

    instance.place(SERVERS[1], restart_hash=NEW)
    monkeypatch.setattr(instance, "observe", observe)
    with pytest.raises(Retryable, match="it has become the master at this moment; run again, it then hands over first"):
        instance.run()
    assert instance.evictions == 0


def test_a_lock_that_was_lost_stops_it(instance: Instance) -> None:
    def lost() -> None:
        raise Retryable("Cannot go on: the lock is another's.")

    instance.guard = lost
    with pytest.raises(Retryable, match="the lock is another's"):
        instance.run()
    assert instance.evictions == 0


def test_nothing_due(instance: Instance) -> None:
    for name in ORDER:
        instance.place(name, restart_hash=NEW)
    assert instance.run() == Outcome(None, Rollout())
    instance.place(SERVERS[0], restart_hash=OLD)
    outcome = instance.run(bounds=Bounds(masters="skip"))
    assert outcome.turn is None
    assert outcome.left.held.startswith(f"{SERVERS[0]} waits")
