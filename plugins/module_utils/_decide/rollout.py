# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which pods are to be restarted, why, and in which order. Pure; PRIVATE to the collection.

A pod is due when it was made from other settings than its StatefulSet now has (their hashes differ), or when its
restart was requested. A pod that differs in what a release of the collection generates is not due: it picks that up
whenever it restarts.
1. Pods that do not run or are not Ready: they serve nobody, so restarting them takes nothing away.
2. Shard by shard, the replicas.
3. Then its master, after it has handed over. The replicas are the newer ones by then: a master of a newer version
   could not feed an older replica (the format of a full synchronisation grows).
A shard is finished before the next one begins, so at most one shard has two versions.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from ansible_collections.k8sredis.core.plugins.module_utils._decide import declared, table
from ansible_collections.k8sredis.core.plugins.module_utils._model import Finding, Member, Node, Refused, Step, View
from ansible_collections.k8sredis.core.plugins.module_utils._model_instance import StatefulSet

BROKEN, REPLICA, MASTER, SENTINEL = "broken", "replica", "master", "sentinel"

SKIP = "skip"
"""For masters: not in this run."""

REASON_REQUESTED = "requested"
REASON_UNKNOWN = "made from other settings than declared"

REQUEST = "k8sredis.io/restart-requested"
"""Annotation of the Lease: JSON with the uid of each pod whose restart was requested, by its name. A pod that was
replaced has another uid, so it is done, whoever replaced it; a run that is killed leaves the rest for the next one."""


@dataclass(frozen=True)
class Wanted:
    """What a pod is to be made from."""

    restart_hash: str
    made_from: str = ""


@dataclass(frozen=True)
class Turn:
    """The restart of one pod. ``kind`` is BROKEN, REPLICA, MASTER or SENTINEL."""

    pod: str
    kind: str
    reason: str

    @property
    def step(self) -> Step:
        deeds = {
            BROKEN: "is replaced",
            REPLICA: "restarts",
            MASTER: "hands over to a replica, then restarts",
            SENTINEL: "restarts",
        }
        return Step("restart", self.pod, f"{self.pod} {deeds[self.kind]}", self.reason)


@dataclass(frozen=True)
class Bounds:
    """How far a run goes."""

    limit: int = 0
    """Of pods that may have been restarted in all before a person looks; 0 for none."""
    masters: str = "restart"
    """SKIP leaves them to a later run."""
    broken_only: bool = False


@dataclass(frozen=True)
class Rollout:
    """``turns``: what this run may restart, in order. ``held``: why other pods wait, in words; empty when none do."""

    turns: tuple[Turn, ...] = ()
    held: str = ""


def wanted(made: Iterable[StatefulSet], restart_hash: str = "", made_from: str = "") -> dict[str, Wanted]:
    """By pod name, as the StatefulSets say; where a hash is given, that is wanted of all."""
    return {
        pod: Wanted(restart_hash, made_from) if restart_hash else Wanted(each.restart_hash, each.made_from)
        for each in made
        for pod in each.pods
    }


def rollout(view: View, wished: Mapping[str, Wanted], requested: Mapping[str, str], bounds: Bounds) -> Rollout:
    turns = due(view, wished, requested)
    waiting = {turn.pod for turn in turns}
    return bounded(turns, bounds, done([node.member for node in view.nodes], wished, requested, waiting))


def bounded(turns: list[Turn], bounds: Bounds, already: int) -> Rollout:
    """As far as a run goes; ``already``: how many pods have been restarted for what these wait for."""
    allowed, held = turns, []
    if bounds.broken_only:
        return Rollout(tuple(turn for turn in turns if turn.kind == BROKEN))
    if bounds.masters == SKIP:
        masters = [turn.pod for turn in turns if turn.kind == MASTER]
        allowed = [turn for turn in turns if turn.kind != MASTER]
        if masters:
            held.append(
                f"{table.joined(masters)} {_wait(masters)} because redis_cluster_rollout.masters is skip; run with "
                "masters: restart when they may hand over"
            )
    if bounds.limit:
        left = max(0, bounds.limit - already)
        waiting = [turn.pod for turn in allowed[left:]]
        allowed = allowed[:left]
        if waiting:
            held.append(
                f"{table.joined(waiting)} {_wait(waiting)} because redis_cluster_rollout.limit is {bounds.limit}; look "
                "at the pods that were restarted, then run with a higher limit, or with 0 for all"
            )
    return Rollout(tuple(allowed), "; ".join(held))


def _wait(names: Collection[str]) -> str:
    return "waits" if len(names) == 1 else "wait"


def due(view: View, wished: Mapping[str, Wanted], requested: Mapping[str, str]) -> list[Turn]:
    """All of them, in order."""
    found = [
        (node, Turn(node.name, _kind(node), reason))
        for node in view.nodes
        if (reason := why(node.member, wished.get(node.name), requested))
    ]
    return [turn for _node, turn in sorted(found, key=_place)]


def done(
    members: Collection[Member], wished: Mapping[str, Wanted], requested: Mapping[str, str], waiting: Collection[str]
) -> int:
    """How many pods have been restarted already for what the others wait for."""
    outdated = any(_is_outdated(member, wished.get(member.name)) for member in members)
    return sum(
        member.name not in waiting and bool(member.uid) and (outdated or member.name in requested) for member in members
    )


def _place(item: tuple[Node, Turn]) -> tuple[object, ...]:
    node, turn = item
    serves_nobody = turn.kind == BROKEN or (turn.kind == REPLICA and node.member.ready is False)
    return (not serves_nobody, node.member.shard or 0, turn.kind == MASTER, node.member.ordinal or 0, turn.pod)


def _kind(node: Node) -> str:
    if node.answers and node.myself.is_master and table.own_slots(node):
        return MASTER
    return BROKEN if node.member.ready is not True and not node.answers else REPLICA


def why(member: Member, wish: Wanted | None, requested: Mapping[str, str]) -> str:
    """Why a pod is due, empty when it is not."""
    if not member.uid or wish is None:
        return ""
    if _is_outdated(member, wish):
        return ", ".join(declared.differences(member.made_from, wish.made_from)) or REASON_UNKNOWN
    return REASON_REQUESTED if requested.get(member.name) == member.uid else ""


def _is_outdated(member: Member, wish: Wanted | None) -> bool:
    return bool(member.uid and wish and wish.restart_hash and member.restart_hash != wish.restart_hash)


def request(members: Iterable[Member], shard: int | None, pods: Collection[str]) -> dict[str, str]:
    """Of the pods of a shard, or of those that are named, else of all. Raises Refused for names that nobody has."""
    there = {member.name: member for member in members if member.uid}
    unknown = [name for name in pods if name not in there]
    if unknown:
        raise Refused(
            f"Cannot restart {table.joined(unknown)}: no pod of the instance has that name; there are "
            f"{table.joined(there, most=12)}."
        )
    chosen = {
        name: member.uid
        for name, member in there.items()
        if (not pods or name in pods) and (shard is None or member.shard == shard)
    }
    if not chosen:
        raise Refused(
            f"Cannot restart shard {shard}: no pod of it is there; name one of those that cluster_info shows."
        )
    return chosen


def parsed(note: str) -> dict[str, str]:
    """A request as it stands on the Lease; empty when there is none."""
    try:
        found = json.loads(note)
    except ValueError:
        return {}
    return {str(name): str(uid) for name, uid in found.items()} if isinstance(found, dict) else {}


def text(requested: Mapping[str, str]) -> str:
    return json.dumps(dict(requested), sort_keys=True, separators=(",", ":"))


def open_request(members: Iterable[Member], requested: Mapping[str, str]) -> list[str]:
    """Names of the pods of a request that have not been replaced yet."""
    return [member.name for member in members if member.uid and requested.get(member.name) == member.uid]


def listed(turns: Iterable[Turn]) -> list[dict[str, str]]:
    """As results show them."""
    return [{"pod": turn.pod, "kind": turn.kind, "reason": turn.reason} for turn in turns]


def findings(view: View, wished: Mapping[str, Wanted], requested: Mapping[str, str]) -> list[Finding]:
    """For the doctor: one for each reason."""
    by_reason: dict[str, list[str]] = {}
    for turn in due(view, wished, requested):
        by_reason.setdefault(turn.reason, []).append(turn.pod)
    advice = "a run of the playbook restarts it in its turn"
    return [
        Finding("restart_due", "warning", table.joined(pods), f"is to be restarted ({reason})", advice)
        for reason, pods in by_reason.items()
    ]
