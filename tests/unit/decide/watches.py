# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Watched masters as values: a healthy one, and the same with one thing changed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ansible_collections.k8sredis.core.plugins.module_utils._model import Member, Node
from ansible_collections.k8sredis.core.plugins.module_utils._model_sentinel import Peer, Sentinel, Watch

SETTINGS = {"min-replicas-to-write": "1", "min-replicas-max-lag": "10", "replica-priority": "100"}
TOLD = {"quorum": "2", "down-after-milliseconds": "5000", "failover-timeout": "60000", "parallel-syncs": "1"}


def member(kind: str, number: int) -> Member:
    port = 6379 if kind == "server" else 26379
    return Member(f"10.0.0.{number}:{port}", f"10.0.0.{number}", port)


def server(number: int, **info: str) -> Node:
    """Number 1 is the master."""
    role = (
        {"role": "master", "master_repl_offset": "1000"}
        if number == 1
        else {
            "role": "slave",
            "master_host": "10.0.0.1",
            "master_port": "6379",
            "master_link_status": "up",
            "master_sync_in_progress": "0",
            "slave_repl_offset": "1000",
        }
    )
    about = {"redis_version": "8.0.2", "db0": "keys=7,expires=0", **role, **info}
    return Node(member("server", number), info=about, settings=SETTINGS)


def peer(kind: str, number: int, *flags: str, own_id: str = "", **fields: str) -> Peer:
    where = member(kind, number)
    return Peer(where.host, where.port, own_id, frozenset(flags), fields)


def sentinel(number: int, servers: int = 3, sentinels: int = 3) -> Sentinel:
    return Sentinel(
        member("sentinel", number),
        id=f"id-{number}",
        info={"sentinel_tilt": "0"},
        master=Peer("10.0.0.1", 6379, "", frozenset({"master"}), TOLD),
        replicas=tuple(peer("server", n, "slave", **{"slave-priority": "100"}) for n in range(2, servers + 1)),
        others=tuple(peer("sentinel", n, "sentinel", own_id=f"id-{n}") for n in range(1, sentinels + 1) if n != number),
    )


def watch(servers: int = 3, sentinels: int = 3) -> Watch:
    return Watch(
        "web-sessions",
        tuple(server(number) for number in range(1, servers + 1)),
        tuple(sentinel(number, servers, sentinels) for number in range(1, sentinels + 1)),
    )


def beside(given: Watch) -> Watch:
    """The same with each Sentinel in the pod of the server of its number."""
    sentinels = tuple(
        replace(one, member=replace(one.member, name=server.name))
        for one, server in zip(given.sentinels, given.servers, strict=True)
    )
    return replace(given, sentinels=sentinels)


def with_server(given: Watch, number: int, settings: dict[str, str] | None = None, **info: str) -> Watch:
    servers = list(given.servers)
    former = servers[number - 1]
    servers[number - 1] = replace(
        former, info={**former.info, **info}, settings={**(former.settings or {}), **(settings or {})}
    )
    return replace(given, servers=tuple(servers))


def with_sentinel(given: Watch, number: int, **fields: Any) -> Watch:
    sentinels = list(given.sentinels)
    sentinels[number - 1] = replace(sentinels[number - 1], **fields)
    return replace(given, sentinels=tuple(sentinels))


def with_member(given: Watch, name: str, **fields: Any) -> Watch:
    """With another pod of whatever has this name; it answers when that pod waits for nothing."""

    def change(process: Any) -> Any:
        if process.name != name:
            return process
        now = replace(process.member, **fields)
        return replace(process, member=now, error=now.waiting)

    return replace(given, servers=tuple(map(change, given.servers)), sentinels=tuple(map(change, given.sentinels)))


def silent_server(given: Watch, number: int) -> Watch:
    servers = list(given.servers)
    servers[number - 1] = Node(member("server", number), error="Connection refused")
    return replace(given, servers=tuple(servers))


def silent_sentinel(given: Watch, number: int) -> Watch:
    sentinels = list(given.sentinels)
    sentinels[number - 1] = Sentinel(member("sentinel", number), error="Connection refused")
    return replace(given, sentinels=tuple(sentinels))
