# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cases on server processes of this machine, against the servers' own command line tool.

Both sides get fresh processes that were up for the same time, and both are measured to the same end: every node's own
table agrees and every replica is online, by the convergence check of the collection.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Sequence

from ansible_collections.k8sredis.core.plugins.module_utils._decide import health
from ansible_collections.k8sredis.core.plugins.module_utils._execute import converge
from ansible_collections.k8sredis.core.plugins.module_utils._execute.session import Session
from ansible_collections.k8sredis.core.plugins.module_utils._model import Wish
from ansible_collections.k8sredis.core.plugins.module_utils._observe.target import Access, Endpoints

from tests.bench.figure import Figure
from tests.integration import modules
from tests.loopback import NODE_TIMEOUT, Process, processes
from tests.servers import Server

UP_BEFORE = 4.0
"""Seconds: a node calls a cluster ok not before 2 s after its start, which would be measured otherwise."""

DEADLINE = 180.0
"""Seconds for which the reference is followed; it took 48 s for 30 nodes of one version."""

SETTINGS = {"cluster-node-timeout": str(NODE_TIMEOUT), "repl-diskless-sync-delay": "5"}
"""What the processes run with, the servers' own defaults."""


def create(server: Server, nodes: int) -> Figure:
    """The three phases in one process, connections included."""
    return Figure(f"create/{nodes}", label(server), _timed(server, nodes, _ours), _timed(server, nodes, _reference))


def create_modules(server: Server, nodes: int) -> Figure:
    """The same as three modules in processes of their own, as a playbook runs them."""
    return Figure(f"create-modules/{nodes}", label(server), _timed(server, nodes, _modules))


def info(server: Server, nodes: int) -> Figure:
    """cluster_info as a module in a process of its own, against the check of the reference."""
    with processes(server, nodes) as members:
        time.sleep(UP_BEFORE)
        _ours(server, members)
        ours = _seconds(lambda: modules.succeed(["cluster_info"], members))
        reference = _seconds(lambda: cli(server, ["--cluster", "check", members[0].endpoint]))
    return Figure(f"info/{nodes}", label(server), ours, reference)


def label(server: Server) -> str:
    return f"{server.family} {server.version}"


def _timed(server: Server, nodes: int, create_cluster: Callable[[Server, Sequence[Process]], None]) -> float:
    with processes(server, nodes) as members:
        time.sleep(UP_BEFORE)
        return _seconds(lambda: create_cluster(server, members))


def _seconds(deed: Callable[[], object]) -> float:
    started = time.monotonic()
    deed()
    return time.monotonic() - started


def _ours(_server: Server, members: Sequence[Process]) -> None:
    wish = Wish(len(members) // 2, 1, SETTINGS)
    session = _session(members)
    for phase in (converge.join, converge.assign, converge.attach):
        phase(session, wish, DEADLINE)
    session.close()


def _modules(_server: Server, members: Sequence[Process]) -> None:
    options = {"shards": len(members) // 2, "replicas": 1, "node_timeout": NODE_TIMEOUT, "replica_sync_delay": 5}
    for module in modules.CREATE:
        modules.succeed([module], members, **options)


def _reference(server: Server, members: Sequence[Process]) -> None:
    endpoints = [member.endpoint for member in members]
    cli(server, ["--cluster", "create", *endpoints, "--cluster-replicas", "1", "--cluster-yes"])
    session = _session(members)
    deadline = time.monotonic() + DEADLINE
    while findings := health.findings(session.observe(), health.CONVERGENCE):
        if time.monotonic() > deadline:
            raise RuntimeError(f"{label(server)}: not converged after {DEADLINE:.0f} s: {findings[0].text}")
        time.sleep(converge.TICK)
    session.close()


def cli(server: Server, words: list[str]) -> None:
    program = "redis-cli" if server.family == "redis" else "valkey-cli"
    command = [*server.command(program), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=DEADLINE)
    if done.returncode != 0:
        raise RuntimeError(f"{program} {words[1]} failed: {done.stdout[-300:]!r}")


def _session(members: Sequence[Process]) -> Session:
    return Session(Endpoints([member.endpoint for member in members], Access()))
