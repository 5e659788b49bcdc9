# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which members form a shard, and which of them is to be its master. Pure; PRIVATE to the collection.

On Kubernetes the shard is the pod's label and the scheduler places the pods, so only the choice of
masters is ours. Plain endpoints have no labels: there the members are dealt to shards host by host.
Both are deterministic, and both keep what the cluster already is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from ansible_collections.k8sredis.core.plugins.module_utils._decide import table
from ansible_collections.k8sredis.core.plugins.module_utils._model import Member, Node, Refused, View, Wish

Shards = dict[int, list[Node]]
"""Members by shard number, each list in name order."""


def shards(view: View, wish: Wish) -> Shards:
    """Members by shard: from the labels where every member has one, else from a deal over the hosts."""
    if all(node.member.shard is not None for node in view.nodes):
        return _by_label(view, wish)
    return _dealt(view, wish)


def _by_label(view: View, wish: Wish) -> Shards:
    found: Shards = {number: [] for number in range(wish.shards)}
    for node in view.nodes:
        found.setdefault(node.member.shard or 0, []).append(node)
    return {
        number: sorted(found[number], key=lambda node: (node.member.ordinal or 0, node.name))
        for number in sorted(found)
    }


def masters(groups: Shards) -> dict[int, Node]:
    """The member of each shard that is, or is to be, its master.

    A member that serves slots stays master. The others are chosen so that zones, then kube_nodes,
    share the masters evenly; improved one choice and then one pair at a time until nothing is better.
    """
    fixed = {number: serving for number, group in groups.items() if (serving := _serving(number, group))}
    open_shards = [number for number, group in groups.items() if number not in fixed and group]
    load = _Load()
    for node in fixed.values():
        load.add(node.member, 1)
    chosen = {}
    for number in open_shards:
        chosen[number] = min(groups[number], key=lambda node: (load.cost_of(node.member), groups[number].index(node)))
        load.add(chosen[number].member, 1)
    _improve(groups, chosen, load)
    return dict(sorted({**fixed, **chosen}.items()))


def _serving(number: int, group: list[Node]) -> Node | None:
    serving = [node for node in group if table.own_slots(node) and node.myself.is_master]
    if len(serving) > 1:
        raise Refused(
            f"Cannot tell the master of shard {number}: {table.joined(node.name for node in serving)} all serve slots; "
            "look at 'cluster_info', a failover may be under way."
        )
    return serving[0] if serving else None


class _Load:
    """Masters per zone and per host, and what one more would cost. Squares make the even share cheapest."""

    def __init__(self) -> None:
        self.zones: Counter[str] = Counter()
        self.hosts: Counter[str] = Counter()

    def add(self, member: Member, number: int) -> None:
        self.zones[member.zone] += number
        self.hosts[host_of(member)] += number

    def cost_of(self, member: Member) -> tuple[int, int]:
        return (self.zones[member.zone], self.hosts[host_of(member)])

    def gain(self, leave: Member, enter: Member) -> tuple[int, int]:
        """Change of (zone, host) cost when one shard's master moves; below (0, 0) is better."""
        self.add(leave, -1)
        change = tuple(new - old for new, old in zip(self.cost_of(enter), self.cost_of(leave), strict=True))
        self.add(leave, 1)
        return change[0], change[1]


def host_of(member: Member) -> str:
    """What fails together: the kube_node, or the address of a plain endpoint."""
    return member.kube_node or member.host


def _improve(groups: Shards, chosen: dict[int, Node], load: _Load) -> None:
    """Single moves until none helps, then one pair at a time. Each change lowers the cost, so it ends."""
    while _single_move(groups, chosen, load) or _pair_move(groups, chosen, load):
        pass


def _single_move(groups: Shards, chosen: dict[int, Node], load: _Load) -> bool:
    for number, current in chosen.items():
        for other in groups[number]:
            if load.gain(current.member, other.member) < (0, 0):
                _switch(chosen, load, number, other)
                return True
    return False


def _pair_move(groups: Shards, chosen: dict[int, Node], load: _Load) -> bool:
    """A move that costs nothing by itself may make room for one that helps."""
    if len(chosen) > PAIRS_UP_TO:
        return False
    for number, current in list(chosen.items()):
        for other in groups[number]:
            first = load.gain(current.member, other.member)
            if other is current or first > (1, 1):
                continue
            _switch(chosen, load, number, other)
            for second_number, second in chosen.items():
                for better in groups[second_number]:
                    second_gain = load.gain(second.member, better.member)
                    if (first[0] + second_gain[0], first[1] + second_gain[1]) < (0, 0):
                        _switch(chosen, load, second_number, better)
                        return True
            _switch(chosen, load, number, current)
    return False


PAIRS_UP_TO = 60
"""Shards up to which pairs are tried: they cost shards x shards, and single moves are nearly always enough."""


def _switch(chosen: dict[int, Node], load: _Load, number: int, node: Node) -> None:
    load.add(chosen[number].member, -1)
    load.add(node.member, 1)
    chosen[number] = node


def _dealt(view: View, wish: Wish) -> Shards:
    """Endpoints: existing masters and their replicas keep their shard, the rest is dealt over hosts."""
    wanted = wish.shards * (wish.replicas + 1)
    if len(view.nodes) != wanted:
        raise Refused(
            f"Cannot form {wish.shards} shards with {wish.replicas} replicas each: that takes {wanted} endpoints and "
            f"{len(view.nodes)} are given; name exactly {wanted}, or change shards or replicas."
        )
    found = _existing(view, wish)
    placed = {node.name for group in found.values() for node in group}
    for node in _host_by_host([node for node in view.nodes if node.name not in placed]):
        found[_roomiest(found, node, wish)].append(node)
    _separate(found, placed)
    return {number: sorted(group, key=lambda node: node.name) for number, group in sorted(found.items())}


def _existing(view: View, wish: Wish) -> Shards:
    serving = [node for node in view.answering if table.own_slots(node)]
    serving.sort(key=lambda node: table.own_slots(node)[0])
    found: Shards = {number: [] for number in range(wish.shards)}
    for number, node in enumerate(serving[: wish.shards]):
        found[number] = [node]
    for node in view.answering:
        for group in found.values():
            if group and node.myself.master_id == group[0].id and len(group) <= wish.replicas:
                group.append(node)
    return found


def _host_by_host(nodes: list[Node]) -> list[Node]:
    """One node of each host in turn, so that neighbours in the list are on different hosts."""
    rounds: Counter[str] = Counter()
    keyed = []
    for node in sorted(nodes, key=lambda node: node.name):
        host = host_of(node.member)
        keyed.append((rounds[host], host, node.name, node))
        rounds[host] += 1
    return [node for *_key, node in sorted(keyed, key=lambda item: item[:3])]


def _roomiest(found: Shards, node: Node, wish: Wish) -> int:
    """The shard with the fewest members among those without a member on this host."""
    host = host_of(node.member)
    open_shards = [number for number, group in found.items() if len(group) <= wish.replicas]
    return min(open_shards, key=lambda number: (_on_host(found[number], host), len(found[number]), number))


def _on_host(group: list[Node], host: str) -> int:
    return sum(host_of(node.member) == host for node in group)


def _separate(found: Shards, kept: set[str]) -> None:
    """Swaps newly dealt nodes between shards while a swap puts fewer members of a shard on one host."""
    while _swap_once(found, kept):
        pass


def _swap_once(found: Shards, kept: set[str]) -> bool:
    for one, group in found.items():
        for node in group:
            if node.name in kept or _on_host(group, host_of(node.member)) == 1:
                continue
            for other in found:
                if other != one and _swap_into(found, one, node, other, kept):
                    return True
    return False


def _swap_into(found: Shards, one: int, node: Node, other: int, kept: set[str]) -> bool:
    for candidate in found[other]:
        if candidate.name in kept:
            continue
        before = _collisions(found[one]) + _collisions(found[other])
        first = [candidate if member is node else member for member in found[one]]
        second = [node if member is candidate else member for member in found[other]]
        if _collisions(first) + _collisions(second) < before:
            found[one], found[other] = first, second
            return True
    return False


def _collisions(group: list[Node]) -> int:
    return len(group) - len({host_of(node.member) for node in group})


def spread_text(chosen: Mapping[int, Node]) -> str:
    """For people: how many masters each host has."""
    hosts = Counter(host_of(node.member) or "unknown" for node in chosen.values())
    return ", ".join(f"{host}: {number}" for host, number in sorted(hosts.items()))
