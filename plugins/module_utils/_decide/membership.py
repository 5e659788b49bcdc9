# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who must meet whom. Pure; PRIVATE to the collection.

A wrong CLUSTER MEET merges two clusters and cannot be undone, so:

1. Every member was asked for its own id and table, through a connection to that very pod or endpoint.
2. Members that know each other's ids form a group. A member that knows nobody and holds nothing is fresh.
3. Refused: a node that is there twice, two groups that hold data, a group that knows a living node which
   is not a member, a group with data that does not serve every slot and of which half or more is not here
   (what is left of another, or a lost, cluster), a member that holds data but knows nobody, unless it
   serves every slot (a cluster of one, which grows), and a member whom the others' first message would end.
4. A fresh member gets a config epoch of its own while it knows nobody, above every epoch seen: with
   epoch 0 it would lose its slots to a dead node's higher epoch (valkey-operator#197).
5. Each pair that does not know each other at the right address meets, the earlier name asking.
   All pairs, because gossip alone takes 16-27 s to link 30 nodes and this takes 0.3 s.
"""

from __future__ import annotations

from ansible_collections.k8sredis.core.plugins.module_utils._decide import table
from ansible_collections.k8sredis.core.plugins.module_utils._model import (
    SLOTS,
    Entry,
    Node,
    Plan,
    Refused,
    Retryable,
    Step,
    View,
)

REASON_FRESH = "knows nobody yet"
REASON_UNKNOWN = "do not know each other yet"
REASON_MOVED = "known at a former address"
REASON_ABSENT = "does not run yet"


def plan(view: View) -> Plan:
    """Steps that make every member known to every other; refuses what would merge clusters."""
    _refuse_twice(view)
    refuse_foreign(view)
    return _absent(view) + _epochs(view) + _meetings(view)


def _refuse_twice(view: View) -> None:
    """One server under two names would get the steps of both; two servers with one id, out of copied data, would take
    each other for the same node."""
    names: dict[str, str] = {}
    for node in view.answering:
        other = names.setdefault(node.id, node.name)
        if other != node.name:
            raise Refused(
                f"Cannot join {other} and {node.name}: both say that they are node {node.id[:12]}; name each server "
                "once, or, if data was copied, empty one of the two."
            )


def refuse_foreign(view: View) -> None:
    """Raises Refused when the members are not one instance's own.

    Retryable instead while there is a fresh member: a pod that lost its disk comes back under a new id
    before the others hold its old id for failing.
    """
    _refuse_without_role(view)
    for node in view.answering:
        for entry in table.strangers(node, view):
            if not entry.is_failing and _everybody_answers(view):
                raise (Retryable if any(map(table.is_fresh, view.answering)) else Refused)(_stranger_text(node, entry))
    for group in _with_content(view):
        _refuse_remains(group, view)
        _refuse_lone_holder(group, view)
    refuse_two_clusters(view)


def refuse_two_clusters(view: View) -> None:
    """Raises Refused when members that do not know each other hold something."""
    groups = _with_content(view)
    if len(groups) > 1:
        raise Refused(_two_clusters_text(groups))


def _with_content(view: View) -> list[list[Node]]:
    return [group for group in _groups(view) if not _harmless(group)]


def _refuse_without_role(view: View) -> None:
    """A replica whose nodes.conf lost the line of its master knows that one by id alone, as neither master nor
    replica. Redis, and Valkey before 9.0, take the role from its first message; Valkey since then asserts that it
    had one, and ends (seen with 9.1.2; valkey#4091)."""
    for node in view.answering:
        found = [view.by_id[entry.id].name for entry in node.table if not entry.has_role and entry.id in view.by_id]
        if found and int(node.info.get("valkey_version", "0").split(".")[0]) >= 9:
            raise Refused(
                f"Cannot join {node.name}: its table has {table.joined(found)} as neither master nor replica, and "
                f"Valkey {node.info['valkey_version']} crashes on the first message from such a node; give {node.name} "
                "an empty data folder, it then joins as a new member."
            )


def _everybody_answers(view: View) -> bool:
    # While a member is silent, an unknown id may be its own.
    return len(view.answering) == len(view.nodes)


def _groups(view: View) -> list[list[Node]]:
    """Members connected by knowing each other's ids, each group in name order (union-find)."""
    leader = {node.id: node.id for node in view.answering}

    def find(node_id: str) -> str:
        while leader[node_id] != node_id:
            leader[node_id] = leader[leader[node_id]]
            node_id = leader[node_id]
        return node_id

    for node in view.answering:
        for known in table.known_ids(node) & leader.keys():
            leader[find(known)] = find(node.id)
    groups: dict[str, list[Node]] = {}
    for node in view.answering:
        groups.setdefault(find(node.id), []).append(node)
    return list(groups.values())


def _harmless(group: list[Node]) -> bool:
    """Nothing is stored, and no slot was ever given to anybody they know: what an interrupted creation leaves,
    also when some of its pods came back without their disks since."""
    return all(node.keys == 0 and not any(entry.slots for entry in node.table) for node in group)


def _missing_ids(group: list[Node]) -> set[str]:
    return set().union(*(table.known_ids(node) for node in group)) - {node.id for node in group}


def _served(group: list[Node]) -> set[int]:
    return table.slots_of(bounds for node in group for bounds in table.own_slots(node))


def _refuse_remains(group: list[Node], view: View) -> None:
    missing = _missing_ids(group)
    if len(_served(group)) == SLOTS:
        return  # Nothing is lost: they are the ids that members had before they lost their disks.
    if len(missing) >= len(group) and _everybody_answers(view):
        raise Refused(
            f"Cannot join {table.joined(node.name for node in group)}: of the {len(group) + len(missing)} nodes that "
            f"they know, {len(missing)} are not members here; bring back the claims of those nodes, or remove the data "
            "of these if it is not wanted."
        )


def _refuse_lone_holder(group: list[Node], view: View) -> None:
    node = group[0]
    slots = table.count(table.own_slots(node))
    if len(table.known_ids(node)) == 1 and slots < SLOTS and len(view.nodes) > 1:
        raise Refused(
            f"Cannot join {node.name}: it knows no other node, holds {node.keys} keys and serves {slots} slots, so its "
            "data is not this instance's; move that data away and empty it, or leave it out."
        )


def _stranger_text(node: Node, entry: Entry) -> str:
    return (
        f"Cannot join {node.name}: it knows {entry.id[:12]} at {entry.host}:{entry.port}, a living node that is not a "
        "member of this instance; separate the two clusters first, or name every member."
    )


def _two_clusters_text(groups: list[list[Node]]) -> str:
    parts = [f"{table.joined(node.name for node in group)} ({_content(group)})" for group in groups[:2]]
    return (
        f"Cannot join the members into one cluster: {' and '.join(parts)} are two clusters that do not know "
        "each other; keep one of them, a merge would lose data."
    )


def _content(group: list[Node]) -> str:
    slots = sum(table.count(table.own_slots(node)) for node in group)
    return f"{slots} slots, {sum(node.keys for node in group)} keys"


def is_reunion(view: View) -> bool:
    """Whether members that have a past do not know each other: one of them may have been forgotten. From Redis 7.2 on
    each message spreads that news for 60 s, so that who is met again is soon forgotten again (seen with 8.0.2)."""
    old = [node for node in view.answering if not table.is_fresh(node)]
    return any(other.id not in node.entries for node in old for other in old)


def _absent(view: View) -> Plan:
    return Plan(
        tuple(
            Step("join", node.name, f"{node.name} joins when it runs", REASON_ABSENT)
            for node in view.nodes
            if not node.answers
        )
    )


def _epochs(view: View) -> Plan:
    highest = table.highest_epoch(view)
    # A handshake counts as knowing somebody: the server refuses to set an epoch then.
    fresh = [node for node in view.answering if len(node.table) == 1 and table.is_fresh(node) and not node.myself.epoch]
    return Plan(
        tuple(
            Step(
                "epoch",
                node.name,
                f"{node.name} gets config epoch {highest + index}",
                REASON_FRESH,
                (("CLUSTER", "SET-CONFIG-EPOCH", str(highest + index)),),
            )
            for index, node in enumerate(fresh, start=1)
        )
    )


def _meetings(view: View) -> Plan:
    steps = []
    for index, node in enumerate(view.answering):
        unknown = [other for other in view.answering[index + 1 :] if not _met(node, other)]
        if unknown:
            steps.append(_meet(node, unknown))
    return Plan(tuple(steps))


def _met(left: Node, right: Node) -> bool:
    return _points_to(left, right) and _points_to(right, left)


def _points_to(one: Node, other: Node) -> bool:
    entry = one.entries.get(other.id)
    return entry is not None and not entry.in_handshake and table.same_address(entry, other.member)


def _meet(node: Node, others: list[Node]) -> Step:
    moved = any(_knows_elsewhere(node, other) or _knows_elsewhere(other, node) for other in others)
    return Step(
        "meet",
        node.name,
        f"{node.name} meets {table.joined(other.name for other in others)}",
        REASON_MOVED if moved else REASON_UNKNOWN,
        tuple(introduction(other) for other in others),
    )


def _knows_elsewhere(one: Node, other: Node) -> bool:
    entry = one.entries.get(other.id)
    return entry is not None and not table.same_address(entry, other.member)


def introduction(node: Node) -> tuple[str, ...]:
    """The MEET command that leads to a node; to a node that is known already it is a push of our own
    header (role, epoch, slots), on every version."""
    bus_port = node.myself.bus_port or node.member.port + 10000
    return ("CLUSTER", "MEET", node.member.host, str(node.member.port), str(bus_port))


def push(view: View, names: set[str]) -> dict[str, tuple[tuple[str, ...], ...]]:
    """Commands by which these members show their header to all others at once, instead of in node-timeout / 2."""
    return {
        node.name: tuple(introduction(other) for other in view.answering if other.name != node.name)
        for node in view.answering
        if node.name in names
    }
