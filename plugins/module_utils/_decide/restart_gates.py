# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What must be so before a pod may go. Pure; PRIVATE to the collection.

``refusal`` names what waiting does not change, ``shut`` what time may bring. Both are asked again for every pod.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ansible_collections.k8sredis.core.plugins.module_utils._decide import candidates, health, replication, table
from ansible_collections.k8sredis.core.plugins.module_utils._decide.rollout import BROKEN, MASTER, REPLICA, Turn
from ansible_collections.k8sredis.core.plugins.module_utils._model import Node, View

LEAST_REPLICAS = "min-replicas-to-write"
"""Directive: replicas in sync without which a master refuses writes."""

OWN_TROUBLE = frozenset({"out_of_sync", "not_ready", "stale_master_address"})
"""What a replica may lack that restarts itself: it is not counted on."""


@dataclass(frozen=True)
class Limits:
    """``max_lag``: bytes that a replica of the shard may be behind. ``maxmemory``: what the servers are about to have,
    0 where that is not known. ``accept_interruption``: a shard whose master nobody can take over from may pause."""

    max_lag: int = replication.MAXIMUM_LAG
    maxmemory: int = 0
    accept_interruption: bool = False


def refusal(view: View, turn: Turn, limits: Limits) -> str:
    """Why this pod must not go as things are, and what to do, in words; empty when it may."""
    node = _node(view, turn)
    if node is None:
        return ""
    checks = [_memory, _last_copy]
    if all(other.answers for other in view.nodes if other.member.shard == node.member.shard):
        # Who is silent at this moment may be a replica that counts a moment later.
        checks += [_least_replicas, _successor]
    return next((text for check in checks for text in check(view, node, limits)), "")


def _memory(view: View, node: Node, limits: Limits) -> Iterator[str]:
    for other in _shard(view, node):
        used = other.number("used_memory")
        if limits.maxmemory and used > limits.maxmemory:
            yield (
                f"{other.name} uses {used} bytes, more than the {limits.maxmemory} of maxmemory that it would have "
                "then; delete data, add shards, or declare more memory"
            )


def _last_copy(view: View, node: Node, limits: Limits) -> Iterator[str]:
    """Nobody serves its slots, or nobody but itself has its data."""
    del limits
    holds = table.own_slots(node) or not node.answers
    others = [other for other in _shard(view, node) if other is not node]
    if not holds or any(other.myself.master_id or table.own_slots(other) for other in others):
        return
    lost = node.member.volatile or keeps_nothing(node)
    if lost and node.member.ever_ran and (node.keys or not node.answers):
        yield "its data ends with the pod and no other member of its shard has it; add a replica first"


def keeps_nothing(node: Node) -> bool:
    settings = node.settings or {}
    return settings.get("appendonly") == "no" and settings.get("save") == ""


def _least_replicas(view: View, node: Node, limits: Limits) -> Iterator[str]:
    """Whoever of the shard goes: one replica less."""
    members = _shard(view, node)
    master = next((one for one in members if table.own_slots(one)), None)
    if master is None or limits.accept_interruption or not node.answers:
        return
    told = (master.settings or {}).get(LEAST_REPLICAS, "0")
    least = int(told) if told.isdecimal() else 0
    left = max(0, len(members) - 2)
    if left < least:
        yield (
            f"{LEAST_REPLICAS} of {master.name} is {least} and {left} replicas would be left meanwhile, so it would "
            "refuse writes; add a replica, or declare a smaller number for the restart"
        )


def _successor(view: View, node: Node, limits: Limits) -> Iterator[str]:
    if not (node.answers and node.myself.is_master and table.own_slots(node)) or limits.accept_interruption:
        return
    found = candidates.of(node, view)
    obstacles = [f"{one.name}: {why}" for one in found if (why := candidates.barred(one, node))]
    if len(obstacles) == len(found):
        why = "; ".join(obstacles) or "it has no replica"
        yield (
            f"it is the master of its shard and nobody can take over ({why}); mend that or add a replica, or accept "
            "that its slots are not served until it is back (accept_interruption)"
        )


def shut(view: View, turn: Turn, limits: Limits) -> str:
    """Why it may not go now, in words; empty when it may."""
    node = _node(view, turn)
    if node is None:
        return f"{turn.pod} is not there"
    if turn.kind == BROKEN:
        if node.answers:
            return f"{turn.pod} has come up meanwhile"
        loads = "LOADING" in node.error.upper()
        return f"{turn.pod} loads its data" if loads else ""
    for finding in health.findings(view, health.CONVERGENCE):
        if not (turn.kind == REPLICA and finding.subject == turn.pod and finding.code in OWN_TROUBLE):
            return finding.text
    return _votes(view, turn, limits) or _lag(view, node, turn, limits)


def _votes(view: View, turn: Turn, limits: Limits) -> str:
    """A master that hands over first goes as a replica, and a replica has no vote: then no majority is touched, also
    should the kube_node be lost meanwhile (which masters that takes, the doctor tells at any time)."""
    voters = candidates.serving(view)
    without = [voter for voter in voters if voter.name != turn.pod]
    if turn.kind == MASTER and limits.accept_interruption and len(voters) > 2 and len(without) * 2 <= len(voters):
        return f"{len(without)} of {len(voters)} masters would be left, which is no majority"
    return ""


def _lag(view: View, node: Node, turn: Turn, limits: Limits) -> str:
    for other in _shard(view, node):
        master = view.by_id.get(other.myself.master_id)
        if master is not None and not (other is node and turn.kind == REPLICA):
            behind = replication.beyond(limits.max_lag, other, master)
            if behind:
                return f"{other.name} is {behind} bytes behind {master.name}, allowed are {limits.max_lag} (max_lag)"
    return ""


def _shard(view: View, node: Node) -> list[Node]:
    """The members of its shard that answer; by who follows whom where there are no labels."""
    return [one for one in view.answering if one.member.shard == node.member.shard]


def _node(view: View, turn: Turn) -> Node | None:
    return view.node(turn.pod)
