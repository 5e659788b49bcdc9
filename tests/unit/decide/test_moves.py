# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to move in a live cluster, in words, and what stands against a plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._decide import moves, slots, table
from ansible_collections.k8sredis.core.plugins.module_utils._decide.moves import Volume
from ansible_collections.k8sredis.core.plugins.module_utils._model import Move, Refused, Retryable, View, Wish

from tests.unit.decide import views
from tests.unit.decide.views import healthy, wish

THREE = healthy(3, 1)


def widened(shards: int, more: int) -> View:
    """Further shards have come, and serve nothing yet."""
    view = healthy(shards + more, 1)
    for number in range(shards + more):
        view = views.everywhere(view, f"shop-{number}-0", slots=()) if number >= shards else view
    for number, bounds in enumerate(slots.allocation(shards)):
        if bounds not in views.node(view, f"shop-{number}-0").myself.slots:
            view = views.everywhere(view, f"shop-{number}-0", slots=(bounds,))
    return view


def words(found: tuple[Move, ...]) -> list[str]:
    return [f"{move.source} -> {move.target}: {table.count(move.ranges)}" for move in found]


def weighted(weights: Mapping[str, Fraction], shards: int = 3) -> Wish:
    return replace(wish(shards), weights=weights)


PLANS = [
    ("even already", THREE, wish(3), []),
    (
        "a fourth shard",
        widened(3, 1),
        wish(4),
        ["shop-0-0 -> shop-3-0: 1365", "shop-1-0 -> shop-3-0: 1365", "shop-2-0 -> shop-3-0: 1366"],
    ),
    (
        "the highest shard leaves",
        healthy(4, 1),
        wish(3),
        ["shop-3-0 -> shop-2-0: 1365", "shop-3-0 -> shop-0-0: 1366", "shop-3-0 -> shop-1-0: 1365"],
    ),
    (
        "a weight by the number of the shard",
        THREE,
        weighted({"0": Fraction(2)}),
        ["shop-1-0 -> shop-0-0: 1365", "shop-2-0 -> shop-0-0: 1366"],
    ),
    (
        "a weight by the name of the master",
        THREE,
        weighted({"shop-0-0": Fraction(2)}),
        ["shop-1-0 -> shop-0-0: 1365", "shop-2-0 -> shop-0-0: 1366"],
    ),
    (
        "by keys, which nobody has counted: only who serves nothing gets slots",
        THREE,
        replace(weighted({"0": Fraction(2)}), balance_by="keys"),
        [],
    ),
    (
        "by keys, which nobody has counted, with a new shard",
        widened(3, 1),
        replace(wish(4), balance_by="bytes"),
        ["shop-0-0 -> shop-3-0: 1365", "shop-1-0 -> shop-3-0: 1365", "shop-2-0 -> shop-3-0: 1366"],
    ),
]


@pytest.mark.parametrize(("view", "wished", "plan"), [row[1:] for row in PLANS], ids=[row[0] for row in PLANS])
def test_plan(view: View, wished: Wish, plan: list[str]) -> None:
    assert words(moves.plan(view, wished)) == plan


def test_plan_by_keys() -> None:
    loads = dict.fromkeys(range(100), 1000)
    (move,) = moves.plan(healthy(2, 1), wish(2), loads)
    assert (move.source, move.target) == ("shop-0-0", "shop-1-0")
    # Half of the keys, where a slot itself weighs as much as one.
    assert len(move.slots) - 41 == 8192 - 100
    assert sum(loads.get(slot, 0) for slot in move.slots) == 41_000


def test_a_promoted_replica_is_the_master_of_its_shard() -> None:
    view = views.everywhere(THREE, "shop-1-0", slots=(), role="slave", master_id=views.node(THREE, "shop-1-1").id)
    view = views.everywhere(view, "shop-1-1", slots=((5461, 10921),), role="master", master_id="")
    assert [holder.name for holder in moves.holders(view, wish(3))] == ["shop-0-0", "shop-1-1", "shop-2-0"]


REFUSED: list[tuple[str, View, Wish, type[Exception], str]] = [
    (
        "a shard without members",
        THREE,
        wish(5),
        Refused,
        (
            "Cannot give 5 shards their slots: no member of shard 3, 4 was found; see to it that each shard has its "
            "members, or change shards."
        ),
    ),
    (
        "two serve the same slots",
        views.entry(THREE, "shop-0-1", "shop-0-1", slots=((0, 5460),), role="master"),
        wish(3),
        Retryable,
        (
            "Cannot tell whose slots are whose: shop-0-0 serves 5461, shop-0-1 serves 5461, shop-1-0 serves 5461, "
            "shop-2-0 serves 5462; look at 'cluster_info', a failover may be under way."
        ),
    ),
    (
        "two masters of one shard",
        views.entry(
            views.entry(THREE, "shop-0-0", "shop-0-0", slots=((0, 5459),)),
            "shop-0-1",
            "shop-0-1",
            slots=((5460, 5460),),
            role="master",
        ),
        wish(3),
        Refused,
        (
            "Cannot keep one master in each shard: shop-0-0, shop-0-1 of shard 0 all serve slots; let a replica of "
            "another shard take over by CLUSTER FAILOVER where one of them follows it, or move the slots of one to the "
            "other."
        ),
    ),
]


@pytest.mark.parametrize(
    ("view", "wished", "kind", "message"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_refused(view: View, wished: Wish, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind) as refused:
        moves.plan(view, wished)
    assert str(refused.value) == message


MOVE = Move("shop-3-0", "shop-0-0", ((12288, 12290), (12300, 12300)))


def test_volume() -> None:
    assert moves.volume(MOVE, {12288: 3, 12300: 4, 5: 9}, {12288: 30, 5: 9}) == Volume(4, 7, 30)
    assert Volume(1, 2, 3) + Volume(10, 20, 30) == Volume(11, 22, 33)


def test_steps_in_words() -> None:
    view = healthy(4, 1)
    other = Move("shop-2-0", "shop-0-0", ((8192, 8192),))
    volumes = {MOVE: Volume(4, 70_000, 3 * 1024 * 1024), other: Volume(1, 0, 0)}
    steps = moves.steps(volumes, "setslot", wish(3), view).steps
    assert [(step.kind, step.subject, step.text, step.reason) for step in steps] == [
        (
            "move",
            "shop-3-0",
            "shop-3-0 gives 4 slots to shop-0-0 (12288-12290, 12300): 70000 keys, 3.0 MiB, about 0.7 s",
            moves.REASON_LEAVING,
        ),
        (
            "move",
            "shop-2-0",
            "shop-2-0 gives 1 slots to shop-0-0 (8192): 0 keys, 0.0 MiB, about 0.0 s",
            moves.REASON_UNEVEN,
        ),
    ]


def test_the_busiest_member_decides_how_long_it_takes() -> None:
    alone = {Move("a", "b", ((0, 0),)): Volume(1, 100_000, 0)}
    beside = {**alone, Move("c", "d", ((1, 1),)): Volume(1, 100_000, 0)}
    behind = {**alone, Move("c", "b", ((1, 1),)): Volume(1, 100_000, 0)}
    assert moves.seconds(beside, "setslot") == moves.seconds(alone, "setslot")
    assert moves.seconds(behind, "setslot") == 2 * moves.seconds(alone, "setslot")
    assert moves.seconds(alone, "migration") < moves.seconds(alone, "setslot")
    assert moves.seconds({}, "setslot") == 0
