# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Moves of slots on server processes of this machine, against ``--cluster rebalance`` of the servers' own tool.

Both sides begin with the same data on fresh processes: some shards serve all slots, others have joined and are empty.
Both are measured to the same end: every node's own table agrees and every shard has its share.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ansible_collections.k8sredis.core.plugins.module_utils._decide import engines, health, table
from ansible_collections.k8sredis.core.plugins.module_utils._decide.moves import Manner
from ansible_collections.k8sredis.core.plugins.module_utils._execute import converge, moves
from ansible_collections.k8sredis.core.plugins.module_utils._execute.pace import Stop
from ansible_collections.k8sredis.core.plugins.module_utils._execute.session import Session
from ansible_collections.k8sredis.core.plugins.module_utils._execute.wait import REAL
from ansible_collections.k8sredis.core.plugins.module_utils._model import Wish
from ansible_collections.k8sredis.core.plugins.module_utils._observe import capabilities
from ansible_collections.k8sredis.core.plugins.module_utils._observe.target import Access, Endpoints

from tests.bench import writer
from tests.bench.figure import Figure
from tests.bench.loopback import cli, label
from tests.loopback import Process, processes
from tests.servers import Server
from tests.servers.fill import fill

DEADLINE = 600.0

BASE = 5.0
"""Seconds of writes before the move."""


def empty(server: Server, before: int, after: int) -> Figure:
    """Slots without a key, without replicas."""
    return _figure(f"move-empty/{before}-{after}", server, before, after, 0, 0, "setslot")


def reshard(server: Server, number: int, before: int = 3, after: int = 6) -> Iterator[Figure]:
    """Slots with keys, with a replica for each master; also by the atomic engine where the server has one."""
    yield _figure(f"reshard-setslot/{before}-{after}", server, before, after, 1, number, "setslot")
    if is_atomic(server):
        yield _figure(f"reshard-atomic/{before}-{after}", server, before, after, 1, number, "atomic")


def felt(server: Server, number: int) -> Iterator[Figure]:
    """What a client that writes all the while feels: the 99th percentile of its writes, and the longest."""
    for engine in ("setslot", "atomic"):
        if engine == "atomic" and not is_atomic(server):
            continue
        with _prepared(server, 3, 6, 1, number) as members, writer.writing(members[0], BASE) as ours:
            seconds(members, Wish(6, 1), Manner(engine=engine))
        with _prepared(server, 3, 6, 1, number) as members, writer.writing(members[0], BASE) as reference:
            _reference(server, members, 6)
        base = writer.p99(ours.before)
        yield Figure(
            f"p99-over-base-{engine}", label(server), *(writer.p99(each.during) - base for each in (ours, reference))
        )
        yield Figure(f"longest-write-{engine}", label(server), max(ours.during), max(reference.during))


def is_atomic(server: Server) -> bool:
    with processes(server, 1) as members:
        session = Session(Endpoints([members[0].endpoint], Access()))
        try:
            known = capabilities.probe(session.clients, session.target.members())
        finally:
            session.close()
    return engines.choose("auto", known) != engines.SETSLOT


def _figure(case: str, server: Server, before: int, after: int, replicas: int, number: int, engine: str) -> Figure:
    with _prepared(server, before, after, replicas, number) as members:
        ours = seconds(members, Wish(after, replicas), Manner(engine=engine))
    with _prepared(server, before, after, replicas, number) as members:
        reference = _reference(server, members, after)
    return Figure(case, label(server), ours, reference)


def seconds(members: Sequence[Process], wish: Wish, manner: Manner) -> float:
    """One slice without end in this process, connections included."""
    began = time.monotonic()
    session = Session(Endpoints([member.endpoint for member in members], Access()))
    try:
        outcome = moves.work(session, wish, manner, Stop(0, REAL), DEADLINE)
    finally:
        session.close()
    assert outcome.finished, outcome.progress
    return time.monotonic() - began


@contextmanager
def _prepared(server: Server, before: int, after: int, replicas: int, number: int) -> Iterator[list[Process]]:
    with processes(server, after * (replicas + 1), ["--repl-diskless-sync-delay", "0"]) as members:
        first = members[: before * (replicas + 1)]
        _converge(first, Wish(before, replicas))
        made = fill(first, number) if number else 0
        assert made == number, f"{made} of {number} keys were made"
        _converge(members, Wish(after, replicas))
        yield members


def _converge(members: Sequence[Process], wish: Wish) -> None:
    """All know each other, slots have owners, replicas are in sync; no slot of a live cluster moves."""
    session = Session(Endpoints([member.endpoint for member in members], Access()))
    try:
        converge.join(session, wish, DEADLINE)
        converge.assign(session, wish, DEADLINE)
        converge.attach(session, wish, DEADLINE)
    finally:
        session.close()


def _reference(server: Server, members: Sequence[Process], after: int) -> float:
    began = time.monotonic()
    cli(server, ["--cluster", "rebalance", members[0].endpoint, "--cluster-use-empty-masters"])
    session = Session(Endpoints([member.endpoint for member in members], Access()))
    try:
        while time.monotonic() - began < DEADLINE:
            view = session.observe()
            counts = [table.count(node.myself.slots) for node in view.answering if node.myself.slots]
            # How even is its own affair: by default it leaves what is within 2 %.
            if len(counts) == after and not health.findings(view, health.CONVERGENCE):
                return time.monotonic() - began
            time.sleep(0.02)
    finally:
        session.close()
    raise AssertionError(f"the reference ended with {counts}")
