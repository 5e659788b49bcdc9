# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster brought to its wish, phase by phase, on servers in memory: also when members vanish, when runs are killed,
and when the members are somebody else's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._decide import health, order, slots
from ansible_collections.k8sredis.core.plugins.module_utils._execute import arrival, converge
from ansible_collections.k8sredis.core.plugins.module_utils._execute.session import Session
from ansible_collections.k8sredis.core.plugins.module_utils._model import (
    ClusterError,
    Fatal,
    Member,
    Refused,
    Retryable,
    View,
    Wish,
)

from tests.unit.decide import views
from tests.unit.decide.views import member, names, wish
from tests.unit.stand_ins.clock import FakeClock
from tests.unit.stand_ins.cluster import Server, Servers, StandInTarget, Words
from tests.unit.stand_ins.threads import in_order

Phase = Callable[[Session, Wish, float], View]

PHASES: tuple[Phase, ...] = (converge.join, converge.assign, converge.attach)
TIMEOUT = 60.0
WISH = wish(3, 1, cluster_node_timeout="15000")
SIX = names(3, 1)


class KilledError(BaseException):
    """kill -9: nobody catches it, and nothing is cleaned up."""


class Instance:
    """Six pods on a network where time passes only while somebody sleeps."""

    def __init__(self, shards: int = 3, replicas: int = 1) -> None:
        self.servers = Servers([member(name) for name in names(shards, replicas)])
        self.time = FakeClock(self.servers.tick)
        self.target = StandInTarget(self.servers)

    def session(self, *expected: str, guard: Callable[[], None] = lambda: None) -> Session:
        return Session(self.target, expected, guard, self.time.clock)

    def create(self, wished: Wish = WISH) -> View:
        for phase in PHASES:
            view = phase(self.session(), wished, TIMEOUT)
        return view

    def created(self) -> Instance:
        self.create()
        self.servers.log.clear()
        self.time.slept.clear()
        return self

    def sent(self, *verbs: str) -> list[str]:
        """What changed something, in words; only these first two words when some are given."""
        log = [f"{name}: {' '.join(words)}" for name, words in self.servers.log]
        return [line for line in log if not verbs or line.split(": ")[1].startswith(verbs)]

    def setting(self, name: str) -> set[str]:
        return {server.settings[name] for server in self.servers.alive}


@pytest.fixture
def instance() -> Instance:
    return Instance()


def failure(kind: type[ClusterError], phase: Phase, instance: Instance, wished: Wish = WISH) -> str:
    with pytest.raises(kind) as failed:
        phase(instance.session(), wished, TIMEOUT)
    return str(failed.value)


# From nothing to a cluster.


def test_a_cluster_is_created_and_every_table_agrees(instance: Instance) -> None:
    view = instance.create()
    assert health.findings(view, health.CONVERGENCE) == ()
    assert order.is_in_order(view, WISH)
    assert views.slots_of(view) == {"shop-0-0": "0-5460", "shop-1-0": "5461-10921", "shop-2-0": "10922-16383"}
    masters = {one.name: view.by_id[one.myself.master_id].name for one in view.nodes if one.myself.master_id}
    assert masters == {"shop-0-1": "shop-0-0", "shop-1-1": "shop-1-0", "shop-2-1": "shop-2-0"}


def test_a_run_with_nothing_to_do_changes_nothing(instance: Instance) -> None:
    instance.created().create()
    assert (instance.sent(), instance.time.slept) == ([], [])


def test_epochs_are_set_before_anybody_meets(instance: Instance) -> None:
    converge.join(instance.session(), wish(), TIMEOUT)
    assert [line.split()[2] for line in instance.sent()[:6]] == ["SET-CONFIG-EPOCH"] * 6
    assert {line.split()[2] for line in instance.sent()[6:]} == {"MEET"}
    assert len(instance.sent()) == 6 + 15


def test_what_a_member_changed_it_shows_to_all_others(instance: Instance) -> None:
    converge.join(instance.session(), wish(), TIMEOUT)
    instance.servers.log.clear()
    converge.assign(instance.session(), wish(), TIMEOUT)
    assert instance.sent("CLUSTER MEET") == [
        f"{name}: CLUSTER MEET {member(other).host} 6379 16379"
        for name in ("shop-0-0", "shop-1-0", "shop-2-0")
        for other in SIX
        if other != name
    ]


def test_a_session_remembers_what_it_did(instance: Instance) -> None:
    session = instance.session()
    converge.join(session, WISH, TIMEOUT)
    assert [step.kind for step in session.done] == ["epoch"] * 6 + ["meet"] * 5


def commands_of_a_creation() -> int:
    """Asked when tests are collected, and to be the same in each worker: ``known_order`` is not there yet."""
    with in_order():
        instance = Instance()
        instance.create()
    return len(instance.sent())


@pytest.mark.parametrize("commands", range(0, commands_of_a_creation(), 3))
def test_a_run_killed_anywhere_is_taken_up_by_the_next(commands: int) -> None:
    instance = Instance()

    def kill(server: Server, words: Words) -> None:
        if len(instance.servers.log) >= commands:
            raise KilledError

    instance.servers.on_command = kill
    try:
        instance.create()
    except KilledError:
        pass
    else:
        pytest.fail("a creation of six takes more commands than that")
    instance.servers.on_command = lambda server, words: None
    view = instance.create()
    assert order.is_in_order(view, WISH)
    assert instance.setting("cluster-node-timeout") == {"15000"}


# Settings for a moment.


def test_a_new_cluster_is_made_with_a_short_node_timeout_which_is_put_back(instance: Instance) -> None:
    converge.join(instance.session(), WISH, TIMEOUT)
    sent = instance.sent("CONFIG SET")
    assert sent[:6] == [f"{name}: CONFIG SET cluster-node-timeout 1000" for name in SIX]
    assert sent[6:] == [f"{name}: CONFIG SET cluster-node-timeout 15000" for name in SIX]
    assert instance.setting("cluster-node-timeout") == {"15000"}


def test_without_a_wish_no_setting_is_touched(instance: Instance) -> None:
    instance.create(wish())
    assert instance.sent("CONFIG") == []


def test_a_cluster_with_keys_keeps_its_settings_while_it_is_mended(instance: Instance) -> None:
    instance.created().servers["shop-0-0"].keys = 7
    instance.servers.restart("shop-1-1", "10.7.7.7")
    instance.create()
    assert (instance.sent("CONFIG"), len(instance.sent("CLUSTER MEET")) > 0) == ([], True)


def test_what_a_killed_run_left_is_put_right_first(instance: Instance) -> None:
    instance.created().servers["shop-1-0"].settings["cluster-node-timeout"] = "1000"
    session = instance.session()
    converge.join(session, WISH, TIMEOUT)
    assert instance.sent() == ["shop-1-0: CONFIG SET cluster-node-timeout 15000"]
    assert [step.kind for step in session.done] == ["set"]


def test_a_failed_run_puts_settings_back_and_tells_of_its_own_failure(instance: Instance) -> None:
    instance.servers.refusals["shop-0-0", "CLUSTER SET-CONFIG-EPOCH"] = "ERR no"
    assert failure(Fatal, converge.join, instance).startswith("Cannot bring about 'shop-0-0 gets config epoch 1'")
    assert instance.setting("cluster-node-timeout") == {"15000"}


def test_a_member_that_vanishes_for_good_is_what_the_run_tells_of(instance: Instance) -> None:
    def vanish(server: Server, words: Words) -> None:
        if words[:2] == ("CLUSTER", "SET-CONFIG-EPOCH"):
            instance.servers["shop-2-1"].alive = False

    instance.servers.on_command = vanish
    assert failure(Retryable, converge.join, instance) == (
        "Cannot join the cluster within 60 s: shop-2-1: Error 111 connecting to 10.0.2.2:6379. Connection refused (6 "
        "findings in all); see 'cluster_info' and run again."
    )
    assert instance.setting("cluster-node-timeout") == {"15000"}


def test_a_member_that_refuses_a_setting(instance: Instance) -> None:
    instance.servers.refusals["shop-1-1", "CONFIG SET"] = "NOPERM no right to CONFIG SET"
    assert failure(Fatal, converge.join, instance) == (
        "Cannot set cluster-node-timeout 1000 on shop-1-1: no right to CONFIG SET; run again, the next run puts it "
        "right first."
    )
    assert instance.sent("CLUSTER") == []


def test_settings_that_cannot_be_put_back_are_told_of(instance: Instance) -> None:
    def forbid(server: Server, words: Words) -> None:
        if words[:2] == ("CLUSTER", "MEET"):
            instance.servers.refusals["shop-1-1", "CONFIG SET"] = "ERR broken"

    instance.servers.on_command = forbid
    assert failure(Fatal, converge.join, instance) == (
        "Cannot set cluster-node-timeout 15000 on shop-1-1: broken; run again, the next run puts it right first."
    )


def test_without_the_lock_nothing_is_put_back() -> None:
    instance, guarded = Instance(), []

    def guard() -> None:
        guarded.append(1)
        if len(guarded) > 2:
            raise Refused("the lock was lost")

    with pytest.raises(Refused, match="the lock was lost"):
        converge.join(instance.session(guard=guard), WISH, TIMEOUT)
    assert instance.setting("cluster-node-timeout") == {"1000"}


# Refused before anything is changed.


def two_clusters(instance: Instance) -> None:
    for half in (SIX[:3], SIX[3:]):
        for name in half:
            instance.servers[name].meeting += [(member(other).host, 6379) for other in half if other != name]
        instance.servers[half[0]].change(slots=((0, 99),))
    instance.servers.settle()


def keys_in_a_member_without_slots(instance: Instance) -> None:
    instance.servers.meet_all()
    instance.servers["shop-1-1"].keys = 7


def keys_in_a_future_replica(instance: Instance) -> None:
    instance.servers.meet_all()
    for number, bounds in enumerate(slots.allocation(3)):
        instance.servers[f"shop-{number}-0"].change(slots=(bounds,))
    instance.servers.settle()
    instance.servers["shop-1-1"].keys = 7


REFUSED = [
    ("two clusters", two_clusters, converge.join, WISH, "Cannot join the members into one cluster"),
    ("keys without an owner", keys_in_a_member_without_slots, converge.assign, WISH, "Cannot assign the slots 0-16383"),
    ("keys that would be dropped", keys_in_a_future_replica, converge.attach, WISH, "Cannot make shop-1-1 a replica"),
]


@pytest.mark.parametrize(
    ("state", "phase", "wished", "message"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_refused_before_anything_is_changed(
    instance: Instance, state: Callable[[Instance], None], phase: Phase, wished: Wish, message: str
) -> None:
    state(instance)
    for server in instance.servers.alive:
        server.settings["cluster-node-timeout"] = "7000"  # Not as wished, and still not touched.
    assert failure(Refused, phase, instance, wished).startswith(message)
    assert instance.sent() == []


def test_a_stranger_beside_a_fresh_member_is_given_time_and_then_refused(instance: Instance) -> None:
    instance.servers.meet_all()
    everybody = instance.servers.by_name
    everybody["x-9-9"] = Server(member("x-9-9"))
    everybody["x-9-9"].meeting.append((member("shop-0-0").host, 6379))
    instance.servers.settle()
    instance.servers.restart("shop-2-1", "10.0.2.2", keeps_data=False)
    instance.target = Hidden(instance.servers, "x-9-9")
    assert failure(Retryable, converge.join, instance).startswith("Cannot join shop-0-0: it knows ")
    assert converge.PATIENCE <= instance.time.passed < converge.PATIENCE + 1
    assert instance.sent() == []


class Hidden(StandInTarget):
    """Lets nobody see one server, which runs all the same."""

    def __init__(self, servers: Servers, name: str) -> None:
        super().__init__(servers)
        self._name = name

    def members(self) -> tuple[Member, ...]:
        return tuple(one for one in super().members() if one.name != self._name)


# Members that come and go.


def test_a_pod_that_lost_its_disk_a_moment_ago_is_taken_in(instance: Instance) -> None:
    instance.created().servers.restart("shop-1-1", "10.7.7.7", keeps_data=False)
    view = instance.create()
    assert order.is_in_order(view, WISH)
    assert instance.sent("CLUSTER REPLICATE") == [f"shop-1-1: CLUSTER REPLICATE {instance.servers['shop-1-0'].id}"]


def test_after_an_outage_with_new_addresses_everybody_is_joined_again(instance: Instance) -> None:
    instance.created()
    for number, name in enumerate(SIX):
        instance.servers.restart(name, f"10.7.7.{number}")
    assert order.is_in_order(instance.create(), WISH)
    assert instance.sent("CLUSTER SET", "CLUSTER ADD", "CLUSTER REPLICATE") == []


def test_a_member_that_vanishes_and_comes_back_elsewhere_is_waited_for(instance: Instance) -> None:
    def vanish(server: Server, words: Words) -> None:
        if words[:2] == ("CLUSTER", "MEET") and server.member.name == "shop-1-0":
            instance.servers.on_command = lambda server, words: None
            instance.servers["shop-2-0"].alive = False
            instance.time.later(5, lambda: instance.servers.restart("shop-2-0", "10.7.7.7"))

    instance.servers.on_command = vanish
    assert order.is_in_order(instance.create(), WISH)


def test_a_member_that_breaks_off_in_its_own_command_is_asked_again(instance: Instance) -> None:
    def break_off(server: Server, words: Words) -> None:
        if words[:2] == ("CLUSTER", "MEET"):
            instance.servers.on_command = lambda server, words: None
            server.alive = False
            instance.time.later(1, lambda: instance.servers.restart(server.member.name, server.member.host))

    instance.servers.on_command = break_off
    assert order.is_in_order(instance.create(), WISH)


def test_a_meeting_that_came_to_nothing_is_repeated_but_not_at_once(instance: Instance) -> None:
    lost: list[float] = []

    def lose(server: Server, words: Words) -> None:
        if words[:2] == ("CLUSTER", "MEET"):
            lost.append(instance.time.time)

    def drop() -> None:
        if len(lost) <= 1:
            for server in instance.servers.alive:
                server.meeting.clear()

    instance = Instance(2, 0)
    instance.servers.on_command = lose
    instance.time.passing.insert(0, drop)
    converge.join(instance.session(), wish(2, 0), TIMEOUT)
    assert len(lost) == 2
    assert converge.SEND_AGAIN_AFTER <= lost[1] - lost[0] < converge.SEND_AGAIN_AFTER + 0.5


def test_a_meeting_that_never_comes_about_ends_with_who_does_not_know_whom(instance: Instance) -> None:
    def drop() -> None:
        for server in instance.servers.alive:
            server.meeting.clear()

    instance = Instance(2, 0)
    instance.time.passing.insert(0, drop)
    assert failure(Retryable, converge.join, instance, wish(2, 0)) == (
        "Cannot join the cluster within 60 s: shop-0-0: does not know shop-1-0 (2 findings in all); see 'cluster_info' "
        "and run again."
    )


# Waiting for pods.


class Growing(StandInTarget):
    """Pods that are there from some time on, and what each waits for until then."""

    def __init__(self, instance: Instance, waiting: str = "", stuck: bool = False, comes_after: float = 1e9) -> None:
        super().__init__(instance.servers)
        self._time = instance.time
        self._due = instance.time.time + comes_after
        self._late = (waiting, stuck)

    def members(self) -> tuple[Member, ...]:
        first, *others = super().members()
        waiting, stuck = self._late
        if self._time.time >= self._due:
            return (first, *others)
        return (replace(first, waiting=waiting, stuck=stuck), *others) if waiting else tuple(others)


PENDING = "the pod is Pending, its containers do not run yet"
UNSCHEDULABLE = "the pod cannot be scheduled: 0/3 nodes are available"


def waited(instance: Instance, *expected: str) -> str:
    with pytest.raises(Retryable) as failed:
        converge.answers(instance.session(*expected), TIMEOUT)
    return str(failed.value)


@pytest.mark.parametrize(("waiting", "stuck"), [("", False), (PENDING, False), (UNSCHEDULABLE, True)])
def test_pods_are_waited_for(instance: Instance, waiting: str, stuck: bool) -> None:
    instance.target = Growing(instance, waiting, stuck, comes_after=10)
    assert len(converge.answers(instance.session(*SIX), TIMEOUT).answering) == 6
    assert 10 <= instance.time.passed < 11


def test_a_pod_that_is_not_made_ends_the_wait_at_its_timeout(instance: Instance) -> None:
    instance.target = Growing(instance)
    assert waited(instance, *SIX) == "Cannot reach shop-0-0: its pod does not exist; mend that and run again."
    assert TIMEOUT <= instance.time.passed < TIMEOUT + 1


def test_a_pod_that_kubernetes_refuses_to_make_ends_the_wait(instance: Instance) -> None:
    instance.target = Growing(instance)
    instance.target.words["shop-0-0"] = "exceeded quota: pods"
    with pytest.raises(Retryable) as failed:
        converge.answers(instance.session(*SIX), 10 * TIMEOUT)
    assert str(failed.value) == (
        "Cannot reach shop-0-0: its pod does not exist; Kubernetes says: exceeded quota: pods; mend that and run again."
    )
    assert arrival.NOT_MADE_FOR <= instance.time.passed < arrival.NOT_MADE_FOR + 1


def test_a_pod_that_is_made_after_all_is_waited_for(instance: Instance) -> None:
    instance.target = Growing(instance, comes_after=arrival.NOT_MADE_FOR - 1)
    instance.target.words["shop-0-0"] = "exceeded quota: pods"
    assert len(converge.answers(instance.session(*SIX), 10 * TIMEOUT).answering) == 6


def test_a_stuck_pod_ends_the_wait_early_with_the_schedulers_sentence(instance: Instance) -> None:
    instance.target = Growing(instance, UNSCHEDULABLE, stuck=True)
    assert waited(instance, *SIX) == f"Cannot reach shop-0-0: {UNSCHEDULABLE}; mend that and run again."
    assert arrival.STUCK_FOR < instance.time.passed < arrival.STUCK_FOR + 1


def test_the_stuck_pod_is_named_before_those_that_merely_wait(instance: Instance) -> None:
    instance.target = Growing(instance, UNSCHEDULABLE, stuck=True)
    assert waited(instance, *SIX, "shop-9-0", "a-0-0") == (
        f"Cannot reach shop-0-0: {UNSCHEDULABLE} (and 2 more do not answer); mend that and run again."
    )


def test_a_pod_that_is_stuck_now_and_then_is_waited_for(instance: Instance) -> None:
    flapping = Growing(instance, UNSCHEDULABLE, stuck=True)
    instance.target = flapping

    def flap() -> None:
        flapping._late = (PENDING, False) if flapping._late[1] else (UNSCHEDULABLE, True)

    instance.time.passing.append(flap)
    waited(instance, *SIX)
    assert instance.time.passed >= TIMEOUT


REFUSALS = [
    ("WRONGPASS invalid username-password pair", "the login is refused: invalid username-password pair"),
    ("NOAUTH Authentication required.", "the login is refused: Authentication required"),
    ("NOPERM User a has no permissions", "a right is missing: User a has no permissions"),
    ("ERR This instance has cluster support disabled", "This instance has cluster support disabled"),
]


@pytest.mark.parametrize(("reply", "seen"), REFUSALS)
def test_a_refused_login_or_right_does_not_come_by_waiting(instance: Instance, reply: str, seen: str) -> None:
    instance.servers.refusals["shop-1-1", "CLUSTER NODES"] = reply
    assert waited(instance) == f"Cannot reach shop-1-1: {seen}; mend that and run again."
    assert instance.time.passed < arrival.STUCK_FOR + 1


def test_a_server_that_loads_its_data_is_waited_for(instance: Instance) -> None:
    instance.servers.refusals["shop-1-1", "CLUSTER NODES"] = "LOADING Redis is loading the dataset in memory"
    instance.time.later(30, instance.servers.refusals.clear)
    assert len(converge.answers(instance.session(), TIMEOUT).answering) == 6


def test_no_pods_at_all_are_no_cluster(instance: Instance) -> None:
    instance.servers.by_name.clear()
    assert waited(instance) == ("Cannot find any member: no pod has these labels; check namespace and label_selectors.")
    assert instance.time.passed >= TIMEOUT
