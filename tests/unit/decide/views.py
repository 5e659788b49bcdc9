# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Views as values: a healthy cluster, fresh members, and either with one thing changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from ansible_collections.k8sredis.core.plugins.module_utils._decide import slots, table
from ansible_collections.k8sredis.core.plugins.module_utils._model import Entry, Member, Node, View, Wish

from tests.unit.stand_ins.cluster import Server, Servers, node_id

SETTINGS = {"appendonly": "yes", "cluster-node-timeout": "5000", "save": ""}
INFO = {"redis_version": "8.0.2", "maxmemory": "1000000", "used_memory": "1000", "loading": "0"}


def member(name: str, kube_node: str = "", zone: str = "") -> Member:
    """A pod ``<instance>-<shard>-<ordinal>``; its address follows from its name."""
    _instance, shard, ordinal = name.rsplit("-", 2)
    host = f"10.0.{shard}.{int(ordinal) + 1}"
    return Member(name, host, 6379, int(shard), int(ordinal), f"uid-{name}", kube_node, zone)


def endpoint(host: str, port: int = 6379) -> Member:
    return Member(f"{host}:{port}", host, port)


def names(shards: int, replicas: int, instance: str = "shop") -> list[str]:
    return [f"{instance}-{shard}-{ordinal}" for shard in range(shards) for ordinal in range(replicas + 1)]


def view(*nodes: Node) -> View:
    """In name order, as observe() gives it."""
    return View(tuple(sorted(nodes, key=lambda node: node.name)))


def fresh(where: Member) -> Node:
    """Knows nobody, serves nothing, holds nothing."""
    entry = Server(where).myself
    return Node(where, table=(entry,), cluster_info={"cluster_state": "fail"}, info={**INFO, "role": "master"})


def silent(where: Member, waiting: str = "", error: str = "Connection refused") -> Node:
    return Node(replace(where, waiting=waiting), error=waiting or error)


def fresh_view(shards: int, replicas: int) -> View:
    return view(*(fresh(member(name)) for name in names(shards, replicas)))


def met(members: Sequence[Member]) -> View:
    """They know each other, and nothing more."""
    headers = {one.name: replace(Server(one).header(), epoch=number) for number, one in enumerate(members, start=1)}
    return view(*(_seen_by(one, headers) for one in members))


def _seen_by(where: Member, headers: dict[str, Entry]) -> Node:
    own = replace(headers[where.name], flags=headers[where.name].flags | {"myself"})
    table_ = (own, *(header for name, header in headers.items() if name != where.name))
    info = {**INFO, "role": "master", "master_repl_offset": "100"}
    return Node(where, table=table_, cluster_info={"cluster_state": "ok"}, info=info, settings=SETTINGS)


def healthy(shards: int, replicas: int, place: Callable[[Member], Member] = lambda one: one) -> View:
    """A converged cluster: ordinal 0 of each shard is its master."""
    members = [place(member(name)) for name in names(shards, replicas)]
    found = met(members)
    for number, bounds in enumerate(slots.allocation(shards)):
        found = everywhere(found, f"shop-{number}-0", slots=(bounds,))
        for ordinal in range(1, replicas + 1):
            found = replicating(found, f"shop-{number}-{ordinal}", f"shop-{number}-0")
    return found


def replicating(found: View, replica: str, master: str) -> View:
    """Every table has ``replica`` under ``master``, and it is in sync."""
    found = everywhere(found, replica, role="slave", master_id=node_id(master))
    info = {**INFO, "role": "slave", "master_host": host_of(found, master), "master_link_status": "up"}
    return change(found, replica, info={**info, "master_sync_in_progress": "0", "slave_repl_offset": "100"})


def host_of(found: View, name: str) -> str:
    return node(found, name).member.host


def node(found: View, name: str) -> Node:
    there = found.node(name)
    assert there is not None, f"{name} is not in the view"
    return there


def change(found: View, name: str, **fields: Any) -> View:
    """Fields of the Node of that name."""
    assert found.node(name), f"{name} is not in the view"
    return View(tuple(replace(one, **fields) if one.name == name else one for one in found.nodes))


def info(found: View, name: str, **fields: str) -> View:
    """Fields of what that node's INFO said."""
    return change(found, name, info={**node(found, name).info, **fields})


def setting(found: View, name: str, **fields: str) -> View:
    """Settings of that node; underscores stand for dashes."""
    dashed = {key.replace("_", "-"): value for key, value in fields.items()}
    return change(found, name, settings={**(node(found, name).settings or {}), **dashed})


def place(found: View, name: str, **fields: Any) -> View:
    """Fields of that node's Member."""
    return change(found, name, member=replace(node(found, name).member, **fields))


def entry(found: View, holder: str, about: str, **fields: Any) -> View:
    """What ``holder``'s table says about ``about`` (a name, or an id); ``flag`` adds one, ``role`` replaces it,
    an empty one takes it away."""
    wanted = about if len(about) == 40 else node(found, about).id
    changed = tuple(_changed(one, **fields) if one.id == wanted else one for one in node(found, holder).table)
    assert changed != node(found, holder).table, f"{holder} says that of {about} already"
    return change(found, holder, table=changed)


def _changed(one: Entry, flag: str = "", role: str | None = None, **fields: Any) -> Entry:
    flags = one.flags | {flag} if flag else one.flags
    flags = flags if role is None else frozenset({*flags - {"master", "slave"}, role} - {""})
    return replace(one, flags=flags, **fields)


def everywhere(found: View, about: str, **fields: Any) -> View:
    for holder in found.answering:
        found = entry(found, holder.name, about, **fields)
    return found


def knowing(found: View, holder: str, *entries: Entry) -> View:
    """Further entries in ``holder``'s table."""
    return change(found, holder, table=(*node(found, holder).table, *entries))


def stranger(name: str, *flags: str, **fields: Any) -> Entry:
    """An entry of a node that is no member."""
    known = Entry(node_id(name), "10.9.9.9", 6379, 16379, "", frozenset({"master", *flags}), "", 1, 9, True)
    return replace(known, **fields)


def without(found: View, *gone: str) -> View:
    """These members are not in the view any more; the tables of the others still have them."""
    return View(tuple(one for one in found.nodes if one.name not in gone))


def answers_not(found: View, *who: str, waiting: str = "") -> View:
    return View(tuple(silent(one.member, waiting) if one.name in who else one for one in found.nodes))


def wish(shards: int = 3, replicas: int = 1, **settings: str) -> Wish:
    return Wish(shards, replicas, {key.replace("_", "-"): value for key, value in settings.items()})


def seen(servers: Servers) -> View:
    """What the servers of a simulation say now."""
    nodes = []
    for server in servers.by_name.values():
        if not server.alive:
            nodes.append(silent(server.member))
            continue
        state = {"cluster_state": "ok" if server.is_complete else "fail"}
        told = dict(line.split(":", 1) for line in server.reply(("INFO",)).splitlines())
        nodes.append(Node(server.member, "", tuple(server.table.values()), state, told, server.settings))
    return view(*nodes)


def slots_of(found: View) -> dict[str, str]:
    """For assertions: the slots of each node that serves some, in words."""
    return {one.name: table.range_text(table.own_slots(one)) for one in found.nodes if table.own_slots(one)}
