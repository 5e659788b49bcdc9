# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Planned failovers over several shards, so soon after one another that their windows overlap, under the ledger."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.chaos import ledger
from tests.integration import modules, servers_say
from tests.loopback import processes
from tests.servers import Server

SUITES = ("trixie",)

SHARDS, REPLICAS = 3, 2
NODE_TIMEOUT = 2000
"""Milliseconds: no shard is failed over again within 4 s, no replica promoted again within 8 s."""

QUICK = (
    *("--cluster-node-timeout", str(NODE_TIMEOUT), "--cluster-allow-replica-migration", "no"),
    *("--appendonly", "yes", "--repl-diskless-sync-delay", "0"),
)
WISH = {
    "shards": SHARDS,
    "replicas": REPLICAS,
    "node_timeout": NODE_TIMEOUT,
    "replica_sync_delay": 0,
    "wait_timeout": 120,
}
SEED = 5


@pytest.mark.parametrize("number", [6, pytest.param(100, marks=pytest.mark.chaos)])
def test_failovers_with_two_replicas(server: Server, number: int, tmp_path: Path) -> None:
    """Each run is told several shards at once, and within the windows of the run before."""
    chance = random.Random(SEED)
    print(f"seed {SEED}")
    with processes(server, SHARDS * (1 + REPLICAS), QUICK) as members:
        modules.create(members, **WISH)
        with ledger.running([member.endpoint for member in members], {}, tmp_path, replicas=REPLICAS) as run:
            left = number
            while left:
                chosen = chance.sample(servers_say.shards(members), min(left, chance.choice((2, 3))))
                heirs = [chance.choice(replicas) for _master, *replicas in chosen]
                run.mark(f"{left} left")
                (done,) = modules.succeed(["cluster_failover"], members, **WISH, to=[heir.endpoint for heir in heirs])
                assert [step["kind"] for step in done.values["plan"]].count("failover") == len(heirs), done.plan
                servers_say.assert_converged(members, SHARDS, REPLICAS)
                assert all(servers_say.is_master(heir) for heir in heirs)
                left -= len(heirs)
            run.mark("rest")
            run.wait_for_writes(200)
            verdict = run.finish()
        for member in members:
            assert "Manual failover timed out" not in (member.directory / "log").read_text(), member.endpoint
    assert verdict.clean, verdict
    assert verdict.account.replicated > 0, verdict
    assert verdict.lost_replicated == 0
    print(verdict)
