# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What servers themselves say, read here without the collection's own code: the judge must not be the judged."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tests.loopback import Process

ALL_SLOTS = 16384

READS = {
    *("auth", "client|list", "cluster|info", "cluster|myid", "cluster|nodes", "config|get", "config|resetstat"),
    *("command|info", "cluster|getslotmigrations", "cluster|migration"),
    *("dbsize", "hello", "info", "ping", "role"),
}
"""Commands that a run may send without changing anything (names as in INFO commandstats). CLUSTER MIGRATION asks and
imports; what it imports shows in the tables."""

BUS = {"ping", "psync", "replconf"}
"""What members send each other as replicas."""


GONE = {"fail", "handshake", "noaddr"}
"""Flags of a node whose link is down for more than a moment."""

SETTLED_WITHIN = 60.0
"""Seconds."""


@dataclass(frozen=True)
class Line:
    """One line of CLUSTER NODES without what changes by itself: the times of PING and PONG."""

    address: str
    flags: frozenset[str]
    master: str
    epoch: int
    link: str
    slots: tuple[str, ...]


Table = dict[str, Line]
"""By node id."""


def table(process: Process) -> Table:
    lines = [line.split() for line in process.ask("CLUSTER", "NODES").splitlines()]
    return {
        words[0]: Line(
            address=words[1].split("@")[0],
            flags=frozenset(words[2].split(",")) - {"myself", "noflags"},
            master=words[3],
            epoch=int(words[6]),
            link=words[7],
            slots=tuple(words[8:]),
        )
        for words in lines
    }


def own_id(process: Process) -> str:
    return str(process.ask("CLUSTER", "MYID"))


def is_master(process: Process) -> bool:
    return table(process)[own_id(process)].master == "-"


def info(process: Process, section: str) -> dict[str, str]:
    lines = [line.partition(":") for line in process.ask("INFO", section).splitlines()]
    return {name: value for name, colon, value in lines if colon}


def setting(process: Process, name: str) -> str:
    return str(process.ask("CONFIG", "GET", name)[1])


def picture(members: Sequence[Process]) -> dict[str, Any]:
    """All of each member that a run could change: its table, its settings, how many keys it holds."""
    return {
        member.endpoint: (_lasting(table(member)), member.ask("CONFIG", "GET", "*"), member.ask("DBSIZE"))
        for member in members
    }


def _lasting(nodes: Table) -> Table:
    """Without what a member says of another one that was slow to answer it, and takes back a moment later: on a busy
    machine that comes and goes."""
    return {
        node_id: replace(line, flags=line.flags - {"fail?"}, link="" if line.flags.isdisjoint(GONE) else line.link)
        for node_id, line in nodes.items()
    }


def forget_commands(members: Sequence[Process]) -> None:
    """From now on ``writes`` counts."""
    for member in members:
        member.ask("CONFIG", "RESETSTAT")


def writes(members: Sequence[Process]) -> set[str]:
    """Commands other than reads that any member was sent since ``forget_commands``."""
    names = {name.removeprefix("cmdstat_") for member in members for name in info(member, "commandstats")}
    return names - READS - BUS


def shards(members: Sequence[Process]) -> list[list[Process]]:
    """Of a converged cluster, master first; in the order of their slots."""
    found = {own_id(member): member for member in members}
    seen = table(members[0])
    masters = [node_id for node_id, line in seen.items() if line.master == "-"]
    masters.sort(key=lambda node_id: slots_in(seen[node_id])[0])
    return [
        [found[master], *(found[node_id] for node_id, line in seen.items() if line.master == master)]
        for master in masters
    ]


def assert_converged(members: Sequence[Process], shards: int, replicas: int) -> None:
    """Every member's own table is the same, complete and as wished, and every replica is in sync."""
    assert_agreed(members, shards, replicas)
    _assert_one_even_range_each(table(members[0]))


def assert_agreed(members: Sequence[Process], shards: int, replicas: int) -> None:
    """The same, whoever serves which slots: each is served by one master, none is open."""
    reference = _settled(members)
    assert {node_id: line.address for node_id, line in reference.items()} == {
        own_id(member): f"{member.host}:{member.port}" for member in members
    }
    _assert_roles(reference, shards, replicas)
    served = [slot for line in reference.values() for slot in slots_in(line)]
    assert sorted(served) == list(range(ALL_SLOTS))
    assert open_slots(members) == {}
    for member in members:
        assert "cluster_state:ok" in member.ask("CLUSTER", "INFO"), f"{member.endpoint} is not ok"
        if reference[own_id(member)].master != "-":
            _assert_in_sync(member)


def _settled(members: Sequence[Process]) -> Table:
    """The table that all agree on: who there is, where, whom it follows, which slots it serves must be the same at the
    first look. Waited for is only what the servers promise for later: an epoch comes with what its node sends next, and
    that may take it a second; a link that a busy machine cut is made anew."""
    deadline = time.monotonic() + SETTLED_WITHIN
    tables = {member.endpoint: table(member) for member in members}
    _assert_same({endpoint: _without_epochs(_lasting(seen)) for endpoint, seen in tables.items()})
    while not _is_settled(tables) and time.monotonic() < deadline:
        time.sleep(0.05)
        tables = {member.endpoint: table(member) for member in members}
    _assert_same(tables)
    reference = tables[members[0].endpoint]
    assert {line.link for line in reference.values()} == {"connected"}
    return reference


def _is_settled(tables: Mapping[str, Table]) -> bool:
    first, *rest = (_without_open(seen) for seen in tables.values())
    lines = [line for seen in tables.values() for line in seen.values()]
    return all(other == first for other in rest) and all(
        line.link == "connected" and "fail?" not in line.flags for line in lines
    )


def _assert_same(tables: Mapping[str, Table]) -> None:
    (endpoint, reference), *others = tables.items()
    for other, seen in others:
        assert _without_open(seen) == _without_open(reference), f"{other} disagrees with {endpoint}"


def _without_epochs(nodes: Table) -> Table:
    return {node_id: replace(line, epoch=0) for node_id, line in nodes.items()}


def _without_open(nodes: Table) -> Table:
    """Only a node's own line tells what it has open."""
    return {node_id: replace(line, slots=_ranges(line)) for node_id, line in nodes.items()}


def _ranges(line: Line) -> tuple[str, ...]:
    return tuple(text for text in line.slots if not text.startswith("["))


def slots_in(line: Line) -> list[int]:
    bounds = [text.split("-") for text in _ranges(line)]
    return [slot for each in bounds for slot in range(int(each[0]), int(each[-1]) + 1)]


def slots_of(member: Process) -> list[int]:
    """Those that it says it serves."""
    return slots_in(table(member)[own_id(member)])


def open_slots(members: Sequence[Process]) -> dict[str, list[str]]:
    """By endpoint what is open there, as CLUSTER NODES writes it; members that have none are not in it."""
    found = {
        member.endpoint: [text for text in table(member)[own_id(member)].slots if text.startswith("[")]
        for member in members
    }
    return {endpoint: texts for endpoint, texts in found.items() if texts}


def _assert_roles(nodes: Table, shards: int, replicas: int) -> None:
    masters = {node_id: line for node_id, line in nodes.items() if line.flags == {"master"}}
    followers = [line for line in nodes.values() if line.flags == {"slave"}]
    assert len(masters) + len(followers) == len(nodes)
    assert len(masters) == shards
    assert {master: sum(line.master == master for line in followers) for master in masters} == dict.fromkeys(
        masters, replicas
    )
    assert len({line.epoch for line in masters.values()}) == shards, "two masters have the same epoch"


def _assert_one_even_range_each(nodes: Table) -> None:
    masters = [line for line in nodes.values() if line.flags == {"master"}]
    assert {len(line.slots) for line in masters} == {1}, "a master has no slots or several ranges"
    sizes = [len(slots_in(line)) for line in masters]
    assert max(sizes) - min(sizes) <= 1


def _assert_in_sync(replica: Process) -> None:
    seen = info(replica, "replication")
    assert seen["role"] == "slave"
    assert seen["master_link_status"] == "up"
    assert seen["master_sync_in_progress"] == "0"
