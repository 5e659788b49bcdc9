# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""pod_restart on pods in memory: what it returns in check mode and for real, and requests that outlive a run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._ansible import module as border
from ansible_collections.k8sredis.core.plugins.module_utils._decide import declared, rollout
from ansible_collections.k8sredis.core.plugins.module_utils._execute import lock, restart
from ansible_collections.k8sredis.core.plugins.module_utils._model_instance import StatefulSet

from tests.unit.decide.declarations import GOOD, statefulset, wish
from tests.unit.decide.views import names
from tests.unit.modules.conftest import Run
from tests.unit.modules.test_cluster_pods import LEASE, STEP, Instance
from tests.unit.stand_ins.cluster import Server
from tests.unit.stand_ins.kube import StandInKube

TASK: dict[str, Any] = {"name": "shop", "namespace": "web", "wait_timeout": 30}
OLD, NEW = "0ld", "new"
REASON = "image docker.io/library/redis:8.6.7 -> redis:8.8.3"


class Rolling(Instance):
    """All pods are outdated; one that is told to go is another one at once."""

    def __init__(self) -> None:
        super().__init__()
        self.hash = NEW
        assert isinstance(self.kube, StandInKube)
        self.api = self.kube
        self.api.on_evict = self.replace
        for server in self.servers.by_name.values():
            text = declared.made_from(GOOD)
            server.member = replace(server.member, ready=True, restart_hash=OLD, made_from=text)

    def replace(self, name: str, uid: str) -> None:
        server = self.servers[name]
        assert server.member.uid == uid
        self.servers.restart(name, f"10.9.{server.life}.{names(3, 1).index(name) + 1}")
        server.member = replace(server.member, restart_hash=self.hash)

    def statefulsets(self) -> tuple[StatefulSet, ...]:
        text = declared.made_from(wish(image="redis:8.8.3"))
        return tuple(
            replace(statefulset(declared.text(GOOD), shard), restart_hash=self.hash, made_from=text)
            for shard in range(3)
        )


@pytest.fixture
def instance(monkeypatch: pytest.MonkeyPatch, run: Run) -> Rolling:
    found = Rolling()
    monkeypatch.setattr(border, "target", lambda module: found)
    monkeypatch.setattr(border, "statefulsets", lambda module, api: found.statefulsets())
    monkeypatch.setattr(lock, "RENEW_EVERY", 30)
    monkeypatch.setattr(restart, "QUIET_FOR", 0.01)
    for module in ("cluster_meet", "cluster_slots", "cluster_replicas"):
        assert not run(module, **TASK, shards=3, node_timeout=15000).get("failed")
    found.servers.log.clear()
    role = Server._role

    def role_a_moment_later(server: Server) -> Any:
        found.servers.tick()
        return role(server)

    monkeypatch.setattr(Server, "_role", role_a_moment_later)
    return found


def test_check_mode_shows_the_order_and_a_run_does_one(run: Run, instance: Rolling) -> None:
    before = str(instance.locks)
    foreseen = run("pod_restart", check=True, **TASK)
    assert (instance.sent, str(instance.locks), instance.api.evictions) == ([], before, [])
    assert [set(step) for step in foreseen["plan"]] == [STEP] * 6
    assert foreseen["diff"]["prepared"].splitlines()[:2] == [
        f"+ shop-0-1 restarts ({REASON})",
        f"+ shop-0-0 hands over to a replica, then restarts ({REASON})",
    ]
    assert (foreseen["changed"], foreseen["remaining"], foreseen["finished"]) == (True, 6, False)
    assert foreseen["progress"] == "6 pods to restart"
    done = run("pod_restart", **TASK)
    assert (done["changed"], done["pod"], done["reason"]) == (True, "shop-0-1", REASON)
    assert (done["remaining"], done["finished"], done["held"]) == (5, False, "")
    assert done["progress"].startswith("shop-0-1 restarted in ")
    assert done["progress"].endswith(f" s ({REASON}), 5 pods left")
    assert done["plan"][0]["text"] == "shop-0-1 restarts"
    assert instance.api.evictions == ["shop-0-1"]


def test_a_limit_holds_the_others(run: Run, instance: Rolling) -> None:
    done = run("pod_restart", **TASK, limit=1)
    assert (done["pod"], done["remaining"], done["finished"]) == ("shop-0-1", 0, True)
    assert "wait because redis_cluster_rollout.limit is 1" in done["held"]
    again = run("pod_restart", **TASK, limit=1)
    assert (again["changed"], again["pod"], again["held"]) == (False, "", done["held"])
    assert again["progress"].startswith("no pod is to be restarted; ")
    assert instance.api.evictions == ["shop-0-1"]


def test_what_is_wished_must_have_been_applied(run: Run, instance: Rolling) -> None:
    foreseen = run("pod_restart", check=True, **TASK, restart_hash="other", made_from="{}")
    assert foreseen["remaining"] == 6
    refused = run("pod_restart", **TASK, restart_hash="other", made_from="{}")
    assert refused["failed"]
    assert refused["msg"].startswith(
        "Cannot restart pods: StatefulSet shop-0 makes them from other settings than wished"
    )
    assert instance.api.evictions == []


def test_a_request_outlives_the_run_that_made_it(run: Run, instance: Rolling) -> None:
    instance.hash = OLD
    assert run("pod_restart", **TASK)["finished"]
    foreseen = run("pod_restart", check=True, **TASK, request="make", shard=1)
    assert [step["subject"] for step in foreseen["plan"][1:]] == ["shop-1-1", "shop-1-0"]
    assert rollout.REQUEST not in str(instance.locks)
    made = run("pod_restart", **TASK, request="make", shard=1)
    assert (made["changed"], [each["pod"] for each in made["order"]]) == (True, ["shop-1-1", "shop-1-0"])
    assert rollout.REQUEST in instance.locks[LEASE]["metadata"]["annotations"]
    assert run("pod_restart", **TASK)["pod"] == "shop-1-1"
    # Killed here, and run again: it goes on with what is left, whatever is asked for now.
    again = run("pod_restart", **TASK, request="make")
    assert (again["changed"], again["progress"]) == (False, "an earlier request goes on with 1 pods")
    assert run("pod_restart", **TASK)["pod"] == "shop-1-0"
    assert run("pod_restart", **TASK)["pod"] == ""
    assert instance.api.evictions == ["shop-1-1", "shop-1-0"]


def test_a_request_is_withdrawn(run: Run, instance: Rolling) -> None:
    instance.hash = OLD
    run("pod_restart", **TASK, request="make", pods=["shop-2-0"])
    assert run("pod_restart", **TASK, request="withdraw")["changed"]
    assert not run("pod_restart", **TASK, request="withdraw")["changed"]
    assert run("pod_restart", **TASK)["pod"] == ""
    assert instance.api.evictions == []


def test_only_the_pods_of_an_instance(run: Run) -> None:
    refused = run("pod_restart", endpoints=["127.0.0.1:1"])
    assert refused["msg"].startswith("Cannot restart pods without 'name'")


def test_the_doctor_names_what_is_due(run: Run, instance: Rolling) -> None:
    found = run("cluster_info", name="shop", namespace="web", shards=3)
    assert [each["pod"] for each in found["cluster"]["restarts"]][:2] == ["shop-0-1", "shop-0-0"]
    assert [each["seen"] for each in found["findings"] if each["code"] == "restart_due"] == [
        f"is to be restarted ({REASON})"
    ]
    assert instance.api.evictions == []
