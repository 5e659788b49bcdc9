# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which member replicates which master."""

from __future__ import annotations

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._decide import replicas
from ansible_collections.k8sredis.core.plugins.module_utils._model import ClusterError, Refused, Retryable, View
from hypothesis import given, settings
from hypothesis import strategies as some

from tests.unit.decide import views
from tests.unit.decide.views import endpoint, fresh_view, healthy, member, met, names, wish
from tests.unit.stand_ins.cluster import Servers, node_id


def steps(found: View, shards: int = 3, members: int = 1) -> list[tuple[str, str]]:
    """Text and reason of each; the commands are those that the text says."""
    plan = replicas.plan(found, wish(shards, members)).steps
    for step in plan:
        master = step.text.removeprefix(f"{step.subject} replicates ")
        there = found.node(master)
        wanted = (("CLUSTER", "REPLICATE", there.id),) if there else ()
        assert (step.kind, step.commands) == ("replicate", wanted)
    return [(step.text, step.reason) for step in plan]


def serving(shards: int = 3, members: int = 1) -> View:
    """Every slot has its master, ordinal 0, and nobody replicates."""
    found = met([member(name) for name in names(shards, members)])
    for number, one in enumerate(healthy(shards, 0).nodes):
        found = views.everywhere(found, f"shop-{number}-0", slots=one.myself.slots)
    return found


NEW, ABROAD = replicas.REASON_NEW, replicas.REASON_OTHER_SHARD
CHAINED, STALE = replicas.REASON_CHAINED, replicas.REASON_STALE_ADDRESS

PLANS = [
    ("all follow their masters", healthy(3, 1), []),
    ("nobody replicates yet", serving(), [(f"shop-{n}-1 replicates shop-{n}-0", NEW) for n in range(3)]),
    (
        "one was not attached before the run was killed",
        views.replicating(views.replicating(serving(), "shop-0-1", "shop-0-0"), "shop-2-1", "shop-2-0"),
        [("shop-1-1 replicates shop-1-0", NEW)],
    ),
    (
        "one follows another shard",
        views.replicating(healthy(3, 1), "shop-1-1", "shop-2-0"),
        [("shop-1-1 replicates shop-1-0", ABROAD)],
    ),
    (
        "one dials a former address",
        views.info(healthy(3, 1), "shop-1-1", master_host="10.6.6.6"),
        [("shop-1-1 replicates shop-1-0", STALE)],
    ),
    (
        "one dials no address, having learnt of its master before its address",
        views.info(healthy(3, 1), "shop-1-1", master_host=""),
        [("shop-1-1 replicates shop-1-0", STALE)],
    ),
    ("one does not replicate yet", views.change(healthy(3, 1), "shop-1-1", info={"role": "master"}), []),
    (
        "one does not know the address of its master",
        views.entry(healthy(3, 1), "shop-1-1", "shop-1-0", host="", port=0),
        [],
    ),
    ("one replicates nobody whom it knows", views.entry(
        healthy(3, 1), "shop-1-1", "shop-1-1", master_id=node_id("lost")
    ), [("shop-1-1 replicates shop-1-0", ABROAD)]),
    ("replicas hold copies of the keys", views.info(healthy(3, 1), "shop-1-1", db0="keys=7,expires=0"), []),
]  # fmt: skip


def drained_last(view: View) -> View:
    return views.everywhere(view, "shop-3-0", slots=())


LEAVE = [
    ("a shard that leaves keeps its replicas", healthy(4, 1), []),
    (
        "and gets one back that lost its data, while it serves slots",
        serving(4, 1),
        [(f"shop-{n}-1 replicates shop-{n}-0", NEW) for n in range(4)],
    ),
    (
        "but not when it serves none",
        drained_last(serving(4, 1)),
        [(f"shop-{n}-1 replicates shop-{n}-0", NEW) for n in range(3)],
    ),
    ("replicas that leave stay attached", healthy(3, 2), []),
    (
        "those that were never attached are left alone",
        serving(3, 2),
        [(f"shop-{n}-1 replicates shop-{n}-0", NEW) for n in range(3)],
    ),
    (
        "one with a former address is attached again",
        views.info(healthy(3, 2), "shop-1-2", master_host="10.6.6.6"),
        [("shop-1-2 replicates shop-1-0", STALE)],
    ),
]


@pytest.mark.parametrize(("found", "planned"), [row[1:] for row in LEAVE], ids=[row[0] for row in LEAVE])
def test_members_that_leave(found: View, planned: list[tuple[str, str]]) -> None:
    assert steps(found, 3, 1) == planned


def test_new_shards_get_their_replicas_before_any_slot() -> None:
    found = drained_last(serving(4, 1))
    assert ("shop-3-1 replicates shop-3-0", NEW) in steps(found, 4, 1)
    assert steps(drained_last(healthy(4, 1)), 4, 1) == []


@pytest.mark.parametrize(("found", "wanted"), [row[1:] for row in PLANS], ids=[row[0] for row in PLANS])
def test_plan(found: View, wanted: list[tuple[str, str]]) -> None:
    assert steps(found) == wanted


def test_a_replica_of_a_replica_is_attached_to_the_master() -> None:
    found = views.replicating(healthy(3, 2), "shop-0-2", "shop-0-1")
    assert steps(found, 3, 2) == [("shop-0-2 replicates shop-0-0", CHAINED)]


def test_after_a_failover_the_former_master_follows_the_new_one() -> None:
    found = views.everywhere(healthy(3, 1), "shop-0-0", slots=())
    found = views.everywhere(found, "shop-0-1", role="master", master_id="", slots=((0, 5460),))
    assert steps(found) == [("shop-0-0 replicates shop-0-1", NEW)]


def test_pods_that_do_not_run_replicate_when_they_do() -> None:
    absent = View(tuple(views.silent(member(name), "its pod does not exist") for name in names(2, 1)))
    plan = replicas.plan(absent, wish(2)).steps
    assert [(step.text, step.reason, step.commands) for step in plan] == [
        ("shop-0-1 replicates shop-0-0 when both run", replicas.REASON_ABSENT, ()),
        ("shop-1-1 replicates shop-1-0 when both run", replicas.REASON_ABSENT, ()),
    ]


def test_pods_wait_for_a_master_that_does_not_run() -> None:
    found = views.answers_not(fresh_view(1, 1), "shop-0-0")
    assert [step.text for step in replicas.plan(found, wish(1)).steps] == ["shop-0-1 replicates shop-0-0 when both run"]


def test_a_shard_without_members_has_no_steps() -> None:
    found = View(tuple(one for one in healthy(3, 1).nodes if one.member.shard != 1))
    assert steps(found) == []


def test_endpoints_follow_the_master_of_the_shard_they_are_dealt_to() -> None:
    found = met([endpoint(f"10.0.0.{number}") for number in range(1, 5)])
    found = views.everywhere(
        views.everywhere(found, "10.0.0.1:6379", slots=((0, 8191),)), "10.0.0.2:6379", slots=((8192, 16383),)
    )
    assert [text for text, _reason in steps(found, 2)] == [
        "10.0.0.3:6379 replicates 10.0.0.1:6379",
        "10.0.0.4:6379 replicates 10.0.0.2:6379",
    ]


REFUSED = [
    (
        "a member without a shard's slots holds keys",
        views.info(serving(), "shop-1-1", db0="keys=7,expires=0"),
        (
            "Cannot make shop-1-1 a replica of shop-1-0: it serves 0 slots and holds 7 keys, which would be dropped; "
            "move them away or empty it first."
        ),
    ),
    (
        "two members of a shard serve slots",
        views.everywhere(serving(), "shop-1-1", slots=((0, 0),)),
        (
            "Cannot tell the master of shard 1: shop-1-0, shop-1-1 all serve slots; look at 'cluster_info', a failover "
            "may be under way."
        ),
    ),
]


@pytest.mark.parametrize(("found", "message"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_refused(found: View, message: str) -> None:
    with pytest.raises((Refused, Retryable)) as refused:
        steps(found)
    assert str(refused.value) == message


def test_more_serving_endpoints_than_shards_are_refused() -> None:
    found = met([endpoint(f"10.0.0.{number}") for number in range(1, 5)])
    for number, slots in enumerate([(0, 99), (100, 199), (200, 299)], start=1):
        found = views.everywhere(found, f"10.0.0.{number}:6379", slots=(slots,))
    with pytest.raises(Retryable) as refused:
        steps(found, 2)
    assert str(refused.value) == (
        "Cannot tell the master of shard 0: 10.0.0.1:6379, 10.0.0.3:6379 all serve slots; look at 'cluster_info', a "
        "failover may be under way."
    )


@some.composite
def clusters(draw: some.DrawFn) -> tuple[View, int, int]:
    """Members of any role, some of which serve slots, hold keys or are silent."""
    shards, members = draw(some.integers(2, 3)), draw(some.integers(0, 2))
    everybody = names(shards, members)
    found = met([member(name) for name in everybody])
    for number, name in enumerate(everybody):
        role = draw(some.sampled_from(["master", "owner", "keys", "both", "replica", "silent"]))
        if role in ("owner", "both"):
            found = views.everywhere(found, name, slots=((number * 10, number * 10 + 9),))
        if role in ("keys", "both"):
            found = views.info(found, name, db0="keys=7,expires=0")
        if role == "replica":
            found = views.replicating(found, name, everybody[number - 1])
        if role == "silent":
            found = views.answers_not(found, name)
    return found, shards, members


@given(clusters())
def test_a_master_with_slots_or_keys_never_becomes_a_replica(drawn: tuple[View, int, int]) -> None:
    found, shards, members = drawn
    try:
        plan = replicas.plan(found, wish(shards, members))
    except ClusterError:
        return
    for step in plan.steps:
        node = views.node(found, step.subject)
        assert not step.commands or not node.myself.is_master or not (node.myself.slots or node.keys)


@given(clusters())
def test_everybody_else_of_a_shard_follows_the_member_that_serves_slots(drawn: tuple[View, int, int]) -> None:
    found, shards, members = drawn
    try:
        plan = replicas.plan(found, wish(shards, members))
    except ClusterError:
        return
    follows = {one.name: one.myself.master_id for one in found.answering}
    follows |= {step.subject: step.commands[0][2] for step in plan.steps if step.commands}
    for shard in range(shards):
        group = [one for one in found.answering if one.member.shard == shard]
        for master in (one for one in group if one.myself.slots and one.myself.is_master):
            assert {follows[one.name] for one in group if one is not master} <= {master.id}


@settings(max_examples=20)  # each is a whole cluster of servers
@given(some.integers(1, 3), some.integers(0, 2), some.sets(some.integers(0, 5)))
def test_what_is_planned_leaves_nothing_to_plan(shards: int, members: int, first: set[int]) -> None:
    servers = Servers([member(name) for name in names(shards, members)])
    servers.meet_all()
    for number, one in enumerate(healthy(shards, 0).nodes):
        servers[f"shop-{number}-0"].change(slots=one.myself.slots)
    servers.settle()
    for number, step in enumerate(replicas.plan(views.seen(servers), wish(shards, members)).steps):
        if number in first:  # A run is killed when some members have executed their command.
            assert servers[step.subject].reply(step.commands[0]) == "OK"
    for step in replicas.plan(views.seen(servers), wish(shards, members)).steps:
        assert servers[step.subject].reply(step.commands[0]) == "OK"
    servers.settle()
    assert replicas.plan(views.seen(servers), wish(shards, members)).steps == ()
