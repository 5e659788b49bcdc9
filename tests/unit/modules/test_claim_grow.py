# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""claim_grow: what it says in each mode, and what it asks the API for."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.module_utils.basic import AnsibleModule

from tests.unit.decide.declarations import labels
from tests.unit.modules.conftest import Run
from tests.unit.stand_ins.kubernetes_api import ApiServer

WEB = "/api/v1/namespaces/web"
STATEFULSET = "/apis/apps/v1/namespaces/web/statefulsets/shop-0"
LEASE = "/apis/coordination.k8s.io/v1/namespaces/web/leases/shop-lock"
CLASS = "/apis/storage.k8s.io/v1/storageclasses/fast"
CLAIMS = [f"{WEB}/persistentvolumeclaims/data-shop-0-{ordinal}" for ordinal in range(2)]
WANTED = {"name": "shop", "namespace": "web", "size": "16Gi", "shards": 1, "run_id": "run"}


@pytest.fixture
def grown(api: ApiServer) -> ApiServer:
    """One shard; its storage gives volumes that are larger than asked for, so nobody has to wait."""
    spec: dict[str, Any] = {"resources": {"requests": {"storage": "8Gi"}}, "storageClassName": "fast"}
    for path in CLAIMS:
        api.add(path, dict(spec), labels=labels(), status={"capacity": {"storage": "16Gi"}}, uid=path)
    templates = [{"metadata": {"name": "data"}, "spec": dict(spec)}]
    made = {"replicas": 2, "selector": {"matchLabels": labels()}, "volumeClaimTemplates": templates}
    api.add(STATEFULSET, made, labels=labels(), namespace="web", uid="old")
    api.add(LEASE, {"holderIdentity": "run"})
    api.add(CLASS)
    api.objects[CLASS]["allowVolumeExpansion"] = True
    return api


def changes(api: ApiServer) -> list[tuple[str, str]]:
    """But for the lock."""
    return [each for each in api.writes if each[1] != LEASE]


TRIALS = [("PATCH", path) for path in CLAIMS]


def test_check_mode_tells_each_step_and_changes_nothing(run: Run, grown: ApiServer) -> None:
    before = str(grown.objects)
    foreseen = run("claim_grow", check=True, **WANTED, **grown.options())
    assert foreseen["changed"]
    assert [step["text"] for step in foreseen["plan"]] == [
        "claim data-shop-0-0: 8Gi -> 16Gi",
        "claim data-shop-0-1: 8Gi -> 16Gi",
        "StatefulSet shop-0 is made anew, with claims of 16Gi; its pods go on",
    ]
    assert foreseen["diff"]["prepared"].startswith("+ claim data-shop-0-0: 8Gi -> 16Gi (a larger size is declared)\n")
    assert changes(grown) == TRIALS
    assert str(grown.objects) == before
    done = run("claim_grow", **WANTED, **grown.options())
    assert {key: done[key] for key in ("changed", "plan", "restart")} == {
        "changed": True,
        "plan": foreseen["plan"],
        "restart": [],
    }
    assert changes(grown) == [*TRIALS * 3, ("DELETE", STATEFULSET), ("PATCH", STATEFULSET)]
    again = run("claim_grow", **WANTED, **grown.options())
    assert (again["changed"], again["plan"]) == (False, [])


def test_what_waits_for_a_pod_is_a_warning(run: Run, grown: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(AnsibleModule, "warn", lambda _module, text: said.append(text))
    run("claim_grow", **WANTED, **grown.options())
    grown.objects[CLAIMS[1]]["status"] = {
        "capacity": {"storage": "8Gi"},
        "conditions": [{"type": "FileSystemResizePending", "status": "True"}],
    }
    result = run("claim_grow", **WANTED, **grown.options())
    assert (result["changed"], result["restart"]) == (False, ["shop-0-1"])
    assert said == [
        (
            "Claim data-shop-0-1 asks for 16Gi: its volume has grown, its file system grows when shop-0-1 starts "
            "again; restart that pod."
        )
    ]


def test_a_run_that_fails_says_what_it_has_done(run: Run, grown: ApiServer) -> None:
    grown.forbidden = {STATEFULSET}
    result = run("claim_grow", **WANTED, **grown.options())
    assert result["failed"]
    assert result["changed"]
    assert [step["kind"] for step in result["plan"]] == ["claim", "claim"]


def test_without_the_right_to_change_claims(run: Run, grown: ApiServer) -> None:
    grown.forbidden = {CLASS, *CLAIMS}
    result = run("claim_grow", **WANTED, **grown.options())
    assert result["msg"].endswith("grant the user this right (the Role in the collection's docs/rbac.yml lists all).")
    assert not result["changed"]


def test_without_the_lock(run: Run, grown: ApiServer) -> None:
    result = run("claim_grow", **{**WANTED, "run_id": "other"}, **grown.options())
    assert result["msg"].startswith("Cannot change shop: it is locked by run")
    assert changes(grown) == TRIALS


@pytest.mark.parametrize("size", ["", "much", "0"])
def test_a_size_that_is_none(run: Run, grown: ApiServer, size: str) -> None:
    result = run("claim_grow", **{**WANTED, "size": size}, **grown.options())
    assert result["msg"] == f"Cannot grow claims to '{size}': it is no size; write for example 16Gi."
    assert grown.requests == []
