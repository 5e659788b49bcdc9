# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One module's work on one instance: observing, sending plans, and what goes wrong in between."""

from __future__ import annotations

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._execute.session import Session, absent
from ansible_collections.k8sredis.core.plugins.module_utils._model import (
    ClusterError,
    Fatal,
    Member,
    Plan,
    Refused,
    Retryable,
    Step,
)

from tests.unit.decide.views import endpoint, member, names
from tests.unit.stand_ins.cluster import Servers, StandInTarget

MEET = ("CLUSTER", "MEET", "10.0.1.1", "6379", "16379")


class Instance:
    """Two servers, and a session with them."""

    def __init__(self, *expected: str) -> None:
        self.servers = Servers([member(name) for name in names(2, 0)])
        self.guarded = 0
        self.session = Session(StandInTarget(self.servers), expected, self.guard)

    def guard(self) -> None:
        self.guarded += 1

    def execute(self, *steps: Step) -> None:
        self.session.execute(self.session.observe(), Plan(steps))


@pytest.fixture
def instance() -> Instance:
    return Instance()


def step(kind: str, subject: str, *commands: tuple[str, ...]) -> Step:
    return Step(kind, subject, f"{subject} does its {kind}", "because", commands)


def epoch(subject: str, number: int = 1) -> Step:
    return step("epoch", subject, ("CLUSTER", "SET-CONFIG-EPOCH", str(number)))


def failure(kind: type[ClusterError], instance: Instance, *steps: Step) -> str:
    with pytest.raises(kind) as failed:
        instance.execute(*steps)
    return str(failed.value)


def test_members_are_observed_in_name_order(instance: Instance) -> None:
    assert [node.name for node in instance.session.observe().nodes] == ["shop-0-0", "shop-1-0"]


def test_expected_members_that_nobody_made_are_absent() -> None:
    view = Instance("shop-0-0", "shop-10-1").session.observe()
    node = view.node("shop-10-1")
    assert node is not None
    assert (node.member, node.error) == (absent("shop-10-1"), "its pod does not exist")
    assert [one.name for one in view.answering] == ["shop-0-0", "shop-1-0"]


ABSENT = [
    ("shop-3-1", 3, 1),
    ("my-shop-10-0", 10, 0),
    ("shop", None, None),
    ("shop-a-1", None, None),
    ("shop-1-a", None, None),
]


@pytest.mark.parametrize(("name", "shard", "ordinal"), ABSENT)
def test_absent_members_have_the_numbers_of_their_names(name: str, shard: int | None, ordinal: int | None) -> None:
    assert absent(name) == Member(name, shard=shard, ordinal=ordinal, waiting="its pod does not exist")


def test_commands_of_a_step_are_sent_in_their_order(instance: Instance) -> None:
    instance.execute(step("epoch", "shop-0-0", ("CLUSTER", "SET-CONFIG-EPOCH", "1"), MEET))
    assert instance.servers.log == [("shop-0-0", ("CLUSTER", "SET-CONFIG-EPOCH", "1")), ("shop-0-0", MEET)]


def test_the_next_kind_waits_for_every_answer_to_the_one_before(instance: Instance) -> None:
    instance.servers.refusals["shop-1-0", "CLUSTER SET-CONFIG-EPOCH"] = "ERR no"
    failure(Fatal, instance, epoch("shop-0-0", 1), epoch("shop-1-0", 2), step("meet", "shop-0-0", MEET))
    assert MEET not in [words for _name, words in instance.servers.log]


def test_steps_of_one_kind_are_guarded_once(instance: Instance) -> None:
    instance.execute(epoch("shop-0-0", 1), epoch("shop-1-0", 2), step("meet", "shop-0-0", MEET))
    assert instance.guarded == 2


def test_nothing_is_sent_without_the_lock(instance: Instance) -> None:
    def lost() -> None:
        raise Refused("the lock was lost")

    instance.session.guard = lost
    assert failure(Refused, instance, epoch("shop-0-0")) == "the lock was lost"
    assert (instance.servers.log, instance.session.done) == ([], [])


def test_observing_needs_no_lock(instance: Instance) -> None:
    instance.session.observe()
    assert instance.guarded == 0


def test_what_was_done_is_remembered_once(instance: Instance) -> None:
    first = step("meet", "shop-0-0", MEET)
    instance.execute(first)
    instance.execute(first)
    assert instance.session.done == [first]


def test_an_error_reply_ends_the_run(instance: Instance) -> None:
    instance.servers.refusals["shop-0-0", "CLUSTER SET-CONFIG-EPOCH"] = "ERR out of luck"
    assert failure(Fatal, instance, epoch("shop-0-0")) == (
        "Cannot bring about 'shop-0-0 does its epoch': shop-0-0 answered 'out of luck'; see 'cluster_info'."
    )


def test_a_step_of_which_some_may_have_executed_counts_as_done(instance: Instance) -> None:
    instance.servers.refusals["shop-1-0", "CLUSTER SET-CONFIG-EPOCH"] = "ERR no"
    failure(Fatal, instance, epoch("shop-0-0", 1), epoch("shop-1-0", 2))
    assert [done.subject for done in instance.session.done] == ["shop-0-0", "shop-1-0"]


def test_a_member_that_breaks_off_leaves_it_open(instance: Instance) -> None:
    view = instance.session.observe()
    instance.servers["shop-0-0"].alive = False
    with pytest.raises(Retryable) as broken:
        instance.session.execute(view, Plan((epoch("shop-0-0"),)))
    assert str(broken.value) == (
        "Cannot tell whether 'shop-0-0 does its epoch' was done: shop-0-0 broke off (Error 111 connecting to "
        "10.0.0.1:6379. Connection refused); run again."
    )


def test_a_step_without_commands_waits_for_its_member(instance: Instance) -> None:
    instance.servers["shop-0-0"].alive = False
    assert failure(Retryable, instance, step("join", "shop-0-0")) == (
        "Cannot join shop-0-0: Error 111 connecting to 10.0.0.1:6379. Connection refused; run again."
    )


def test_a_step_of_somebody_else_is_no_step(instance: Instance) -> None:
    assert failure(Fatal, instance, epoch("shop-7-0")) == "Cannot reach shop-7-0: it is not a member."


MOVES = [
    ("another pod of the same name", lambda servers: servers.restart("shop-1-0", "10.0.1.1")),
    ("the same name at another address", lambda servers: servers.restart("shop-1-0", "10.7.7.7")),
    ("the pod is gone", lambda servers: servers.by_name.pop("shop-1-0")),
]


@pytest.mark.parametrize("happens", [row[1] for row in MOVES], ids=[row[0] for row in MOVES])
def test_nobody_meets_an_address_that_may_have_another_owner_by_now(instance: Instance, happens: object) -> None:
    assert callable(happens)
    view = instance.session.observe()
    happens(instance.servers)
    with pytest.raises(Retryable) as moved:
        instance.session.execute(view, Plan((step("meet", "shop-0-0", MEET),)))
    assert str(moved.value) == "Cannot join shop-1-0: its pod or address changed meanwhile; run again."
    assert instance.servers.log == []


def test_a_restarted_pod_is_asked_anew(instance: Instance) -> None:
    instance.session.observe()
    instance.servers.restart("shop-1-0", "10.7.7.7")
    node = instance.session.observe().node("shop-1-0")
    assert node is not None
    assert (node.answers, node.member.host, node.member.uid) == (True, "10.7.7.7", "shop-1-0 1")


def test_endpoints_are_members_too() -> None:
    servers = Servers([endpoint("fd00::1")])
    assert [node.name for node in Session(StandInTarget(servers)).observe().answering] == ["fd00::1:6379"]


def test_a_closed_session_has_no_connections(instance: Instance) -> None:
    instance.session.observe()
    instance.session.close()
    assert instance.session.clients._clients == {}
