# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Wished directives against what every server has: what differs, how it is set, and what is not set because it would
hurt. Pure; PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from ansible_collections.k8sredis.core.plugins.module_utils._decide import directives, live, quantities, table
from ansible_collections.k8sredis.core.plugins.module_utils._decide.settings import REASON_DRIFT
from ansible_collections.k8sredis.core.plugins.module_utils._decide.versions import Server
from ansible_collections.k8sredis.core.plugins.module_utils._model import Node, Plan, Step, View

MIN_REPLICAS = ("min-replicas-to-write", "min-slaves-to-write")


@dataclass(frozen=True)
class Difference:
    """One directive of one node that is not as wished."""

    node: str
    name: str
    seen: str
    wished: str
    restart: bool
    """Whether the server takes it only when it starts."""

    @property
    def text(self) -> str:
        return f"{self.name} {_shown(self.seen)} -> {_shown(self.wished)}"


def differences(view: View, wished: Mapping[str, str]) -> tuple[Difference, ...]:
    """By node, then by name. What a node does not tell is passed over."""
    return tuple(
        Difference(node.name, name, seen, value, needs_restart(node, name))
        for node in view.answering
        for name, value in sorted(wished.items())
        if (seen := (node.settings or {}).get(name)) is not None and live.differs(name, seen, value)
    )


def needs_restart(node: Node, name: str) -> bool:
    server = running(node)
    return server is not None and directives.needs_restart(name, server)


def running(node: Node) -> Server | None:
    """What the node itself says it is; Valkey also tells a version of Redis, which it is compatible with."""
    for family in ("valkey", "redis"):
        number = node.info.get(f"{family}_version", "")
        parts = number.split(".")
        if all(part.isdecimal() for part in parts):
            return Server(family, tuple(map(int, parts)))
    return None


def plan(view: View, wished: Mapping[str, str]) -> Plan:
    """One CONFIG SET for each node that differs, which takes all of its directives or none (servers since 7.0)."""
    found = [each for each in differences(view, wished) if not each.restart]
    return Plan(tuple(_step(name, list(those)) for name, those in groupby(found, key=lambda each: each.node)))


def _step(node: str, those: Sequence[Difference]) -> Step:
    words = tuple(word for each in those for word in (each.name, each.wished))
    text = f"{node}: {', '.join(each.text for each in those)}"
    return Step("set", node, text, REASON_DRIFT, (("CONFIG", "SET", *words),))


def _shown(value: str) -> str:
    return value if value and " " not in value else f"'{value}'"


def problems(view: View, wished: Mapping[str, str], maxmemory_at_start: int = 0) -> list[str]:
    """Why these directives are not set; nothing has been done then. ``maxmemory_at_start``: bytes that pods work out
    when they start the next time, 0 when they work out none."""
    found = [each for each in differences(view, wished) if not each.restart]
    return [
        *_untold(view),
        *_unknown(view, wished),
        *(text for each in found if each.name == "maxmemory" for text in _memory(view, each)),
        *_memory_at_start(view, wished, maxmemory_at_start),
        *(text for each in found if each.name in MIN_REPLICAS for text in _replicas(view, each)),
    ]


def _untold(view: View) -> Iterator[str]:
    """Without rights for CONFIG GET, or older than 7.0, which does not take several names at once."""
    silent = [node.name for node in view.answering if node.settings is None]
    if silent:
        yield (
            f"Cannot read the directives of {table.joined(silent)}: CONFIG GET is refused there; log in as a user who "
            "may run config|get and config|set, on servers of version 7.0 or newer."
        )


def _unknown(view: View, wished: Mapping[str, str]) -> Iterator[str]:
    for name in sorted(wished):
        without = [node for node in view.answering if node.settings is not None and name not in node.settings]
        if without:
            server = running(without[0])
            yield (
                f"Cannot set {name} on {table.joined([node.name for node in without])}: {server or 'the server'} has "
                "no such directive; leave it out, or upgrade first."
            )


def _memory(view: View, each: Difference) -> Iterator[str]:
    node, now, most = view.node(each.node), quantities.memory(each.seen), quantities.memory(each.wished)
    used = node.number("used_memory") if node else 0
    if most and used > most and (not now or most < now):
        yield (
            f"Cannot set maxmemory {each.wished} on {each.node}: it uses {used} bytes, and would evict keys or refuse "
            "writes at once; use more, or move or delete data first."
        )


def _memory_at_start(view: View, wished: Mapping[str, str], most: int) -> Iterator[str]:
    if not most or "maxmemory" in wished:
        return
    for node in view.answering:
        now, used = node.number("maxmemory"), node.number("used_memory")
        if used > most and (most < now or not now):
            yield (
                f"Cannot lower the memory limit: {node.name} uses {used} bytes, and would start with maxmemory {most}; "
                "use a larger limit, or move or delete data first."
            )


def _replicas(view: View, each: Difference) -> Iterator[str]:
    """A master refuses every write from the moment on in which it has fewer replicas."""
    node = view.node(each.node)
    if node is None or not node.myself.is_master or not table.own_slots(node) or not each.wished.isdecimal():
        return
    there = node.number("connected_slaves")
    if int(each.wished) > there:
        yield (
            f"Cannot set {each.name} {each.wished} on {each.node}: it has {there} replicas, and would refuse every "
            "write; use a smaller number, or add replicas first."
        )
