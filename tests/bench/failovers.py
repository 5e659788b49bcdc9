# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long a client cannot write while a master is handed over, against the same shard with its master killed.

The reference is what happens to a cluster whose pods are restarted without a hand-over: the replica is elected after
the node timeout.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from ansible_collections.k8sredis.core.plugins.module_utils._decide.failover import NAMED, Ask
from ansible_collections.k8sredis.core.plugins.module_utils._execute import converge
from ansible_collections.k8sredis.core.plugins.module_utils._execute import failover as execute
from ansible_collections.k8sredis.core.plugins.module_utils._execute.session import Session
from ansible_collections.k8sredis.core.plugins.module_utils._model import Wish
from ansible_collections.k8sredis.core.plugins.module_utils._observe.target import Access, Endpoints

from tests.bench import stall
from tests.bench.figure import Figure
from tests.bench.loopback import label
from tests.integration import servers_say
from tests.loopback import Process, processes
from tests.servers import Server

SHARDS = 3
NODE_TIMEOUT = 5000
"""Milliseconds, the default of the role."""

OPTIONS = ("--cluster-node-timeout", str(NODE_TIMEOUT), "--repl-diskless-sync-delay", "0")
WISH = Wish(SHARDS, 1, {"cluster-node-timeout": str(NODE_TIMEOUT), "repl-diskless-sync-delay": "0"})
DEADLINE = 60.0
BASE = 1.0
"""Seconds of writes before and after, so that the client knows all members and is back."""

KEYS = ("b", "c", "a")
"""In the first, the second and the third shard."""


def figure(server: Server) -> Figure:
    """The longest of a hand-over in each of two shards; the master of the third one is killed, in which there was no
    election yet that would hold this one up."""
    with processes(server, SHARDS * 2, OPTIONS) as members:
        session = _session(members)
        try:
            for phase in (converge.join, converge.assign, converge.attach):
                phase(session, WISH, DEADLINE)
        finally:
            session.close()
        ours = max(_handed_over(members, shard) for shard in (0, 1))
        reference = _killed(members, 2)
    return Figure(f"failover-stall/{SHARDS}x1", label(server), ours, reference)


def _handed_over(members: Sequence[Process], shard: int) -> float:
    master, replica = servers_say.shards(members)[shard]
    with stall.felt((master, replica), KEYS[shard]) as felt:
        time.sleep(BASE)
        session = _session(members)
        try:
            execute.hand_over(session, WISH, Ask(NAMED, (replica.endpoint,)), DEADLINE)
        finally:
            session.close()
        time.sleep(BASE)
    assert servers_say.is_master(replica)
    return felt.seconds


def _killed(members: Sequence[Process], shard: int) -> float:
    master, replica = servers_say.shards(members)[shard]
    with stall.felt((master, replica), KEYS[shard]) as felt:
        time.sleep(BASE)
        master.kill()
        deadline = time.monotonic() + DEADLINE
        while not servers_say.is_master(replica):
            assert time.monotonic() < deadline, f"{replica.endpoint} was not elected within {DEADLINE:.0f} s"
            time.sleep(0.05)
        time.sleep(BASE)
    return felt.seconds


def _session(members: Sequence[Process]) -> Session:
    return Session(Endpoints([member.endpoint for member in members], Access()))
