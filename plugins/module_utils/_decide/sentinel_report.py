# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A watched master as results and as lines for people. Pure; PRIVATE to the collection."""

from __future__ import annotations

from typing import Any

from ansible_collections.k8sredis.core.plugins.module_utils._decide import health, report, watched
from ansible_collections.k8sredis.core.plugins.module_utils._model import Finding, Node
from ansible_collections.k8sredis.core.plugins.module_utils._model_sentinel import Sentinel, Watch


def servers(watch: Watch) -> list[dict[str, Any]]:
    """One dictionary per server, in name order."""
    return [_server(server, watch) for server in watch.servers]


def _server(server: Node, watch: Watch) -> dict[str, Any]:
    master = watched.followed(watch, server)
    return {
        "name": server.name,
        "address": f"{server.member.host}:{server.member.port}",
        "reachable": server.answers,
        "error": server.error,
        "role": _role(server),
        "master": master.name if master else "",
        "link": server.info.get("master_link_status", ""),
        "behind": watched.behind(master, server) if master and server.answers else 0,
        "keys": server.keys,
        "version": health.version(server) if server.answers else "",
        "used_memory": server.number("used_memory"),
        "maxmemory": server.number("maxmemory"),
        "kube_node": server.member.kube_node,
        "zone": server.member.zone,
    }


def _role(server: Node) -> str:
    if not server.answers:
        return "unknown"
    return "master" if watched.is_master(server) else "replica"


def sentinels(watch: Watch) -> list[dict[str, Any]]:
    """One dictionary per Sentinel, in name order."""
    return [_sentinel(sentinel, watch) for sentinel in watch.sentinels]


def _sentinel(sentinel: Sentinel, watch: Watch) -> dict[str, Any]:
    master = watched.named(watch, sentinel)
    told = sentinel.master
    return {
        "name": sentinel.name,
        "address": f"{sentinel.member.host}:{sentinel.member.port}",
        "id": sentinel.id,
        "reachable": sentinel.answers,
        "error": sentinel.error,
        "master": master.name if master else "",
        "master_address": f"{told.host}:{told.port}" if told else "",
        "quorum": told.number("quorum") if told else 0,
        "quorum_reached": told is not None and not sentinel.no_quorum,
        "replicas": [f"{peer.host}:{peer.port}" for peer in sentinel.replicas],
        "sentinels": [f"{peer.host}:{peer.port}" for peer in sentinel.others],
        "tilt": sentinel.in_tilt,
        "kube_node": sentinel.member.kube_node,
        "zone": sentinel.member.zone,
    }


def instance(watch: Watch, found: tuple[Finding, ...]) -> dict[str, Any]:
    """The whole in one dictionary."""
    master = watched.agreed(watch)
    return {
        "healthy": bool(watch.answering) and bool(watch.watching) and health.is_healthy(found),
        "master_name": watch.master_name,
        "master": master.name if master else "",
        "servers": len(watch.servers),
        "sentinels": len(watch.sentinels),
        "ghosts": sorted(_ghosts(watch)),
        "answering": len(watch.answering),
        "sentinels_answering": sum(sentinel.answers for sentinel in watch.sentinels),
        "keys": master.keys if master else 0,
        "versions": sorted({health.version(server) for server in watch.answering}),
    }


def _ghosts(watch: Watch) -> set[str]:
    known = (peer for sentinel in watch.watching for peer in watched.ghosts(watch, sentinel))
    return {f"{peer.host}:{peer.port}" for peer in known}


SERVERS = ("ROLE", "NAME", "ADDRESS", "FOLLOWS", "BEHIND", "KEYS", "MEMORY", "VERSION", "NODE", "ZONE")
SENTINELS = ("ROLE", "NAME", "ADDRESS", "MASTER", "QUORUM", "REPLICAS", "SENTINELS", "NODE", "ZONE")


def lines(watch: Watch, found: tuple[Finding, ...]) -> list[str]:
    """A table of the servers, one of the Sentinels, then the findings, for a screen of 100 columns."""
    summary = instance(watch, found)
    word = "healthy" if summary["healthy"] else "NOT healthy"
    head = (
        f"{watch.master_name}: {word}, master {summary['master'] or 'not agreed'}, "
        f"{summary['answering']} of {summary['servers']} servers and {summary['sentinels_answering']} of "
        f"{summary['sentinels']} Sentinels answer, {summary['keys']} keys"
    )
    return [
        head,
        "",
        *report.aligned([SERVERS, *map(_server_row, servers(watch))]),
        "",
        *report.aligned([SENTINELS, *map(_sentinel_row, sentinels(watch))]),
        *report.finding_lines(found),
    ]


def _server_row(fields: dict[str, Any]) -> tuple[str, ...]:
    answers = fields["reachable"]
    return (
        fields["role"],
        fields["name"],
        fields["address"],
        fields["master"] or "-",
        f"{fields['behind']} B" if fields["role"] == "replica" else "-",
        str(fields["keys"]) if answers else "-",
        report.mebibytes(fields["used_memory"]) if answers else "-",
        fields["version"] or "-",
        fields["kube_node"] or "-",
        fields["zone"] or "-",
    )


def _sentinel_row(fields: dict[str, Any]) -> tuple[str, ...]:
    return (
        "sentinel",
        fields["name"],
        fields["address"],
        fields["master"] or fields["master_address"] or "-",
        f"{fields['quorum']}, {'reached' if fields['quorum_reached'] else 'NOT reached'}" if fields["quorum"] else "-",
        str(len(fields["replicas"])),
        str(len(fields["sentinels"])),
        fields["kube_node"] or "-",
        fields["zone"] or "-",
    )
