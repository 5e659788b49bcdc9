# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run killed anywhere is taken up by the next one: no step by hand, no temporary setting left behind."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from tests.integration import modules, servers_say, sweeps
from tests.loopback import Process, processes
from tests.servers import Server

WISH: dict[str, Any] = {"shards": 3, "replicas": 1, "node_timeout": 5000, "replica_sync_delay": 3}

FEWEST_BATCHES = 12
"""Settings, epochs, meetings, settings; settings, slots, showing them, settings; and the same for replicas."""

MOST_BATCHES = 60
"""A run that sends more than this does not end."""


@sweeps.swept(("redis", False), ("valkey", True))
@pytest.mark.parametrize("parity", ["odd", "even"])
def test_killed_at_each_step(server: Server, amid: bool, parity: str) -> None:
    """New servers for each kill; odd and even numbers apart so that they run side by side."""
    for batch in count(1 if parity == "odd" else 2, 2):
        with processes(server, 6) as members:
            if not modules.killed(modules.CREATE, members, batch, amid=amid, **WISH):
                assert batch > FEWEST_BATCHES
                return
            _assert_taken_up(members)
        assert batch < MOST_BATCHES


def test_killed_again_and_again(server: Server) -> None:
    """The same servers for all kills, each of them one step later than the one before."""
    with processes(server, 6) as members:
        for batch in range(1, MOST_BATCHES):
            if not modules.killed(modules.CREATE, members, batch, amid=batch % 2 == 0, **WISH):
                break
        assert batch > 4, "it was killed too seldom to prove anything"
        _assert_taken_up(members)


def _assert_taken_up(members: list[Process]) -> None:
    results = modules.succeed(("cluster_info", *modules.CREATE, *modules.CREATE, "cluster_info"), members, **WISH)
    servers_say.assert_converged(members, WISH["shards"], WISH["replicas"])
    assert {servers_say.setting(member, "cluster-node-timeout") for member in members} == {"5000"}
    assert {servers_say.setting(member, "repl-diskless-sync-delay") for member in members} == {"3"}
    assert [result.changed for result in results[4:]] == [False] * 4
    assert results[-1].values["cluster"]["in_order"]
