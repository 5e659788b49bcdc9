# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which planned failovers bring the masters to where they are wished. Pure; PRIVATE to the collection.

1. A master that is to be master no longer hands over to the best of its replicas: one that can take over at once, that
   need not wait for an earlier election, on another kube_node and in another zone than the master, where the fewest
   masters are. Its offset plays no part: the master waits until the candidate has everything, whoever it is.
2. To spread the masters, as few shards as possible are handed over (see spread.py); no replica is moved.
3. Before all that a replica of a replica is attached to the master: a failover may have left one (redis#15472).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from ansible_collections.k8sredis.core.plugins.module_utils._decide import (
    candidates,
    departure,
    promotion,
    spread,
    table,
)
from ansible_collections.k8sredis.core.plugins.module_utils._model import (
    Node,
    Plan,
    Refused,
    Retryable,
    Step,
    View,
    Wish,
)

NAMED, STAYING, SPREAD = "named", "staying", "spread"

REASON_NAMED = "is to be the master"
REASON_AWAY = "its master is to be master no longer"
REASON_LEAVES = "its master leaves"
REASON_SPREAD = "spreads the masters over zones and kube_nodes"


@dataclass(frozen=True)
class Ask:
    """``to``: members that are to be masters; ``away_from``: members that are to be no masters."""

    choose: str = NAMED
    to: tuple[str, ...] = ()
    away_from: tuple[str, ...] = ()


@dataclass(frozen=True)
class Known:
    """What no view tells, by the name of a candidate."""

    waits: Mapping[str, float] = field(default_factory=dict)
    """Seconds until it may be elected."""
    failed: Mapping[str, str] = field(default_factory=dict)
    """How its election went wrong in this run."""


def plan(view: View, wish: Wish, ask: Ask, known: Known | None = None) -> Plan:
    """Failovers in the order of the shards, after what mends the ones before; no steps when all is as asked."""
    known = known or Known()
    planners = {NAMED: _named, STAYING: _staying, SPREAD: _spread}
    return promotion.repairs(view) + planners[ask.choose](view, wish, ask, known)


def _named(view: View, wish: Wish, ask: Ask, known: Known) -> Plan:
    refuse_contradictions(view, ask)
    taken: dict[str, Node] = {}
    for name in ask.to:
        candidate = _member(view, name)
        master = candidate if _serves(candidate) else view.by_id.get(candidate.myself.master_id)
        if master is None or not _serves(master):
            raise Retryable(
                f"Cannot make {name} the master of its shard: {_state(candidate, master)}; look at 'cluster_info', "
                "and run again when it follows a master that serves slots."
            )
        if master.name in taken:
            raise Refused(
                f"Cannot make {taken[master.name].name} and {name} both masters: they are of the same shard; name one."
            )
        taken[master.name] = candidate
        if candidate is not master:
            _require(candidate, master, known)
    steps = {name: _step(node, name, REASON_NAMED) for name, node in taken.items() if node.name != name}
    away = {name for name in ask.away_from if name not in taken}
    others = _handed_over(view, away, {node.name for node in departure.leaving(view, wish)}, REASON_AWAY, known)
    return _in_order(view, {**steps, **others})


def refuse_contradictions(view: View, ask: Ask) -> None:
    """Raises Refused for names that cannot be meant, whatever the state of the members."""
    unknown = [name for name in (*ask.to, *ask.away_from) if view.node(name) is None]
    if unknown:
        raise Refused(
            f"Cannot hand over to or from {table.joined(unknown)}: no member has that name; there are "
            f"{table.joined((node.name for node in view.nodes), most=12)}."
        )
    both = sorted({*ask.to} & {*ask.away_from})
    if both:
        raise Refused(f"Cannot make {table.joined(both)} master and no master at once; leave it out of one of the two.")


def _member(view: View, name: str) -> Node:
    node = view.node(name)
    if node is None or not node.answers:
        raise Retryable(
            f"Cannot make {name} the master of its shard: {node.error if node else 'it is not there'}; mend that and "
            "run again."
        )
    return node


def _serves(node: Node) -> bool:
    return node.myself.is_master and bool(table.own_slots(node))


def _state(candidate: Node, master: Node | None) -> str:
    if candidate.myself.is_master:
        return "it is a master without slots"
    return f"it replicates {master.name if master else 'nobody who is a member'}, which serves no slots"


def _require(candidate: Node, master: Node, known: Known) -> None:
    """Raises what keeps this very candidate from ever taking over in this run."""
    if barred := candidates.barred(candidate, master):
        raise Refused(_cannot(candidate, master, barred, "choose another member, or mend that first"))
    if failed := known.failed.get(candidate.name):
        raise Refused(_cannot(candidate, master, failed, _unchanged(master)))


def _cannot(candidate: Node, master: Node, why: str, advice: str) -> str:
    return f"Cannot hand {master.name} over to {candidate.name}: {why}; {advice}."


def _unchanged(master: Node) -> str:
    return f"{master.name} is still the master, see the logs of both servers and run again"


def _staying(view: View, wish: Wish, ask: Ask, known: Known) -> Plan:
    del ask
    leaving = {node.name: node for node in departure.leaving(view, wish)}
    masters = {name for name, node in leaving.items() if _is_of_shard_that_stays(node, view, wish, leaving)}
    return _in_order(view, _handed_over(view, masters, set(leaving), REASON_LEAVES, known))


def _is_of_shard_that_stays(node: Node, view: View, wish: Wish, leaving: Collection[str]) -> bool:
    """Of a shard that leaves as a whole nobody stays: its slots are moved away instead. Endpoints are told apart by
    whether anybody who stays follows them."""
    if node.member.shard is not None:
        return node.member.shard < wish.shards
    return any(other.myself.master_id == node.id and other.name not in leaving for other in view.answering)


Steps = dict[str, Step]
"""By the name of the master that hands over."""


def _handed_over(view: View, names: Collection[str], shunned: Collection[str], reason: str, known: Known) -> Steps:
    """Each serving master of these names hands over to its best replica; ``shunned``: who is not to become master."""
    masters = candidates.serving(view)
    there = [master for master in masters if master.name not in names]
    steps = {}
    for master in masters:
        if master.name in names:
            best = _best(master, view, {*names, *shunned}, there, known)
            there.append(best)
            steps[master.name] = _step(best, master.name, reason)
    return steps


def _best(master: Node, view: View, shunned: Collection[str], masters: list[Node], known: Known) -> Node:
    found = [node for node in candidates.of(master, view) if node.name not in shunned]
    obstacles = {node.name: candidates.barred(node, master) or known.failed.get(node.name, "") for node in found}
    free = [node for node in found if not obstacles[node.name]]
    if not free:
        why = "; ".join(f"{name}: {obstacle}" for name, obstacle in obstacles.items()) or "it has no replica that stays"
        advice = _unchanged(master) if any(name in known.failed for name in obstacles) else "mend that and run again"
        raise Refused(f"Cannot hand {master.name} over to another member: {why}; {advice}.")
    return min(free, key=lambda node: _rank(node, master, view, masters, known))


def _rank(node: Node, master: Node, view: View, masters: list[Node], known: Known) -> tuple[object, ...]:
    zone, host = spread.place_of(node)
    places = [spread.place_of(other) for other in masters]
    return (
        bool(candidates.lacking(node, master, view)),
        known.waits.get(node.name, 0.0),
        host == spread.place_of(master)[1],
        zone == spread.place_of(master)[0],
        sum(place[0] == zone for place in places),
        sum(place[1] == host for place in places),
        candidates.in_order(node),
    )


def _spread(view: View, wish: Wish, ask: Ask, known: Known) -> Plan:
    del ask
    leaving = {node.name for node in departure.leaving(view, wish)}
    masters = [one for one in candidates.serving(view) if (one.member.shard or 0) < wish.shards]
    choice = {
        number: [
            master,
            *(node for node in candidates.of(master, view) if _may_take_over(node, master, leaving, known)),
        ]
        for number, master in enumerate(masters)
    }
    chosen = spread.masters(dict(enumerate(masters)), choice)
    pairs = [(chosen[number], master) for number, master in enumerate(masters) if chosen[number] is not master]
    return Plan(tuple(_step(candidate, master.name, REASON_SPREAD) for candidate, master in pairs))


def _may_take_over(node: Node, master: Node, leaving: Collection[str], known: Known) -> bool:
    return not (node.name in leaving or node.name in known.failed or candidates.barred(node, master))


def _step(candidate: Node, master: str, reason: str) -> Step:
    text = f"{candidate.name} takes over from {master}"
    return Step("failover", candidate.name, text, reason, (("CLUSTER", "FAILOVER"),))


def _in_order(view: View, steps: Steps) -> Plan:
    return Plan(tuple(steps[master.name] for master in candidates.serving(view) if master.name in steps))
