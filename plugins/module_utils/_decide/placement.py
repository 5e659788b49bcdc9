# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which members form a shard, and which of them is to be its master. Pure; PRIVATE to the collection.

On Kubernetes the shard is the pod's label and the scheduler places the pods, so only the choice of
masters is ours. Plain endpoints have no labels: there the members are dealt to shards host by host.
Both are deterministic, and both keep what the cluster already is.
A member that is to leave stays where it is, but never becomes the master of a shard that has none yet.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Collection, Iterator, Mapping

from ansible_collections.k8sredis.core.plugins.module_utils._decide import departure, table
from ansible_collections.k8sredis.core.plugins.module_utils._model import (
    SLOTS,
    Member,
    Node,
    Refused,
    Retryable,
    View,
    Wish,
)

Shards = dict[int, list[Node]]
"""Members by shard number, each list in name order."""

Masters = dict[int, Node]
"""The master by shard number."""

Place = tuple[str, ...]
"""A zone, or a host of a zone."""

Ways = dict[Place, tuple[int, Node]]
"""By place: which shard's master moves there, and the member that it is then."""

ZONES, HOSTS = 1, 2
"""How many words of a place count."""


def layout(view: View, wish: Wish) -> tuple[Shards, Masters]:
    """Members by shard, and the master of each."""
    groups = shards(view, wish)
    return groups, masters(groups, departure.leaving_names(view, wish))


def shards(view: View, wish: Wish) -> Shards:
    """Members by shard: from the labels where every member has one, else from a deal over the hosts.

    Shards that are to leave are there too where labels tell of them.
    """
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


def masters(groups: Shards, leaving: Collection[str] = ()) -> Masters:
    """The member of each shard that is, or is to be, its master; ``leaving``: names of those that are to leave.

    A member that serves slots stays master, and so does one without slots that holds keys or is replicated: in a new
    shard slots arrive only when its replicas are in sync. The others are chosen so that zones, then kube_nodes,
    share the masters evenly: the first of each shard, improved by chains of moves until none is better.
    """
    fixed = {number: present for number, group in groups.items() if (present := _present(number, group))}
    able = {number: _able(number, group, leaving) for number, group in groups.items() if number not in fixed}
    chosen = {number: group[0] for number, group in able.items() if group}
    load = _Load()
    for node in (*fixed.values(), *chosen.values()):
        load.add(node.member, 1)
    _improve(able, chosen, load)
    return dict(sorted({**fixed, **chosen}.items()))


def _present(number: int, group: list[Node]) -> Node | None:
    """The master that a shard has already."""
    serving = [node for node in group if table.own_slots(node) and node.myself.is_master]
    if len(serving) > 1:
        # After a failover the former master serves on until it hears of it.
        raise Retryable(
            f"Cannot tell the master of shard {number}: {table.joined(node.name for node in serving)} all serve slots; "
            "look at 'cluster_info', a failover may be under way."
        )
    return serving[0] if serving else _without_slots(group)


def _without_slots(group: list[Node]) -> Node | None:
    followers = Counter(node.myself.master_id for node in group if node.answers)
    bare = [node for node in group if node.myself.is_master and (node.keys or followers[node.id])]
    return max(bare, key=lambda node: (node.keys > 0, followers[node.id]), default=None)


def _able(number: int, group: list[Node], leaving: Collection[str]) -> list[Node]:
    """Who can become master without anybody's vote: the servers let a replica do that only by a failover."""
    stay = [node for node in group if node.name not in leaving]
    able = [node for node in stay or group if not node.answers or node.myself.is_master]
    if stay and not able:
        raise Retryable(
            f"Cannot tell the master of shard {number}: {table.joined(node.name for node in stay)} all are replicas; "
            "look at 'cluster_info', a failover may be under way; replicas of a cluster of before need an empty data "
            "folder."
        )
    return able


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


def _improve(groups: Shards, chosen: Masters, load: _Load) -> None:
    """Chains of moves until none helps, between zones and then between hosts. Each lowers the cost, so it ends."""
    while _chain(groups, chosen, load, ZONES) or _chain(groups, chosen, load, HOSTS):
        pass


def _chain(groups: Shards, chosen: Masters, load: _Load, depth: int) -> bool:
    """A master moves to where the next one leaves, that one moves on, and so forth, so that only the first
    place has one less and the last one more. Without chains two zones can hide a third one that is empty."""
    there: dict[Place, list[int]] = {}
    for number in sorted(chosen, reverse=True):  # So the first shards are the last to leave their first member.
        there.setdefault(_place_of(chosen[number], depth), []).append(number)
    for start in sorted(there, key=lambda place: -len(there[place])):
        leaver = chosen[there[start][0]].member
        ways: Ways = {}
        for node in _reachable(start, there, groups, ways):
            if load.gain(leaver, node.member)[:depth] < (0, 0)[:depth]:
                _follow(ways, start, _place_of(node, depth), chosen, load)
                return True
    return False


def _reachable(start: Place, there: Mapping[Place, list[int]], groups: Shards, ways: Ways) -> Iterator[Node]:
    """One member in each place that chains lead to, nearest first; ``ways`` gets the last move to each."""
    reached = deque([start])
    while reached:
        place = reached.popleft()
        for number in there.get(place, ()):
            for node in groups[number]:
                end = _place_of(node, len(start))
                if end != start and end not in ways:
                    ways[end] = (number, node)
                    reached.append(end)
                    yield node


def _follow(ways: Ways, start: Place, end: Place, chosen: Masters, load: _Load) -> None:
    """Makes the moves of a chain, the last one first."""
    while end != start:
        number, node = ways[end]
        end = _place_of(chosen[number], len(end))
        _switch(chosen, load, number, node)


def _place_of(node: Node, depth: int) -> Place:
    return (node.member.zone, host_of(node.member))[:depth]


def _switch(chosen: Masters, load: _Load, number: int, node: Node) -> None:
    load.add(chosen[number].member, -1)
    load.add(node.member, 1)
    chosen[number] = node


def _dealt(view: View, wish: Wish) -> Shards:
    """Endpoints: existing masters and their replicas keep their shard, the rest is dealt over hosts.

    Those that are to leave are in no shard, and so stay as they are; but for a master whose shard has nobody else yet.
    """
    wanted = wish.shards * (wish.replicas + 1)
    stay = departure.staying(view, wish)
    if len(stay) != wanted:
        raise Refused(
            f"Cannot form {wish.shards} shards with {wish.replicas} replicas each: that takes {wanted} endpoints and "
            f"{len(stay)} are given{_beside_those_that_leave(view, stay)}; name exactly {wanted}, or change shards or "
            "replicas."
        )
    found = _existing(view, wish)
    placed = {node.name for group in found.values() for node in group}
    for node in _host_by_host([node for node in stay if node.name not in placed]):
        found[_roomiest(found, node, wish)].append(node)
    _separate(found, placed)
    return {number: sorted(group, key=lambda node: node.name) for number, group in sorted(found.items())}


def _beside_those_that_leave(view: View, stay: tuple[Node, ...]) -> str:
    leave = len(view.nodes) - len(stay)
    return f" beside the {leave} that leave" if leave else ""


def _existing(view: View, wish: Wish) -> Shards:
    found: Shards = {number: [] for number in range(wish.shards)}
    for number, node in _numbered(view, wish).items():
        found[number] = [node]
    for node in departure.staying(view, wish):
        for group in found.values():
            if group and node.answers and node.myself.master_id == group[0].id and _has_room(group, wish):
                group.append(node)
    return found


def _has_room(group: list[Node], wish: Wish) -> bool:
    return sum(node.name not in wish.leaving for node in group) <= wish.replicas


def _numbered(view: View, wish: Wish) -> Masters:
    """Masters that serve slots, by shard number: by the even share that their slots begin in, so that a
    creation of which only some masters executed ADDSLOTS goes on; in slot order where that is ambiguous."""
    serving = _keeping(view, wish)
    serving.sort(key=table.own_slots)
    numbers = [((table.own_slots(node)[0][0] + 1) * wish.shards - 1) // SLOTS for node in serving]
    if len(set(numbers)) < len(serving):
        numbers = list(range(wish.shards))
    return dict(zip(numbers, serving, strict=False))


def _keeping(view: View, wish: Wish) -> list[Node]:
    """Masters whose shards stay: their own, and where those are too few, of leaving ones that are to hand over to a
    replica that stays."""
    serving = [node for node in view.answering if table.own_slots(node)]
    stay = [node for node in serving if node.name not in wish.leaving]
    followed = {node.myself.master_id for node in departure.staying(view, wish) if node.answers}
    handing_over = [node for node in serving if node.name in wish.leaving and node.id in followed]
    return stay + handing_over[: max(wish.shards - len(stay), 0)]


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
    open_shards = [number for number, group in found.items() if _has_room(group, wish)]
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
        if candidate.name in kept or host_of(candidate.member) == host_of(node.member):
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
