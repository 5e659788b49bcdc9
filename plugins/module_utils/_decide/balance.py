# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which slots go from which master to which, so that each serves its share. Pure; PRIVATE to the collection.

By slots:
1. Each holder's goal is its share by weight; what the division leaves over goes to those that serve more already, so
   that no slot moves which may stay.
2. Who serves more gives exactly the surplus, so no plan moves fewer slots.
By load (keys or bytes of each slot) the same, with two differences: a slot only moves where it brings both sides
nearer to their shares, so that a plan made again after the moves is empty; and what is within ``TOLERANCE`` is left
alone, because keys come and go.

Slots are taken where that keeps the ranges few: next to what the target serves already, else whole small ranges,
else from the end of a range. The size of CLUSTER SLOTS, of nodes.conf and of the tasks of atomic migrations depends
on the number of ranges. The result depends on nothing but the arguments.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor

from ansible_collections.k8sredis.core.plugins.module_utils._decide import table
from ansible_collections.k8sredis.core.plugins.module_utils._model import Move, SlotRange

GRAIN = Fraction(1, 100)
"""Of a mean share: less than that is not worth a range of its own."""

TOLERANCE = Fraction(1, 20)
"""Of its share, by which a master may differ in keys or bytes before anything moves."""


@dataclass(frozen=True)
class Holder:
    """A master and the weight of its share; with weight 0 it gives all."""

    name: str
    slots: tuple[SlotRange, ...]
    weight: Fraction = Fraction(1)


def by_slots(holders: Sequence[Holder]) -> tuple[Move, ...]:
    """The fewest slots that bring every holder to its share, even to one slot."""
    goals = _goals(holders, sum(table.count(holder.slots) for holder in holders))
    return _moves(holders, {slot: 1 for holder in holders for slot in table.slots_of(holder.slots)}, goals)


def by_load(holders: Sequence[Holder], loads: Mapping[int, int]) -> tuple[Move, ...]:
    """``loads``: keys or bytes by slot. Each slot weighs one more, so that empty ones are shared out too."""
    weighed = {slot: loads.get(slot, 0) + 1 for holder in holders for slot in table.slots_of(holder.slots)}
    total = sum(weighed.values())
    weights = sum(holder.weight for holder in holders)
    goals = {holder.name: total * holder.weight / weights for holder in holders}
    if all(_is_near(holder, weighed, goals[holder.name]) for holder in holders):
        return ()
    return _moves(holders, weighed, goals)


def _is_near(holder: Holder, loads: Mapping[int, int], goal: Fraction) -> bool:
    load = sum(loads[slot] for slot in table.slots_of(holder.slots))
    return load == 0 if not holder.weight else abs(load - goal) <= goal * TOLERANCE


def _goals(holders: Sequence[Holder], total: int) -> dict[str, Fraction]:
    weights = sum(holder.weight for holder in holders)
    goals = {holder.name: floor(total * holder.weight / weights) for holder in holders}
    surplus = {holder.name: table.count(holder.slots) - goals[holder.name] for holder in holders if holder.weight}
    # By name among equals, which is the same in every plan of a move that takes several.
    for name in sorted(surplus, key=lambda name: (-surplus[name], name))[: total - sum(goals.values())]:
        goals[name] += 1
    return {name: Fraction(goal) for name, goal in goals.items()}


class _Ledger:
    """What each holder serves and how far it is from its goal, while moves are collected."""

    def __init__(self, holders: Sequence[Holder], loads: Mapping[int, int], goals: Mapping[str, Fraction]) -> None:
        self.loads = loads
        self.goals = goals
        self.slots = {holder.name: table.slots_of(holder.slots) for holder in holders}
        self.surplus = {name: sum(loads[slot] for slot in slots) - goals[name] for name, slots in self.slots.items()}
        self.origins = {slot: name for name, slots in self.slots.items() for slot in slots}
        self.moved: dict[tuple[str, str], set[int]] = {}
        # Slots are moved one by one to the exact number, loads are not.
        exact = max(loads.values(), default=1) == 1
        self.grain = Fraction(1) if exact else max(Fraction(1), sum(goals.values()) * GRAIN / len(goals))

    def move(self, source: str, target: str, slots: Iterable[int]) -> None:
        given = set(slots)
        load = sum(self.loads[slot] for slot in given)
        self.slots[source] -= given
        self.slots[target] |= given
        self.surplus[source] -= load
        self.surplus[target] += load
        for slot in given:
            origin = self.origins[slot]
            self.moved.get((origin, source), set()).discard(slot)
            if origin != target:
                self.moved.setdefault((origin, target), set()).add(slot)

    def is_far(self, name: str) -> bool:
        return abs(self.surplus[name]) > self.goals[name] * TOLERANCE

    def adjoin(self, source: str, target: str) -> int:
        """At how many places the target's slots meet the source's."""
        return sum(slot in self.slots[source] for slot in _around(self.slots[target]))


def _around(slots: set[int]) -> set[int]:
    return {slot + step for slot in slots for step in (-1, 1)} - slots


def _moves(holders: Sequence[Holder], loads: Mapping[int, int], goals: Mapping[str, Fraction]) -> tuple[Move, ...]:
    ledger = _Ledger(holders, loads, goals)
    leaving = [holder.name for holder in holders if not holder.weight]
    staying = [holder.name for holder in holders if holder.weight]
    # Who leaves first: all of that must go, and it fills the targets that others would fill otherwise.
    for source in leaving:
        _give_what_fits(ledger, source, staying)
    for source in leaving:
        for slot in sorted(ledger.slots[source]):
            ledger.move(source, min(staying, key=lambda name: ledger.surplus[name]), [slot])
    for source in staying:
        _give_what_fits(ledger, source, staying)
    return tuple(
        Move(source, target, table.as_ranges(slots)) for (source, target), slots in ledger.moved.items() if slots
    )


def _give_what_fits(ledger: _Ledger, source: str, staying: Sequence[str]) -> None:
    while any(_give(ledger, source, target) for target in _targets(ledger, source, staying)):
        pass


def _give(ledger: _Ledger, source: str, target: str) -> bool:
    """Whether anything could be moved between the two."""
    slots = _chosen(ledger, source, target)
    if slots:
        ledger.move(source, target, slots)
    return bool(slots)


def _targets(ledger: _Ledger, source: str, staying: Sequence[str]) -> list[str]:
    """Who may take from the source, best first: a neighbour, then one who lacks as much as there is, then who lacks
    most."""
    surplus = ledger.surplus[source]
    lacking = [name for name in staying if name != source and _is_worth_it(ledger, source, name)]
    return sorted(
        lacking,
        key=lambda name: (
            _amount(ledger, source, name) < ledger.grain,
            -ledger.adjoin(source, name),
            ledger.surplus[name] + surplus != 0,
            ledger.surplus[name],
            staying.index(name),
        ),
    )


def _is_worth_it(ledger: _Ledger, source: str, target: str) -> bool:
    amount = _amount(ledger, source, target)
    return amount >= ledger.grain or (amount > 0 and (ledger.is_far(source) or ledger.is_far(target)))


def _amount(ledger: _Ledger, source: str, target: str) -> Fraction:
    """What the one has too much and the other lacks."""
    return min(ledger.surplus[source], -ledger.surplus[target])


def _chosen(ledger: _Ledger, source: str, target: str) -> list[int]:
    """Slots that may move between the two: both come nearer to their goals with each of them."""
    amount = _amount(ledger, source, target)
    enough = ledger.grain if amount >= ledger.grain else 1
    chosen: list[int] = []
    for slot in _in_order(ledger.slots[source], ledger.slots[target], amount, ledger.loads):
        if ledger.loads[slot] <= amount:
            amount -= ledger.loads[slot]
            chosen.append(slot)
        if amount < enough:
            break
    return chosen


def _in_order(source: set[int], target: set[int], amount: Fraction, loads: Mapping[int, int]) -> Iterable[int]:
    """The source's slots, those first whose leaving keeps the ranges few."""
    ranges = sorted(table.as_ranges(source), key=lambda bounds: _piece_key(bounds, target, amount, loads))
    for first, last in ranges:
        upwards = first - 1 in target and last + 1 not in target
        yield from range(first, last + 1) if upwards else range(last, first - 1, -1)


def _piece_key(
    bounds: SlotRange, target: set[int], amount: Fraction, loads: Mapping[int, int]
) -> tuple[bool, bool, int]:
    first, last = bounds
    whole = sum(loads[slot] for slot in range(first, last + 1)) <= amount
    adjoins = first - 1 in target or last + 1 in target
    return (not adjoins, not whole, -(last - first) if whole else -last)
