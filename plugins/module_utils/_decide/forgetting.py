# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which ids are forgotten, by whom, and which members start anew. Pure; PRIVATE to the collection.

CLUSTER FORGET of an id that is still needed loses a shard or its election, so:

1. An id goes when its member is to leave and, where ghosts are wished to go, when no member has it and every table that
   has it holds it for failing.
2. It stays, and the run says why, while it serves slots in any table or has a slot in migration, while a member that
   stays replicates it, while its member is a master with keys, and while anybody sees it alive elsewhere.
   Keys are those of the server's own INFO keyspace: Redis 8.4 hides keys of slots that a node does not serve from
   CLUSTER COUNTKEYSINSLOT. A replica may hold its master's keys; they stay with that one.
3. Replicas go before masters: a server refuses to forget the master of its own, and a table that loses a master first
   has replicas of nobody for a moment.
4. A leaving member that nobody who stays knows any more, and that holds nothing, is reset: what is left in its data
   folder then neither leads it back nor makes it a replica of somebody who is gone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ansible_collections.k8sredis.core.plugins.module_utils._decide import departure, table
from ansible_collections.k8sredis.core.plugins.module_utils._model import (
    Entry,
    Node,
    Plan,
    Refused,
    Retryable,
    Step,
    View,
    Wish,
)

REASON_LEAVES = "is beyond the wish"
REASON_GHOST = "no member has this id"
REASON_RESET = "has left and holds nothing"

FORGET, RESET, LEAVE = "forget", "reset", "leave"


@dataclass(frozen=True)
class Obstacle:
    """Why somebody cannot be forgotten yet. ``passes``: it goes away by itself, or not at all."""

    subject: str
    seen: str
    advice: str
    passes: bool = False

    @property
    def text(self) -> str:
        return f"Cannot let {self.subject} leave: it {self.seen}; {self.advice}."


def plan(view: View, wish: Wish, ghosts: bool) -> Plan:
    """Steps by which the leaving, and the ghosts, go; none when they have gone. ``view``: with the departed."""
    for obstacle in obstacles(view, wish, ghosts):
        raise (Retryable if obstacle.passes else Refused)(obstacle.text)
    return _steps(view, wish, ghosts)


def preview(view: View, wish: Wish, ghosts: bool) -> Plan:
    """The plan as check mode tells it: who cannot go yet goes when earlier tasks have done their part."""
    seen: dict[str, str] = {}
    for obstacle in obstacles(view, wish, ghosts):
        seen.setdefault(obstacle.subject, obstacle.seen)
    if not seen:
        return _steps(view, wish, ghosts)
    waiting = [
        Step(LEAVE, node.name, f"{node.name} is forgotten by all others and reset", f"then; now it {seen[node.name]}")
        if node.name in seen
        else Step(LEAVE, node.name, f"{node.name} is forgotten by all others", REASON_LEAVES)
        for node in departure.leaving(view, wish)
    ]
    return Plan(tuple(waiting))


def obstacles(view: View, wish: Wish, ghosts: bool) -> Iterator[Obstacle]:
    others = [node for node in departure.staying(view, wish) if node.answers]
    gone = {node.name for node in departure.departed(view, wish) if not node.answers}
    for node in departure.leaving(view, wish):
        if node.name not in gone:
            yield from _of_member(node, others, view)
    if ghosts:
        for node_id, entries in _strangers(view, wish).items():
            yield from _of_ghost(node_id, entries, others)


def _of_member(node: Node, others: list[Node], view: View) -> Iterator[Obstacle]:
    if not node.answers:
        yield Obstacle(node.name, f"does not answer ({node.error})", "mend that, or let its id go as a ghost", True)
        return
    if any(node.id == other.id for other in others):
        yield Obstacle(node.name, f"has the id {node.id[:12]} of a member that stays", "find out which one is a copy")
    slots = table.count(table.own_slots(node))
    if slots:
        yield Obstacle(node.name, f"serves {slots} slots", "move them to members that stay")
    yield from _of_id(node.id, node.name, [entry for other in others if (entry := other.entries.get(node.id))], others)
    if node.myself.open_slots:
        yield Obstacle(node.name, "has slots in migration", "finish the migration first")
    if node.myself.is_master and node.keys:
        yield Obstacle(node.name, f"holds {node.keys} keys", "move them to members that stay")
    if not node.myself.is_master:
        yield from _of_replica(node, others, view)


def _of_replica(node: Node, others: list[Node], view: View) -> Iterator[Obstacle]:
    """Its keys must be those of a master that is here: otherwise they may be the only ones."""
    master = view.by_id.get(node.myself.master_id)
    known = any(node.id in other.entries for other in others)
    if not known or not node.keys:
        return
    if master is None:
        yield Obstacle(node.name, f"holds {node.keys} keys of a master that is not here", "bring back its master")
    elif master not in others:
        yield Obstacle(node.name, f"holds {node.keys} keys of {master.name}", "wait until it has dropped them", True)


def _of_id(node_id: str, subject: str, entries: list[Entry], others: list[Node]) -> Iterator[Obstacle]:
    """What stands against any id, whether a member has it or not."""
    slots = max((table.count(entry.slots) for entry in entries), default=0)
    if slots:
        yield Obstacle(subject, f"serves {slots} slots in the table of another member", "wait, or bring back its data")
    following = [other.name for other in others if other.myself.master_id == node_id]
    if following:
        yield Obstacle(subject, f"is replicated by {table.joined(following)}", "attach that to a master that stays")
    open_slots = [other.name for other in others if any(one.peer_id == node_id for one in other.myself.open_slots)]
    if open_slots:
        yield Obstacle(subject, f"is the peer of slots in migration of {table.joined(open_slots)}", "finish that first")


def _of_ghost(node_id: str, entries: dict[str, Entry], others: list[Node]) -> Iterator[Obstacle]:
    subject = node_id[:12]
    alive = [(name, entry) for name, entry in entries.items() if not entry.is_failing]
    if alive:
        name, entry = alive[0]
        seen = f"is alive at {entry.host}:{entry.port} for {name}, and no member"
        yield Obstacle(subject, seen, "find out whose node that is", True)
    yield from _of_id(node_id, subject, list(entries.values()), others)


def _strangers(view: View, wish: Wish) -> dict[str, dict[str, Entry]]:
    """By id, what each member that stays says of those that no member has.

    None while one of those members is silent: an unknown id may be its own.
    """
    if not all(node.answers for node in departure.staying(view, wish)):
        return {}
    found: dict[str, dict[str, Entry]] = {}
    for node in departure.staying(view, wish):
        for entry in table.strangers(node, view):
            found.setdefault(entry.id, {})[node.name] = entry
    return found


def _steps(view: View, wish: Wish, ghosts: bool) -> Plan:
    leavers = [node for node in departure.leaving(view, wish) if node.answers]
    going = {node.id: (node.myself.is_master, node.name, REASON_LEAVES) for node in leavers}
    if ghosts:
        for node_id, entries in _strangers(view, wish).items():
            is_master = any(entry.is_master for entry in entries.values())
            going[node_id] = (is_master, node_id[:12], REASON_GHOST)
    order = sorted(going, key=lambda node_id: going[node_id])
    forget = [
        _forget(node, [node_id for node_id in order if node_id in node.entries], going)
        for node in departure.staying(view, wish)
        if going.keys() & node.entries.keys()
    ]
    # As with forgetting, replicas first: they let go of their masters.
    reset = [_reset(node) for node in sorted(leavers, key=lambda node: node.myself.is_master) if _is_to_reset(node)]
    return Plan((*forget, *reset))


def _forget(node: Node, ids: list[str], going: dict[str, tuple[bool, str, str]]) -> Step:
    names = table.joined((going[node_id][1] for node_id in ids), 16)
    return Step(
        FORGET,
        node.name,
        f"{node.name} forgets {names}",
        going[ids[0]][2],
        tuple(("CLUSTER", "FORGET", node_id) for node_id in ids),
    )


def _is_to_reset(node: Node) -> bool:
    return not (table.is_fresh(node) or node.keys or table.own_slots(node))


def _reset(node: Node) -> Step:
    return Step(RESET, node.name, f"{node.name} starts anew", REASON_RESET, (("CLUSTER", "RESET", "HARD"),))
