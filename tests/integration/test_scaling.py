# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shards 3 -> 6 -> 3 and replicas 1 -> 2 -> 1 while clients of two libraries write and read, and every write is
accounted for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.chaos import ledger
from tests.integration import modules, servers_say
from tests.loopback import Process, processes
from tests.servers import Server
from tests.servers.fill import fill

KEYS = 20_000
WISH: dict[str, Any] = {"node_timeout": 5000, "replica_sync_delay": 0}
SETTINGS = ("--cluster-allow-replica-migration", "no", "--repl-diskless-sync-delay", "0")

OUT = ("cluster_meet", "cluster_replicas", "cluster_slots")
IN = ("cluster_meet", "cluster_replicas", "cluster_failover", "cluster_slots", "cluster_forget")


def scale_in(members: Sequence[Process], leaving: Sequence[Process], **wish: Any) -> None:
    gone = [member.endpoint for member in leaving]
    for module in IN:
        options = {"choose": "staying"} if module == "cluster_failover" else {}
        modules.succeed([module], members, leaving=gone, **wish, **WISH, **options)


def forget_once_more(staying: Sequence[Process], gone: Sequence[Process], **wish: Any) -> None:
    """As the role does when the pods have ended: a replica with data is not reset, and on Valkey from 8.1 on it meets
    the others again by itself."""
    for member in gone:
        member.kill()
    modules.succeed(["cluster_forget"], staying, ghosts=True, **wish, **WISH)


def test_shards_out_and_in(server: Server, tmp_path: Path) -> None:
    with processes(server, 12, SETTINGS) as members:
        first, more = members[:6], members[6:]
        modules.create(first, shards=3, replicas=1, **WISH)
        masters = [member for member in first if servers_say.is_master(member)]
        assert fill(masters, KEYS) == KEYS
        with ledger.running([member.endpoint for member in masters], {}, tmp_path) as run:
            run.mark("3 to 6")
            done = modules.succeed(OUT, members, shards=6, replicas=1, **WISH)
            assert done[-1].values["finished"]
            again = modules.succeed(OUT, members, shards=6, replicas=1, **WISH)
            assert [result.changed for result in again] == [False] * len(OUT)
            assert sizes(members) == {2730, 2731}
            run.mark("6 to 3")
            scale_in(members, more, shards=3, replicas=1)
            run.mark("3 again")
            verdict = run.finish()
        assert verdict.clean, verdict
        assert sizes(first) == {5461, 5462}
        assert sum(int(member.ask("DBSIZE")) for member in first if servers_say.is_master(member)) >= KEYS
        assert {len(servers_say.table(member)) for member in first} == {6}
        assert {len(servers_say.table(member)) for member in more} == {1}


def test_replicas_up_and_down(server: Server, tmp_path: Path) -> None:
    """Where the one that leaves is a master, it hands over first."""
    with processes(server, 9, SETTINGS) as members:
        first = members[:6]
        modules.create(first, shards=3, replicas=1, **WISH)
        seeds = [member.endpoint for member in first]
        with ledger.running(seeds, {}, tmp_path) as run:
            run.mark("1 to 2")
            modules.succeed(("cluster_meet", "cluster_replicas"), members, shards=3, replicas=2, **WISH)
            run.mark("2 to 1")
            leaving = [master, *replicas_beside(master, members)] if (master := master_of(members)) else []
            scale_in(members, leaving, shards=3, replicas=1)
            staying = [member for member in members if member not in leaving]
            forget_once_more(staying, leaving, shards=3, replicas=1)
            verdict = run.finish()
        assert verdict.clean, verdict
        servers_say.assert_converged(staying, 3, 1)


def master_of(members: Sequence[Process]) -> Process:
    return next(member for member in members if servers_say.is_master(member))


def replicas_beside(master: Process, members: Sequence[Process]) -> list[Process]:
    """One replica of each other shard."""
    found: dict[str, Process] = {}
    for member in members:
        line = servers_say.table(member)[servers_say.own_id(member)]
        if line.master not in ("-", servers_say.own_id(master)):
            found.setdefault(line.master, member)
    return list(found.values())


def sizes(members: Sequence[Process]) -> set[int]:
    """Numbers of slots of the masters, each by its own word."""
    found = set()
    for member in members:
        line = servers_say.table(member)[servers_say.own_id(member)]
        if line.master == "-":
            found.add(sum(count(text) for text in line.slots))
    return found


def count(text: str) -> int:
    first, _dash, last = text.partition("-")
    return int(last or first) - int(first) + 1
