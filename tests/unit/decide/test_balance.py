# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which slots go from which master to which: as few as can be, in as few ranges as can be, and the same each time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from math import floor

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._decide import balance, slots, table
from ansible_collections.k8sredis.core.plugins.module_utils._decide.balance import TOLERANCE, Holder
from ansible_collections.k8sredis.core.plugins.module_utils._model import SLOTS, Move, SlotRange
from hypothesis import given, settings
from hypothesis import strategies as some

Loads = dict[int, int]


def holder(name: str, *ranges: SlotRange, weight: Fraction | int = 1) -> Holder:
    return Holder(name, ranges, Fraction(weight))


def applied(holders: Iterable[Holder], moves: Iterable[Move]) -> list[Holder]:
    """After the moves; a slot that its source does not serve, or that moves twice, fails."""
    served = {one.name: table.slots_of(one.slots) for one in holders}
    for move in moves:
        given = set(move.slots)
        assert given, f"{move} moves nothing"
        assert given <= served[move.source]
        assert move.source != move.target
        served[move.source] -= given
        served[move.target] |= given
    return [Holder(one.name, table.as_ranges(served[one.name]), one.weight) for one in holders]


def moved(moves: Iterable[Move]) -> int:
    return sum(len(move.slots) for move in moves)


def ranges(holders: Iterable[Holder]) -> int:
    return sum(len(one.slots) for one in holders)


def created(shards: int, new: int = 0) -> list[Holder]:
    """A cluster as it was made, and masters that serve nothing yet."""
    made = [holder(f"m{number:02}", bounds) for number, bounds in enumerate(slots.allocation(shards))]
    return [*made, *(holder(f"m{shards + number:02}") for number in range(new))]


def leaving(holders: Sequence[Holder], number: int) -> list[Holder]:
    """The last ones leave."""
    stay = len(holders) - number
    return [*holders[:stay], *(Holder(one.name, one.slots, Fraction(0)) for one in holders[stay:])]


def words(moves: Iterable[Move]) -> list[str]:
    return [f"{move.source} -> {move.target}: {table.range_text(move.ranges)}" for move in moves]


PLANS = [
    (
        "three more masters",
        created(3, 3),
        ["m00 -> m04: 2731-5460", "m01 -> m05: 8192-10921", "m02 -> m03: 13653-16383"],
    ),
    (
        "the last of four leaves: its neighbour first",
        leaving(created(4), 1),
        ["m03 -> m02: 12288-13652", "m03 -> m00: 15018-16383", "m03 -> m01: 13653-15017"],
    ),
    ("even already", created(5), []),
    (
        "even to one, whoever has the one",
        [holder("a", (0, 5460)), holder("b", (5461, 10922)), holder("c", (10923, 16383))],
        [],
    ),
    ("weights", [holder("a", (0, 8191), weight=3), holder("b", (8192, 16383))], ["b -> a: 8192-12287"]),
    (
        "weights below one",
        [holder("a", (0, 8191), weight=Fraction(1, 2)), holder("b", (8192, 16383), weight=Fraction(3, 2))],
        ["a -> b: 4096-8191"],
    ),
    ("one master", [holder("a", (0, 16383))], []),
    (
        "small ranges as a whole before a part of a long one",
        [holder("a", (0, 99), (200, 209), (300, 399)), holder("b")],
        ["a -> b: 0-99, 395-399"],
    ),
    (
        "next to what the target serves",
        [holder("a", (0, 9), (20, 59)), holder("b", (10, 19))],
        ["a -> b: 0-9, 20-29"],
    ),
]


@pytest.mark.parametrize(("holders", "plan"), [row[1:] for row in PLANS], ids=[row[0] for row in PLANS])
def test_plans(holders: list[Holder], plan: list[str]) -> None:
    assert words(balance.by_slots(holders)) == plan


THERE_AND_BACK = [
    # masters, further ones, ranges of all with them, ranges when they have left again
    (3, 3, 6, 4),
    (3, 1, 6, 4),
    (5, 2, 9, 7),
    (30, 3, 46, 40),
]


@pytest.mark.parametrize(("shards", "more", "most_then", "most_after"), THERE_AND_BACK)
def test_ranges_stay_few(shards: int, more: int, most_then: int, most_after: int) -> None:
    wide = applied(created(shards, more), balance.by_slots(created(shards, more)))
    assert ranges(wide) <= most_then
    narrow = applied(leaving(wide, more), balance.by_slots(leaving(wide, more)))
    assert all(not one.slots for one in narrow[shards:])
    assert ranges(narrow) <= most_after
    assert {table.count(one.slots) - SLOTS // shards for one in narrow[:shards]} <= {0, 1}


UNIVERSE = 32
"""Slots; any number does."""

WEIGHTS = some.fractions(min_value=Fraction(1, 4), max_value=4, max_denominator=4)


@some.composite
def clusters(draw: some.DrawFn) -> list[Holder]:
    """Any owners of any slots, some of whom leave, some of whom are new."""
    number = draw(some.integers(1, 6))
    weights = draw(
        some.lists(some.just(Fraction(0)) | some.just(Fraction(1)) | WEIGHTS, min_size=number, max_size=number)
    )
    weights[draw(some.integers(0, number - 1))] = Fraction(1)
    owners = draw(some.lists(some.integers(0, number - 1), min_size=UNIVERSE, max_size=UNIVERSE))
    # In runs as real clusters have them, or slot by slot.
    stretch = draw(some.sampled_from([1, 4, 8]))
    return [
        Holder(
            f"m{index}",
            table.as_ranges(slot for slot in range(UNIVERSE) if owners[slot // stretch] == index),
            weights[index],
        )
        for index in range(number)
    ]


def fewest(holders: Sequence[Holder]) -> int:
    """How many slots must move at least: each staying holder may have its share rounded down, and as many as the
    rounding leaves over one more; best those that have it already."""
    weights = sum(one.weight for one in holders)
    shares = [floor(UNIVERSE * one.weight / weights) for one in holders]
    over = [max(0, table.count(one.slots) - share) for one, share in zip(holders, shares, strict=True)]
    could_keep = sum(bool(one.weight) and more > 0 for one, more in zip(holders, over, strict=True))
    return sum(over) - min(UNIVERSE - sum(shares), could_keep)


@given(clusters())
def test_by_slots_moves_the_minimum_and_ends_even_to_one(holders: list[Holder]) -> None:
    plan = balance.by_slots(holders)
    after = applied(holders, plan)
    weights = sum(one.weight for one in holders)
    for one in after:
        assert abs(table.count(one.slots) - UNIVERSE * one.weight / weights) <= 1
        assert one.weight or not one.slots, "who leaves gives all"
    assert moved(plan) == fewest(holders)
    assert balance.by_slots(after) == ()
    assert balance.by_slots(list(holders)) == plan


@given(clusters())
def test_one_move_for_each_pair_and_nobody_gives_and_takes(holders: list[Holder]) -> None:
    plan = balance.by_slots(holders)
    pairs = [(move.source, move.target) for move in plan]
    assert len(set(pairs)) == len(pairs)
    assert not {source for source, _target in pairs} & {target for _source, target in pairs}


LOADS = some.dictionaries(
    some.integers(0, UNIVERSE - 1), some.integers(0, 30) | some.just(1000) | some.just(5_000_000), max_size=UNIVERSE
)


@given(clusters(), LOADS)
@settings(deadline=None)
def test_by_load_is_done_after_one_plan(holders: list[Holder], loads: Loads) -> None:
    plan = balance.by_load(holders, loads)
    after = applied(holders, plan)
    assert all(one.weight or not one.slots for one in after), "who leaves gives all"
    assert balance.by_load(after, loads) == ()
    assert balance.by_load(list(holders), loads) == plan


@given(clusters(), LOADS)
@settings(deadline=None)
def test_by_load_ends_within_tolerance_or_no_slot_could_help(holders: list[Holder], loads: Loads) -> None:
    after = [one for one in applied(holders, balance.by_load(holders, loads)) if one.weight]
    weighed = {slot: loads.get(slot, 0) + 1 for slot in range(UNIVERSE)}
    total, weights = sum(weighed.values()), sum(one.weight for one in after)
    goals = {one.name: total * one.weight / weights for one in after}
    surplus = {one.name: sum(weighed[slot] for slot in table.slots_of(one.slots)) - goals[one.name] for one in after}
    far = {name for name, much in surplus.items() if abs(much) > goals[name] * TOLERANCE}
    for one in after:
        for other in after:
            if one.name in far or other.name in far:
                helps = min(surplus[one.name], -surplus[other.name])
                assert not [slot for slot in table.slots_of(one.slots) if weighed[slot] <= helps]


@given(clusters(), LOADS)
@settings(deadline=None)
def test_by_load_never_takes_a_master_past_its_share(holders: list[Holder], loads: Loads) -> None:
    """Unless somebody leaves, whose slots have to go somewhere."""
    if not all(one.weight for one in holders):
        return
    plan = balance.by_load(holders, loads)
    assert not {move.source for move in plan} & {move.target for move in plan}


HEAVY: Loads = {0: 1_000_000, **dict.fromkeys(range(1, SLOTS), 10)}

LOAD_PLANS: list[tuple[str, list[Holder], Loads, list[str]]] = [
    ("even keys", created(3), dict.fromkeys(range(SLOTS), 7), []),
    (
        "within five percent",
        created(2),
        {**dict.fromkeys(range(100), 1040), **dict.fromkeys(range(9000, 9100), 1000)},
        [],
    ),
    ("no keys at all: slots are shared out", [holder("a", (0, 16383)), holder("b")], {}, ["a -> b: 8192-16383"]),
    ("one heavy slot is not passed round", [holder("a", (0, 0)), holder("b", (1, 16383))], {0: 1_000_000}, []),
    (
        "one heavy slot: the light ones leave its master",
        [holder("a", (0, 8191)), holder("b", (8192, 16383))],
        HEAVY,
        ["a -> b: 1-8191"],
    ),
    (
        "who leaves gives also the heavy one, to who has least, and that one gives the light ones",
        [holder("a", (0, 0), weight=0), holder("b", (1, 9)), holder("c", (10, 29))],
        {0: 1_000_000},
        ["a -> b: 0", "b -> c: 1-9"],
    ),
]


@pytest.mark.parametrize(
    ("holders", "loads", "plan"), [row[1:] for row in LOAD_PLANS], ids=[row[0] for row in LOAD_PLANS]
)
def test_load_plans(holders: list[Holder], loads: Loads, plan: list[str]) -> None:
    found = balance.by_load(holders, loads)
    assert words(found) == plan
    assert balance.by_load(applied(holders, found), loads) == ()
