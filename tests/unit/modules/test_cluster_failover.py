# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""cluster_failover on pods in memory: what it returns, what it notes on the Lease, and how it is asked wrongly."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._ansible import module as border
from ansible_collections.k8sredis.core.plugins.module_utils._decide import elections
from ansible_collections.k8sredis.core.plugins.module_utils._execute import lock
from ansible_collections.k8sredis.core.plugins.module_utils._execute.failover import RECORD

from tests.unit.modules.conftest import Run
from tests.unit.modules.test_cluster_pods import LEASE, STEP, Instance
from tests.unit.stand_ins.cluster import Server

WISH: dict[str, Any] = {"name": "shop", "namespace": "web", "shards": 3, "wait_timeout": 30}


@pytest.fixture
def instance(monkeypatch: pytest.MonkeyPatch, run: Run) -> Instance:
    found = Instance()
    monkeypatch.setattr(border, "target", lambda module: found)
    monkeypatch.setattr(lock, "RENEW_EVERY", 30)
    for module in ("cluster_meet", "cluster_slots", "cluster_replicas"):
        assert not run(module, **WISH, node_timeout=15000).get("failed")
    found.servers.log.clear()
    role = Server._role

    def role_a_moment_later(server: Server) -> Any:
        found.servers.tick()
        return role(server)

    monkeypatch.setattr(Server, "_role", role_a_moment_later)
    return found


def test_check_mode_then_the_deed_then_nothing(run: Run, instance: Instance) -> None:
    before = str(instance.locks)
    foreseen = run("cluster_failover", check=True, **WISH, to=["shop-1-1"])
    assert (instance.sent, str(instance.locks)) == ([], before)
    done = run("cluster_failover", **WISH, to=["shop-1-1"])
    assert foreseen["plan"] == done["plan"]
    assert [set(step) for step in done["plan"]] == [STEP]
    assert (foreseen["changed"], done["changed"]) == (True, True)
    assert done["diff"] == {"prepared": "+ shop-1-1 takes over from shop-1-0 (is to be the master)\n"}
    assert done["shards"][1]["master"] == "shop-1-1"
    assert done["cluster"]["healthy"]
    again = run("cluster_failover", **WISH, to=["shop-1-1"])
    assert (again["changed"], again["plan"]) == (False, [])


def test_the_election_stays_on_the_lease_for_the_next_run(run: Run, instance: Instance) -> None:
    run("cluster_failover", **WISH, away_from=["shop-1-0"])
    lease = instance.locks[LEASE]
    assert lease["spec"]["holderIdentity"] == ""
    record = elections.parsed(lease["metadata"]["annotations"][RECORD])
    assert record is not None
    assert [one.master for one in record.elections] == [instance.servers["shop-1-0"].id]
    run("cluster_failover", **WISH, to=["shop-2-1"])
    record = elections.parsed(instance.locks[LEASE]["metadata"]["annotations"][RECORD])
    assert record is not None
    assert len(record.elections) == 2


def test_spread_and_staying_find_nothing_to_do(run: Run, instance: Instance) -> None:
    for choose in ("spread", "staying"):
        assert not run("cluster_failover", **WISH, choose=choose)["changed"]
    assert instance.sent == []


def test_named_needs_a_name(run: Run, instance: Instance) -> None:
    del instance
    result = run("cluster_failover", **WISH)
    assert result["failed"]
    assert result["msg"] == "choose is named but any of the following are missing: to, away_from"


def test_a_refusal_tells_what_was_done_before(run: Run, instance: Instance) -> None:
    instance.servers.refusals["shop-2-1", "CLUSTER FAILOVER"] = "ERR Master is down or failed"
    result = run("cluster_failover", **WISH, to=["shop-1-1", "shop-2-1"])
    assert result["failed"]
    assert result["changed"]
    assert [step["subject"] for step in result["plan"]] == ["shop-1-1"]
    assert result["msg"].startswith("Cannot hand shop-2-0 over to shop-2-1: it answered 'Master is down or failed'")
