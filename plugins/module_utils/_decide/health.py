# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The doctor: what is wrong, or about to be. Pure; PRIVATE to the collection.

Two lists of checks in a fixed order, each a function of the view alone:
``CONVERGENCE``: every node's own table agrees; a step is done when none of these finds anything.
``CARE``: what a healthy cluster can still lack.
``cluster_state:ok`` alone proves nothing: after a full outage with new addresses every node says ok
for a node timeout with none of its links up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

from ansible_collections.k8sredis.core.plugins.module_utils._decide import (
    departure,
    drift,
    live,
    replicas,
    replication,
    table,
)
from ansible_collections.k8sredis.core.plugins.module_utils._model import SLOTS, Entry, Finding, Node, View, Wish

Check = Callable[[View], Iterator[Finding]]

CRITICAL, WARNING, INFO = "critical", "warning", "info"

SETS_BACK = "a run sets it back"
RESTARTS = "a restart of its pod brings it"

MEMORY_NEAR = 0.9
"""Share of maxmemory from which on writes are soon refused or keys evicted."""


def no_members(view: View) -> Iterator[Finding]:
    if not view.nodes:
        advice = "check name, namespace, label_selectors and the Kubernetes context"
        yield Finding("no_members", CRITICAL, "cluster", "no member was found", advice)


def unreachable(view: View) -> Iterator[Finding]:
    for node in view.nodes:
        if not node.answers:
            yield Finding("unreachable", CRITICAL, node.name, node.error, "see why it does not run or answer")


def handshake(view: View) -> Iterator[Finding]:
    for node in view.answering:
        open_entries = [entry for entry in node.table if entry.in_handshake]
        if open_entries:
            seen = f"{len(open_entries)} nodes are in handshake ({open_entries[0].host}:{open_entries[0].port})"
            yield Finding("handshake", WARNING, node.name, seen, "wait; if it stays, the bus port is blocked")


def partition(view: View) -> Iterator[Finding]:
    for node in view.answering:
        unknown = [other.name for other in view.answering if other.id not in node.entries]
        if unknown:
            seen = f"does not know {table.joined(unknown)}"
            yield Finding("partition", CRITICAL, node.name, seen, "join the members again (cluster_meet)")


def wrong_address(view: View) -> Iterator[Finding]:
    for node in view.answering:
        wrong = [
            (entry, other)
            for other in view.answering
            if (entry := node.entries.get(other.id))
            and other is not node
            and not table.same_address(entry, other.member)
        ]
        if wrong:
            entry, other = wrong[0]
            where = f"{entry.host}:{entry.port}" if entry.host else "no address"
            seen = f"has {other.name} at {where}, it is at {_address(other)}{_and_more(wrong)}"
            yield Finding("wrong_address", CRITICAL, node.name, seen, "join the members again (cluster_meet)")


def stranger(view: View) -> Iterator[Finding]:
    if len(view.answering) < len(view.nodes):
        return  # An unknown id may belong to a member that does not answer.
    for node in view.answering:
        for entry in table.strangers(node, view):
            if not entry.is_failing:
                seen = f"knows {entry.id[:12]} at {entry.host}:{entry.port}, which is not a member"
                yield Finding("stranger", CRITICAL, node.name, seen, "find out whose node that is before anything else")


def link_down(view: View) -> Iterator[Finding]:
    members = view.by_id
    for node in view.answering:
        down = [
            members[e.id].name for e in node.table if e.id in members and not e.connected and "myself" not in e.flags
        ]
        if down:
            seen = f"has no link to {table.joined(down)}"
            yield Finding("link_down", WARNING, node.name, seen, "wait; if it stays, look at the network between them")


def peer_failing(view: View) -> Iterator[Finding]:
    members = view.by_id
    for node in view.answering:
        failing = [members[entry.id].name for entry in node.table if entry.id in members and entry.is_failing]
        if failing:
            seen = f"holds {table.joined(failing)} for failing"
            yield Finding("peer_failing", CRITICAL, node.name, seen, "see whether they run and can be reached")


def open_slots(view: View) -> Iterator[Finding]:
    for node in view.answering:
        slots = node.myself.open_slots
        if slots:
            first = slots[0]
            seen = f"{len(slots)} slots are in migration, first {first.slot} ({first.direction})"
            yield Finding("open_slot", CRITICAL, node.name, seen, "finish the migration before anything else")


def uncovered_slots(view: View) -> Iterator[Finding]:
    for node in view.answering:
        covered = sum(table.count(entry.slots) for entry in node.table if entry.is_master)
        if covered < SLOTS:
            seen = f"sees no owner for {SLOTS - covered} slots"
            yield Finding("uncovered_slots", CRITICAL, node.name, seen, "bring back the nodes that serve them")
            return


def owner_disagreement(view: View) -> Iterator[Finding]:
    reference: dict[str, object] = {node_id: table.own_slots(node) for node_id, node in view.by_id.items()}
    for node in view.answering:
        wrong = [e for e in node.table if e.id in reference and e.slots != reference[e.id]]
        if wrong:
            name = view.by_id[wrong[0].id].name
            seen = f"gives {name} the slots {table.range_text(wrong[0].slots)}, {name} says {_own_text(view, name)}"
            yield Finding("owner_disagreement", CRITICAL, node.name, seen, "wait; if it stays, do not change anything")


def role_disagreement(view: View) -> Iterator[Finding]:
    truth = {node_id: (node.myself.is_master, node.myself.master_id) for node_id, node in view.by_id.items()}
    for node in view.answering:
        wrong = [e for e in node.table if e.id in truth and (e.is_master, e.master_id) != truth[e.id]]
        if wrong:
            role = _role_text(view, wrong[0])
            seen = f"takes {view.by_id[wrong[0].id].name} for {role}{_and_more(wrong)}"
            advice = "wait; gossip brings it within a node timeout"
            yield Finding("role_disagreement", WARNING, node.name, seen, advice)


def equal_epochs(view: View) -> Iterator[Finding]:
    masters = [node for node in view.answering if node.myself.is_master and table.own_slots(node)]
    epochs = Counter(node.myself.epoch for node in masters)
    for node in masters:
        if epochs[node.myself.epoch] > 1:
            seen = f"shares config epoch {node.myself.epoch} with another master"
            yield Finding("equal_epochs", WARNING, node.name, seen, "wait; the servers resolve it by themselves")


def state_not_ok(view: View) -> Iterator[Finding]:
    for node in view.answering:
        state = node.cluster_info.get("cluster_state", "unknown")
        if state != "ok":
            yield Finding("cluster_state", CRITICAL, node.name, f"cluster_state is {state}", "see the other findings")


def out_of_sync(view: View) -> Iterator[Finding]:
    for node in view.answering:
        if not node.myself.is_master and (seen := _not_in_sync(node, view)):
            yield Finding("out_of_sync", WARNING, node.name, seen, "wait for it before any restart or failover")


def stale_master_address(view: View) -> Iterator[Finding]:
    for node in view.answering:
        if not node.myself.is_master and replicas.follows_former_address(node):
            seen = f"follows its master at {node.info['master_host'] or 'no address'}, a former address"
            yield Finding("stale_master_address", CRITICAL, node.name, seen, "attach it again (cluster_replicas)")


def chained_replica(view: View) -> Iterator[Finding]:
    for node in view.answering:
        master = view.by_id.get(node.myself.master_id)
        if master is not None and not master.myself.is_master:
            seen = f"replicates {master.name}, itself a replica"
            yield Finding("chained_replica", WARNING, node.name, seen, "attach it to the master (cluster_replicas)")


def not_ready(view: View) -> Iterator[Finding]:
    """While it is not, no Service leads clients to the pod."""
    for node in view.answering:
        if node.member.ready is False:
            seen = "its pod is not Ready yet"
            yield Finding("not_ready", WARNING, node.name, seen, "wait; if it stays, `kubectl describe pod` says why")


CONVERGENCE: tuple[Check, ...] = (
    no_members,
    unreachable,
    handshake,
    partition,
    wrong_address,
    stranger,
    link_down,
    peer_failing,
    open_slots,
    owner_disagreement,
    role_disagreement,
    chained_replica,
    stale_master_address,
    out_of_sync,
    not_ready,
    equal_epochs,
    uncovered_slots,
    state_not_ok,
)

MEETING: tuple[Check, ...] = (unreachable, handshake, partition, wrong_address, stranger, link_down)
"""What must agree before slots are given out."""

OWNERSHIP: tuple[Check, ...] = (*MEETING, open_slots, owner_disagreement, uncovered_slots)
"""What must agree before it can be said whose slots are whose; replicas may still be on their way."""


def ghost(view: View) -> Iterator[Finding]:
    if len(view.answering) < len(view.nodes):
        return
    ghosts = {entry.id: entry for node in view.answering for entry in table.strangers(node, view) if entry.is_failing}
    for node_id, entry in sorted(ghosts.items()):
        seen = f"is known at {entry.host or 'no address'}, but no member has this id"
        slots = table.count(entry.slots)
        severity = CRITICAL if slots else WARNING
        advice = (
            f"bring back its data, it serves {slots} slots"
            if slots
            else "forget it on all nodes when it is gone for good"
        )
        yield Finding("ghost", severity, node_id[:12], seen, advice)


def wrong_shard(view: View) -> Iterator[Finding]:
    for node in view.answering:
        master = view.by_id.get(node.myself.master_id)
        if master and None not in (master.member.shard, node.member.shard) and master.member.shard != node.member.shard:
            seen = f"is of shard {node.member.shard} and replicates {master.name} of shard {master.member.shard}"
            yield Finding("wrong_shard", WARNING, node.name, seen, "attach it to its shard (cluster_replicas)")


def master_beside_replica(view: View) -> Iterator[Finding]:
    for node in view.answering:
        master = view.by_id.get(node.myself.master_id)
        if master and node.member.kube_node and node.member.kube_node == master.member.kube_node:
            seen = f"runs on {node.member.kube_node}, beside its master {master.name}"
            yield Finding(
                "master_beside_replica", WARNING, node.name, seen, "let the scheduler put one of them elsewhere"
            )


def masters_together(view: View) -> Iterator[Finding]:
    """Half of the masters or more that one fault takes: what is left is no majority, and cannot elect."""
    masters = [node.member for node in _serving_masters(view)]
    for kind, places in (
        ("kube_node", Counter(m.kube_node for m in masters)),
        ("zone", Counter(m.zone for m in masters)),
    ):
        for place, number in sorted(places.items()):
            if place and number > 1 and number * 2 >= len(masters):
                seen = f"{number} of {len(masters)} masters run there"
                advice = "hand one over to its replica elsewhere (redis_cluster_rebalance_masters does it by a run)"
                yield Finding(f"masters_on_one_{kind}", WARNING, place, seen, advice)


def unknown_zones(view: View) -> Iterator[Finding]:
    without = [node.name for node in view.nodes if node.member.kube_node and not node.member.zone]
    if without:
        seen = f"the zone of {table.joined(without)} is not known"
        yield Finding("zone_unknown", INFO, "placement", seen, "label the nodes with zones, or grant reading nodes")


def shard_without_replica(view: View) -> Iterator[Finding]:
    followed = {node.myself.master_id for node in view.answering}
    for node in _serving_masters(view):
        if node.id not in followed:
            yield Finding("shard_without_replica", WARNING, node.name, "has no replica", "its slots are lost with it")


def no_persistence(view: View) -> Iterator[Finding]:
    volatile = [
        node.name
        for node in view.answering
        if node.settings is not None and node.settings.get("appendonly") == "no" and not node.settings.get("save")
    ]
    if volatile:
        seen = "writes neither an append-only file nor snapshots"
        yield Finding("no_persistence", INFO, table.joined(volatile), seen, "choose it only for data that can be lost")


def persistence_failing(view: View) -> Iterator[Finding]:
    for node in view.answering:
        for field in ("rdb_last_bgsave_status", "aof_last_write_status", "aof_last_bgrewrite_status"):
            if node.info.get(field, "ok") != "ok":
                seen = f"{field} is {node.info[field]}"
                yield Finding("persistence_failing", CRITICAL, node.name, seen, "look at its disk and its log")


def memory_near_maxmemory(view: View) -> Iterator[Finding]:
    for node in view.answering:
        used, limit = node.number("used_memory"), node.number("maxmemory")
        if limit and used >= limit * MEMORY_NEAR:
            seen = f"uses {used} of {limit} bytes"
            yield Finding("memory_near_maxmemory", WARNING, node.name, seen, "add memory or shards, or delete data")


def maxmemory_unset(view: View) -> Iterator[Finding]:
    without = [node.name for node in view.answering if not node.number("maxmemory")]
    if without:
        seen = "has no maxmemory"
        yield Finding(
            "maxmemory_unset", INFO, table.joined(without), seen, "set one, or the kernel kills it when memory ends"
        )


def loading(view: View) -> Iterator[Finding]:
    for node in view.answering:
        if node.number("loading"):
            yield Finding("loading", WARNING, node.name, "is loading its data", "wait")


def version_mix(view: View) -> Iterator[Finding]:
    versions = Counter(version(node) for node in view.answering)
    if len(versions) > 1:
        seen = ", ".join(f"{number} nodes run {text}" for text, number in sorted(versions.items()))
        yield Finding(
            "version_mix", WARNING, "cluster", seen, "finish the upgrade, or look for a pod with an old image"
        )


def settings_mix(view: View) -> Iterator[Finding]:
    for name in sorted({name for node in view.answering for name in node.settings or {}} - {"maxmemory"}):
        values = Counter((node.settings or {}).get(name, "") for node in view.answering if node.settings is not None)
        if len(values) > 1:
            seen = f"{name} is " + ", ".join(f"'{value}' on {number}" for value, number in sorted(values.items()))
            yield Finding("config_drift", WARNING, "cluster", seen, _set_back(name))


CARE: tuple[Check, ...] = (
    ghost,
    wrong_shard,
    master_beside_replica,
    masters_together,
    unknown_zones,
    shard_without_replica,
    no_persistence,
    persistence_failing,
    memory_near_maxmemory,
    maxmemory_unset,
    loading,
    version_mix,
    settings_mix,
)


def findings(view: View, checks: tuple[Check, ...] = CONVERGENCE + CARE) -> tuple[Finding, ...]:
    """All findings of these checks, in their order."""
    return tuple(finding for check in checks for finding in check(view))


def config_drift(view: View, declared: Mapping[str, str]) -> Iterator[Finding]:
    """Settings that differ from the declared ones; those that a node does not tell are passed over."""
    found: dict[tuple[str, str, str], list[drift.Difference]] = {}
    for each in drift.differences(view, declared):
        found.setdefault((each.name, each.seen, each.wished), []).append(each)
    for (name, seen, wished), where in sorted(found.items()):
        text = f"{name} is '{seen}', declared is '{wished}'"
        advice = RESTARTS if any(each.restart for each in where) else SETS_BACK
        yield Finding("config_drift", WARNING, table.joined([each.node for each in where]), text, advice)


def shards_differ(view: View, wish: Wish) -> Iterator[Finding]:
    serving = len(_serving_masters(view))
    if serving != wish.shards:
        seen = f"{serving} masters serve slots, wished are {wish.shards} shards"
        yield Finding("shards_differ", WARNING, "cluster", seen, "converge, or change the wish")


def leaving(view: View, wish: Wish) -> Iterator[Finding]:
    """``view``: with the departed."""
    departed = {node.name for node in departure.departed(view, wish)}
    for node in departure.leaving(view, wish):
        seen = "has left the cluster and is still there" if node.name in departed else "is beyond the wish"
        yield Finding("leaving", INFO, node.name, seen, "a run lets it go, or takes it back when it is wished again")


def is_healthy(found: tuple[Finding, ...]) -> bool:
    return not any(finding.severity == CRITICAL for finding in found)


def version(node: Node) -> str:
    """Family and version: Valkey reports redis_version 7.2.4 for compatibility, so its own field wins."""
    if "valkey_version" in node.info:
        return f"valkey {node.info['valkey_version']}"
    return f"redis {node.info.get('redis_version', 'unknown')}"


def _set_back(name: str) -> str:
    return SETS_BACK if name in live.ALWAYS_WISHED else "set it back with CONFIG SET; a run leaves it as it is"


def _serving_masters(view: View) -> list[Node]:
    return [node for node in view.answering if node.myself.is_master and table.own_slots(node)]


def _not_in_sync(node: Node, view: View) -> str:
    if node.info.get("role") != "slave":
        return "is to be a replica and does not replicate yet"
    if node.info.get("master_link_status") != "up":
        return "its link to the master is down"
    if node.info.get("master_sync_in_progress", "0") != "0":
        return "its first synchronisation is under way"
    master = view.by_id.get(node.myself.master_id)
    behind = replication.bytes_behind(node, master) if master else 0
    return f"is {behind} bytes behind" if behind else ""


def _address(node: Node) -> str:
    return f"{node.member.host}:{node.member.port}"


def _and_more(wrong: Sequence[object]) -> str:
    """Not a finding for each: after an outage every node is wrong about every other."""
    return f", and {len(wrong) - 1} more like it" if len(wrong) > 1 else ""


def _own_text(view: View, name: str) -> str:
    node = view.node(name)
    return table.range_text(table.own_slots(node)) if node else "nothing"


def _role_text(view: View, entry: Entry) -> str:
    if entry.is_master:
        return "a master"
    if not entry.has_role:
        return "a node without a role"
    master = view.by_id.get(entry.master_id)
    return f"a replica of {master.name if master else entry.master_id[:12]}"
