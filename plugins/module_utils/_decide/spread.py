# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which member of each shard is to be master so that the masters are spread, by as few changes as possible. Pure;
PRIVATE to the collection.

Better is, in this order: zones share the masters more evenly, then kube_nodes; fewer masters run beside a replica of
their own; fewer masters change. Evenly means the least sum of squares.

This is a flow of least cost: each master flows through its host and its zone to one end, and what one more or one less
costs a host or a zone grows with its load. Such a flow is the best one when no circle of changes costs less than
nothing (Klein 1967), so circles are followed until there is none. A circle goes from a place to another by handing a
shard over, and closes over a host, a zone or the end, where the load changes by one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ansible_collections.k8sredis.core.plugins.module_utils._decide.placement import host_of
from ansible_collections.k8sredis.core.plugins.module_utils._model import Node

Place = tuple[str, ...]
"""Zone and host; a zone; or nothing, the end of all."""

Cost = tuple[int, int, int, int]
"""Zones, hosts, masters beside a replica, changes."""

NOTHING: Cost = (0, 0, 0, 0)
END: Place = ()


class Way(NamedTuple):
    """From one place to another; ``node`` then becomes master of shard ``number``, or the load of a place changes."""

    cost: Cost
    number: int = -1
    node: Node | None = None


Ways = dict[tuple[Place, Place], Way]
"""The cheapest from each place to each other."""


def masters(now: Mapping[int, Node], choice: Mapping[int, Sequence[Node]]) -> dict[int, Node]:
    """The masters by shard; ``choice``: the members of each shard that can be its master, the present one included."""
    chosen = dict(now)
    while circle := _circle(_ways(chosen, now, choice)):
        chosen.update({way.number: way.node for way in circle if way.node is not None})
    return chosen


def place_of(node: Node) -> Place:
    return (node.member.zone, host_of(node.member))


def _ways(chosen: Mapping[int, Node], now: Mapping[int, Node], choice: Mapping[int, Sequence[Node]]) -> Ways:
    ways: Ways = {}
    for number, there in sorted(chosen.items()):
        for node in choice[number]:
            if node is not there:
                way = Way(_change(there, node, now[number], choice[number]), number, node)
                pair = (place_of(there), place_of(node))
                ways[pair] = min(ways.get(pair, way), way, key=lambda one: one.cost)
    places = {place_of(node) for group in choice.values() for node in group}
    hosts = Counter(place_of(node) for node in chosen.values())
    zones: Counter[Place] = Counter(place_of(node)[:1] for node in chosen.values())
    for place in sorted(places):
        _change_load(ways, place, place[:1], hosts[place], 1)
    for zone in sorted({place[:1] for place in places}):
        _change_load(ways, zone, END, zones[zone], 0)
    return ways


def _change(there: Node, node: Node, now: Node, group: Sequence[Node]) -> Cost:
    """What a change of master costs whatever the load of the two places is."""
    beside = _company(node, group) - _company(there, group)
    return (0, 0, beside, (node is not now) - (there is not now))


def _company(node: Node, group: Sequence[Node]) -> int:
    """1 when another member of the shard is on the same host."""
    return int(any(other is not node and host_of(other.member) == host_of(node.member) for other in group))


def _change_load(ways: Ways, inner: Place, outer: Place, load: int, rank: int) -> None:
    """One more costs what the square of the load grows by, one less gains it."""

    def cost(amount: int) -> Cost:
        return (amount, 0, 0, 0) if rank == 0 else (0, amount, 0, 0)

    ways[inner, outer] = Way(cost(2 * load + 1))
    if load:
        ways[outer, inner] = Way(cost(1 - 2 * load))


def _circle(ways: Ways) -> list[Way]:
    """The ways of a circle that costs less than nothing (Bellman and Ford); empty when there is none."""
    costs = dict.fromkeys((place for pair in ways for place in pair), NOTHING)
    last: dict[Place, Place] = {}
    cheaper = True
    while cheaper:
        cheaper = False
        for (origin, target), way in ways.items():
            cost = _plus(costs[origin], way.cost)
            if cost < costs[target]:
                costs[target], last[target], cheaper = cost, origin, True
        if circle := _closed(last):
            return [ways[last[place], place] for place in circle]
    return []


def _closed(last: Mapping[Place, Place]) -> list[Place]:
    """Places of which each is the last stop before another; empty when every chain of stops has a beginning."""
    passed: set[Place] = set()
    for start in last:
        chain: dict[Place, None] = {}
        place = start
        while place in last and place not in passed and place not in chain:
            chain[place] = None
            place = last[place]
        if place in chain:
            stops = list(chain)
            return stops[stops.index(place) :]
        passed.update(chain)
    return []


def _plus(one: Cost, other: Cost) -> Cost:
    return (one[0] + other[0], one[1] + other[1], one[2] + other[2], one[3] + other[3])
