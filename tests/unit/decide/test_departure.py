# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is to leave, and who has left."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._decide import (
    departure,
    forgetting,
    health,
    membership,
    order,
    replicas,
    slots,
)
from ansible_collections.k8sredis.core.plugins.module_utils._model import OpenSlot, View, Wish
from hypothesis import given, settings
from hypothesis import strategies as some

from tests.unit.decide import views
from tests.unit.decide.views import endpoint, fresh, healthy, member, met, names, node, wish
from tests.unit.stand_ins.cluster import Servers, node_id

LEAVERS = ("shop-3-0", "shop-3-1")


def found_by(view: View, wished: Wish) -> tuple[list[str], list[str]]:
    """Names of the leaving and of the departed."""
    leaving, departed = departure.leaving(view, wished), departure.departed(view, wished)
    return [one.name for one in leaving], [one.name for one in departed]


def drained(shards: int = 4) -> View:
    """Its last shard serves nothing any more: all is at the first."""
    view, last = healthy(shards, 1), f"shop-{shards - 1}-0"
    view = views.everywhere(
        view, "shop-0-0", slots=(*node(view, "shop-0-0").myself.slots, *node(view, last).myself.slots)
    )
    return views.everywhere(view, last, slots=())


def forgotten(view: View, *gone: str, by: tuple[str, ...] | None = None) -> View:
    """Without these in the tables of those that stay, or of some of them."""
    ids = {node(view, name).id for name in gone}
    holders = [one.name for one in view.answering if one.name not in gone] if by is None else by
    for name in holders:
        view = views.change(view, name, table=tuple(one for one in node(view, name).table if one.id not in ids))
    return view


def joined_by(view: View, *fresh_ones: str) -> View:
    return views.view(*view.nodes, *(fresh(member(name)) for name in fresh_ones))


ONE_DRAINED = drained()
GUARD = forgotten(healthy(4, 1), "shop-3-1")
STAYS = views.replicating(forgotten(ONE_DRAINED, "shop-3-0", by=("shop-1-0",)), "shop-0-1", "shop-3-0")
LOST = views.answers_not(views.without(healthy(4, 1), "shop-3-0"), "shop-3-1")

PODS = [
    ("none is beyond", healthy(3, 1), wish(3, 1), [], []),
    ("a shard with slots", healthy(4, 1), wish(3, 1), [*LEAVERS], []),
    ("a shard that is drained", ONE_DRAINED, wish(3, 1), [*LEAVERS], []),
    ("forgotten by all", forgotten(ONE_DRAINED, *LEAVERS), wish(3, 1), [*LEAVERS], [*LEAVERS]),
    ("forgotten by one", forgotten(ONE_DRAINED, *LEAVERS, by=("shop-2-1",)), wish(3, 1), [*LEAVERS], [*LEAVERS]),
    ("only its replica is forgotten", forgotten(ONE_DRAINED, "shop-3-1"), wish(3, 1), [*LEAVERS], ["shop-3-1"]),
    ("the replica of one with slots is not known by all", GUARD, wish(3, 1), [*LEAVERS], []),
    ("one that stays still replicates it", STAYS, wish(3, 1), [*LEAVERS], []),
    ("never joined", joined_by(healthy(3, 1), *LEAVERS), wish(3, 1), [*LEAVERS], [*LEAVERS]),
    (
        "unknown, and serves slots",
        views.view(*healthy(3, 0).nodes, *(one for one in healthy(4, 0).nodes if one.member.shard == 3)),
        wish(3, 0),
        ["shop-3-0"],
        [],
    ),
    ("replicas beyond", healthy(3, 2), wish(3, 1), [f"shop-{shard}-2" for shard in range(3)], []),
    (
        "one of them is forgotten",
        forgotten(healthy(3, 2), "shop-1-2"),
        wish(3, 1),
        [f"shop-{shard}-2" for shard in range(3)],
        ["shop-1-2"],
    ),
    (
        "nobody who stays answers",
        views.answers_not(views.view(*(fresh(member(one)) for one in ("shop-0-0", "shop-1-0"))), "shop-0-0"),
        wish(1, 0),
        ["shop-1-0"],
        [],
    ),
    (
        "no pod yet, and nobody misses it",
        views.view(*healthy(3, 1).nodes, views.silent(member("shop-3-0"))),
        wish(3, 1),
        ["shop-3-0"],
        ["shop-3-0"],
    ),
    ("silent, and somebody unknown is alive", LOST, wish(3, 1), ["shop-3-1"], []),
    (
        "silent, and somebody unknown has failed with slots",
        views.everywhere(views.answers_not(healthy(4, 0), "shop-3-0"), node_id("shop-3-0"), flag="fail"),
        wish(3, 0),
        ["shop-3-0"],
        [],
    ),
    (
        "silent, and its id has failed and serves nothing",
        views.everywhere(views.answers_not(healthy(3, 2), "shop-1-2"), node_id("shop-1-2"), flag="fail"),
        wish(3, 1),
        [f"shop-{shard}-2" for shard in range(3)],
        ["shop-1-2"],
    ),
    (
        "silent, as is one that stays",
        views.answers_not(views.view(*healthy(3, 1).nodes, fresh(member("shop-3-0"))), "shop-3-0", "shop-1-1"),
        wish(3, 1),
        ["shop-3-0"],
        [],
    ),
]


@pytest.mark.parametrize(
    ("view", "wished", "leaving", "departed"), [row[1:] for row in PODS], ids=[row[0] for row in PODS]
)
def test_pods(view: View, wished: Wish, leaving: list[str], departed: list[str]) -> None:
    assert found_by(view, wished) == (leaving, departed)


def test_a_slot_in_migration_keeps_its_owner() -> None:
    view = forgotten(ONE_DRAINED, *LEAVERS)
    view = views.entry(view, "shop-3-0", "shop-3-0", open_slots=(OpenSlot(7, "importing", node_id("shop-0-0")),))
    assert found_by(view, wish(3, 1))[1] == []


def test_endpoints_leave_by_name() -> None:
    view = met([endpoint(f"10.0.0.{number}") for number in range(1, 5)])
    wished = replace(wish(3, 0), leaving=("10.0.0.4:6379",))
    assert found_by(view, wished) == (["10.0.0.4:6379"], [])
    assert found_by(view, wish(1, 0)) == ([], [])
    assert found_by(forgotten(view, "10.0.0.4:6379"), wished) == (["10.0.0.4:6379"], ["10.0.0.4:6379"])


def test_names_count_only_without_labels() -> None:
    assert found_by(healthy(3, 1), replace(wish(3, 1), leaving=("shop-0-0",))) == ([], [])


def test_what_remains_knows_nothing_of_the_departed() -> None:
    view = forgotten(ONE_DRAINED, *LEAVERS, by=("shop-0-0", "shop-1-1"))
    remaining = departure.remaining(view, wish(3, 1))
    assert [one.name for one in remaining.nodes] == names(3, 1)
    assert {len(one.table) for one in remaining.nodes} == {6}
    assert health.findings(remaining, health.CONVERGENCE) == ()
    assert membership.plan(remaining).steps == ()


def test_while_all_belong_nothing_is_hidden() -> None:
    view = healthy(4, 2)
    assert departure.remaining(view, wish(3, 1)) is view


@given(
    shards=some.integers(1, 4),
    members=some.integers(0, 2),
    wished=some.tuples(some.integers(1, 4), some.integers(0, 2)),
)
@settings(deadline=None)
def test_whoever_serves_slots_stays_in_sight(shards: int, members: int, wished: tuple[int, int]) -> None:
    view = healthy(shards, members)
    assert departure.departed(view, wish(*wished)) == ()


@given(
    forgetful=some.sets(some.sampled_from(names(3, 1)), min_size=1),
    silent=some.booleans(),
)
@settings(deadline=None)
def test_wherever_forgetting_stopped_the_rest_is_in_order(forgetful: set[str], silent: bool) -> None:
    """All but the pods themselves, which are still there."""
    view = forgotten(drained(), *LEAVERS, by=tuple(sorted(forgetful if not silent else names(3, 1))))
    view = views.answers_not(view, *LEAVERS) if silent else view
    remaining = departure.remaining(view, wish(3, 1))
    assert health.findings(remaining, health.CONVERGENCE) == ()
    plan = membership.plan(remaining) + slots.assignment(remaining, wish(3, 1)) + replicas.plan(remaining, wish(3, 1))
    assert plan.steps == ()
    assert not order.is_in_order(view, wish(3, 1))


def test_forgetting_ends_in_order() -> None:
    """On servers: everything that the plan says, until it says nothing; the last plan resets."""
    servers = Servers([member(name) for name in names(4, 1)])
    servers.meet_all()
    for number, bounds in enumerate(slots.allocation(3)):
        servers[f"shop-{number}-0"].change(slots=(bounds,))
    for number in range(4):
        servers[f"shop-{number}-1"].reply(("CLUSTER", "REPLICATE", servers[f"shop-{number}-0"].id))
    servers.settle()
    for _turn in range(2):
        for step in forgetting.plan(views.seen(servers), wish(3, 1), False).steps:
            for words in step.commands:
                servers[step.subject].reply(words)
        servers.settle()
    assert forgetting.plan(views.seen(servers), wish(3, 1), False).steps == ()
    assert {len(servers[name].table) for name in names(3, 1)} == {6}
    assert {len(servers[name].table) for name in LEAVERS} == {1}
