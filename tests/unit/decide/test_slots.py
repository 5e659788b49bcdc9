# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which member serves which slots."""

from __future__ import annotations

from itertools import pairwise

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._decide import slots, table
from ansible_collections.k8sredis.core.plugins.module_utils._model import SLOTS, ClusterError, Refused, Retryable, View
from hypothesis import given, settings
from hypothesis import strategies as some

from tests.unit.decide import views
from tests.unit.decide.views import endpoint, healthy, member, met, names, wish
from tests.unit.stand_ins.cluster import Servers

Commands = dict[str, str]
"""The command by member."""


def assigned(found: View, shards: int = 3, replicas: int = 1) -> Commands:
    steps = slots.assignment(found, wish(shards, replicas)).steps
    assert {(step.kind, step.reason, len(step.commands)) for step in steps} <= {("assign", slots.REASON_UNASSIGNED, 1)}
    return {step.subject: " ".join(step.commands[0]) for step in steps}


def serves(found: View, **owners: tuple[int, int]) -> View:
    """``shop_0_0=(0, 99)``: every table gives it these slots."""
    for name, bounds in owners.items():
        found = views.everywhere(found, name.replace("_", "-"), slots=(bounds,))
    return found


def keys(found: View, name: str, number: int = 7) -> View:
    return views.info(found, name, db0=f"keys={number},expires=0")


EMPTY = met([member(name) for name in names(3, 1)])
THIRDS: Commands = {
    "shop-0-0": "CLUSTER ADDSLOTSRANGE 0 5460",
    "shop-1-0": "CLUSTER ADDSLOTSRANGE 5461 10921",
    "shop-2-0": "CLUSTER ADDSLOTSRANGE 10922 16383",
}


def test_allocation_is_complete_contiguous_and_even() -> None:
    for shards in range(1, 1001):
        ranges = slots.allocation(shards)
        assert len(ranges) == shards
        assert (ranges[0][0], ranges[-1][1]) == (0, SLOTS - 1)
        assert all(last + 1 == first for (_first, last), (first, _last) in pairwise(ranges))
        sizes = [last - first + 1 for first, last in ranges]
        assert max(sizes) - min(sizes) <= 1


def test_a_new_cluster_gets_even_ranges() -> None:
    assert assigned(EMPTY) == THIRDS


def test_step_in_words() -> None:
    assert [step.text for step in slots.assignment(EMPTY, wish()).steps] == [
        "shop-0-0 serves 0-5460 (shard 0)",
        "shop-1-0 serves 5461-10921 (shard 1)",
        "shop-2-0 serves 10922-16383 (shard 2)",
    ]


def test_pods_that_do_not_exist_yet_are_in_the_plan() -> None:
    absent = View(tuple(views.silent(member(name), "its pod does not exist") for name in names(3, 1)))
    assert assigned(absent) == THIRDS


def test_a_shard_that_is_to_leave_gets_none() -> None:
    assert assigned(EMPTY, 2) == {
        "shop-0-0": "CLUSTER ADDSLOTSRANGE 0 8191",
        "shop-1-0": "CLUSTER ADDSLOTSRANGE 8192 16383",
    }


def test_a_member_that_is_to_leave_becomes_no_master() -> None:
    lone = views.without(EMPTY, "shop-1-0")
    assert assigned(lone, 3, 1)["shop-1-1"] == THIRDS["shop-1-0"]
    assert assigned(views.place(EMPTY, "shop-1-0", ordinal=2), 3, 1)["shop-1-1"] == THIRDS["shop-1-0"]


@pytest.mark.parametrize("shards", [2, 3, 4])
def test_uneven_shards_may_be_left_alone(shards: int) -> None:
    found = met([member(name) for name in names(4, 1)])
    assert slots.assignment(serves(found, shop_0_0=(0, 99), shop_1_0=(100, 16383)), wish(shards, 1)).steps == ()


REST = [
    ("one master of three has its slots", serves(EMPTY, shop_1_0=(5461, 10921)), ["shop-0-0", "shop-2-0"]),
    ("two of three", serves(EMPTY, shop_0_0=(0, 5460), shop_1_0=(5461, 10921)), ["shop-2-0"]),
    (
        "only its own table says so",
        views.entry(EMPTY, "shop-1-0", "shop-1-0", slots=((5461, 10921),)),
        ["shop-0-0", "shop-2-0"],
    ),
]


@pytest.mark.parametrize(("found", "rest"), [row[1:] for row in REST], ids=[row[0] for row in REST])
def test_an_interrupted_assignment_goes_on(found: View, rest: list[str]) -> None:
    assert assigned(found) == {name: THIRDS[name] for name in rest}


def test_an_interrupted_assignment_of_endpoints_goes_on() -> None:
    found = met([endpoint(f"10.0.0.{number}") for number in (1, 2, 3)])
    found = views.everywhere(found, "10.0.0.1:6379", slots=((5461, 10921),))
    assert sorted(assigned(found, 3, 0).values()) == [THIRDS["shop-0-0"], THIRDS["shop-2-0"]]


def test_only_missing_slots_are_assigned() -> None:
    assert assigned(serves(EMPTY, shop_0_0=(100, 199)))["shop-0-0"] == "CLUSTER ADDSLOTSRANGE 0 99 200 5460"


HELD = [
    ("as it was made", healthy(3, 1)),
    (
        "as redis-cli makes it, with other bounds",
        serves(EMPTY, shop_0_0=(0, 5460), shop_1_0=(5461, 10922), shop_2_0=(10923, 16383)),
    ),
    ("after failovers", serves(EMPTY, shop_0_1=(0, 5460), shop_1_0=(5461, 10921), shop_2_1=(10922, 16383))),
    ("shards in another order", serves(EMPTY, shop_2_0=(0, 5460), shop_1_0=(5461, 10921), shop_0_0=(10922, 16383))),
    ("it holds data", keys(healthy(3, 1), "shop-1-0")),
    ("a silent replica", views.answers_not(healthy(3, 1), "shop-1-1")),
]


@pytest.mark.parametrize("found", [row[1] for row in HELD], ids=[row[0] for row in HELD])
def test_a_held_allocation_needs_nothing(found: View) -> None:
    assert assigned(found) == {}


LAST_IS_OPEN = serves(EMPTY, shop_0_0=(0, 5460), shop_1_0=(5461, 10921))

MEMBERS = (
    "Cannot assign slots to {} shards: the members found are of the shards {}; see to it that each shard has its "
    "members, or change shards."
)

REFUSED = [
    (
        "keys are stored and slots have no owner",
        keys(LAST_IS_OPEN, "shop-1-0"),
        3,
        (
            "Cannot assign the slots 10922-16383: the cluster is not empty (shop-1-0 holds 7 keys), so their owner is "
            "lost or away; bring it back, or see the findings of 'cluster_info'."
        ),
    ),
    (
        "a member without slots holds keys",
        keys(EMPTY, "shop-2-1", 1),
        3,
        (
            "Cannot assign the slots 0-16383: the cluster is not empty (shop-2-1 holds 1 keys), so their owner is lost "
            "or away; bring it back, or see the findings of 'cluster_info'."
        ),
    ),
    (
        "a member runs and does not answer",
        views.answers_not(EMPTY, "shop-1-1"),
        3,
        "Cannot assign slots: shop-1-1 does not answer; run again when every member does.",
    ),
    (
        "slots that another shard is to serve",
        serves(EMPTY, shop_0_0=(5461, 10921)),
        3,
        (
            "Cannot assign slots to shop-0-0: it already serves 5461-10921, which belong to another shard; bring back "
            "who served the missing slots, and run again."
        ),
    ),
    (
        "a shard without members",
        View(tuple(one for one in EMPTY.nodes if one.member.shard != 1)),
        3,
        MEMBERS.format(3, "0, 2"),
    ),
    (
        "no members",
        View(),
        3,
        MEMBERS.format(3, "none"),
    ),
]


@pytest.mark.parametrize(("found", "shards", "message"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_refused(found: View, shards: int, message: str) -> None:
    with pytest.raises(Refused) as refused:
        assigned(found, shards)
    assert str(refused.value) == message


VOUCH = (
    "Cannot vouch for the slots 5461-10921: the tables give them to a node that {}; bring back its data, or wait until "
    "its replica has been elected, and run again."
)

LOST = [
    (
        "a master is no member any more",
        views.without(healthy(3, 1), "shop-1-0"),
        VOUCH.format("is no member"),
    ),
    (
        "a master is silent",
        views.answers_not(healthy(3, 1), "shop-1-0"),
        VOUCH.format("does not answer (silent: shop-1-0)"),
    ),
    (
        "the slots of a silent master are not all",
        views.answers_not(LAST_IS_OPEN, "shop-1-0", waiting="the pod is being deleted"),
        VOUCH.format("does not answer (silent: shop-1-0)"),
    ),
]


@pytest.mark.parametrize(("found", "message"), [row[1:] for row in LOST], ids=[row[0] for row in LOST])
def test_slots_of_a_lost_owner_are_undecided(found: View, message: str) -> None:
    with pytest.raises(Retryable) as undecided:
        assigned(found)
    assert str(undecided.value) == message


@some.composite
def owners(draw: some.DrawFn) -> tuple[View, int]:
    """Members of a few shards, with any slots, any keys, any of them silent, and tables that differ."""
    shards = draw(some.integers(1, 4))
    everybody = names(shards, draw(some.integers(0, 1)))
    found = met([member(name) for name in everybody])
    bounds = sorted(draw(some.sets(some.integers(0, SLOTS), max_size=6)))
    for first, end in zip(bounds[::2], bounds[1::2], strict=False):
        owner, holder = draw(some.sampled_from(everybody)), draw(some.sampled_from([*everybody, None, None]))
        told = [holder] if holder else everybody
        for name in told:
            there = views.node(found, name).entries[views.node(found, owner).id].slots
            found = views.entry(found, name, owner, slots=(*there, (first, end - 1)))
    if draw(some.integers(0, 3)) == 0:
        found = keys(found, draw(some.sampled_from(everybody)))
    if draw(some.integers(0, 3)) == 0:
        found = views.answers_not(
            found, draw(some.sampled_from(everybody)), waiting=draw(some.sampled_from(["", "gone"]))
        )
    return found, shards


@given(owners())
def test_a_plan_assigns_every_slot_without_an_owner_and_no_other(drawn: tuple[View, int]) -> None:
    found, shards = drawn
    try:
        plan = slots.assignment(found, wish(shards))
    except ClusterError:
        return
    given_out = [int(word) for step in plan.steps for word in step.commands[0][2:]]
    ranges = list(zip(given_out[::2], given_out[1::2], strict=True))
    owned = {slot for one in found.nodes for entry in one.table for slot in table.slots_of(entry.slots)}
    assert table.slots_of(ranges) == set(range(SLOTS)) - owned
    assert table.count(ranges) == SLOTS - len(owned)
    assert not ranges or not any(one.keys for one in found.nodes)


@settings(max_examples=20)  # each is a whole cluster of servers
@given(some.integers(1, 5), some.integers(0, 1), some.sets(some.integers(0, 4)))
def test_what_is_planned_leaves_nothing_to_plan(shards: int, replicas: int, first: set[int]) -> None:
    servers = Servers([member(name) for name in names(shards, replicas)])
    servers.meet_all()
    before = slots.assignment(views.seen(servers), wish(shards, replicas)).steps
    for number, step in enumerate(before):  # A run is killed when some masters have executed their command.
        if number in first:
            assert servers[step.subject].reply(step.commands[0]) == "OK"
    for step in slots.assignment(views.seen(servers), wish(shards, replicas)).steps:
        assert servers[step.subject].reply(step.commands[0]) == "OK"
    servers.settle()
    assert slots.assignment(views.seen(servers), wish(shards, replicas)).steps == ()
    assert views.slots_of(views.seen(servers)) == {
        f"shop-{number}-0": f"{first_slot}-{last}" for number, (first_slot, last) in enumerate(slots.allocation(shards))
    }
