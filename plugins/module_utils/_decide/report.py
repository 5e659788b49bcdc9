# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The view as results and as lines for people. Pure; PRIVATE to the collection."""

from __future__ import annotations

from typing import Any

from ansible_collections.k8sredis.core.plugins.module_utils._decide import health, table
from ansible_collections.k8sredis.core.plugins.module_utils._model import SLOTS, Finding, Node, View


def nodes(view: View) -> list[dict[str, Any]]:
    """One dictionary per member, in name order."""
    return [_node(node, view) for node in view.nodes]


def _node(node: Node, view: View) -> dict[str, Any]:
    master = view.by_id.get(node.myself.master_id)
    return {
        "name": node.name,
        "address": f"{node.member.host}:{node.member.port}",
        "hostname": node.myself.hostname,
        "id": node.id,
        "reachable": node.answers,
        "error": node.error,
        "role": _role(node),
        "master": master.name if master else "",
        "shard": node.member.shard,
        "slots": [list(bounds) for bounds in table.own_slots(node)],
        "keys": node.keys,
        "link": node.info.get("master_link_status", ""),
        "epoch": node.myself.epoch,
        "version": health.version(node) if node.answers else "",
        "used_memory": node.number("used_memory"),
        "maxmemory": node.number("maxmemory"),
        "kube_node": node.member.kube_node,
        "zone": node.member.zone,
    }


def _role(node: Node) -> str:
    if not node.answers:
        return "unknown"
    return "master" if node.myself.is_master else "replica"


def shards(view: View) -> list[dict[str, Any]]:
    """One dictionary per master that serves slots, by first slot."""
    serving = [node for node in view.answering if table.own_slots(node)]
    return [
        {
            "master": node.name,
            "replicas": [other.name for other in view.answering if other.myself.master_id == node.id],
            "slots": [list(bounds) for bounds in table.own_slots(node)],
            "slot_count": table.count(table.own_slots(node)),
            "keys": node.keys,
        }
        for node in sorted(serving, key=table.own_slots)
    ]


def cluster(view: View, found: tuple[Finding, ...]) -> dict[str, Any]:
    """The whole in one dictionary."""
    owned = {slot for node in view.answering for slot in table.slots_of(table.own_slots(node))}
    states = {node.cluster_info.get("cluster_state", "unknown") for node in view.answering}
    return {
        "healthy": bool(view.answering) and health.is_healthy(found),
        "state": "ok" if states == {"ok"} and len(view.answering) == len(view.nodes) else "fail",
        "members": len(view.nodes),
        "answering": len(view.answering),
        "shards": len(shards(view)),
        "slots_covered": len(owned),
        "keys": sum(shard["keys"] for shard in shards(view)),
        "versions": sorted({health.version(node) for node in view.answering}),
    }


def findings(found: tuple[Finding, ...]) -> list[dict[str, str]]:
    return [
        {"code": f.code, "severity": f.severity, "subject": f.subject, "seen": f.seen, "advice": f.advice}
        for f in found
    ]


def lines(view: View, found: tuple[Finding, ...], title: str) -> list[str]:
    """A table of the topology, then the findings, for a screen of 100 columns."""
    summary = cluster(view, found)
    word = "healthy" if summary["healthy"] else "NOT healthy"
    head = (
        f"{title}: {word}, {summary['shards']} shards, {summary['answering']} of {summary['members']} members answer, "
        f"{summary['slots_covered']} of {SLOTS} slots served, {summary['keys']} keys"
    )
    return [head, "", *_table(view), *finding_lines(found)]


COLUMNS = ("SHARD", "ROLE", "NAME", "ADDRESS", "SLOTS", "KEYS", "MEMORY", "VERSION", "NODE", "ZONE")


def _table(view: View) -> list[str]:
    return aligned([COLUMNS, *(_row(node) for node in sorted(view.nodes, key=lambda node: _order(node, view)))])


def aligned(rows: list[tuple[str, ...]]) -> list[str]:
    """Rows of as many cells each, as lines."""
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _order(node: Node, view: View) -> tuple[Any, ...]:
    """Shards in slot order where there are no labels; the master first."""
    master = node if node.myself.is_master else view.by_id.get(node.myself.master_id)
    slots = table.own_slots(master) if master else ()
    shard = node.member.shard if node.member.shard is not None else SLOTS
    return (shard, slots or ((SLOTS, SLOTS),), _role(node) != "master", node.name)


def _row(node: Node) -> tuple[str, ...]:
    fields = _node(node, View((node,)))
    return (
        "-" if node.member.shard is None else str(node.member.shard),
        fields["role"],
        node.name,
        fields["address"] if node.member.host else "-",
        table.range_text(table.own_slots(node)) if table.own_slots(node) else "-",
        str(node.keys) if node.answers else "-",
        mebibytes(fields["used_memory"]) if node.answers else "-",
        fields["version"] or "-",
        fields["kube_node"] or "-",
        fields["zone"] or "-",
    )


def mebibytes(number: int) -> str:
    return f"{number / 1024 / 1024:.1f} MiB"


def finding_lines(found: tuple[Finding, ...]) -> list[str]:
    if not found:
        return ["", "No findings."]
    return ["", "Findings:", *(f"  {f.severity:8}  {f.code}: {f.subject} {f.seen}; {f.advice}." for f in found)]
