# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What objects of Kubernetes say."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._model_instance import Requirement
from ansible_collections.k8sredis.core.plugins.module_utils._observe import instance, pods

ENDED: dict[str, Any] = {"terminated": {"exitCode": 1}}
STATES: list[tuple[str, list[dict[str, Any]] | None, bool]] = [
    ("not scheduled", None, False),
    ("its image is pulled", [{"restartCount": 0, "state": {"waiting": {}}, "lastState": {}}], False),
    ("it runs", [{"restartCount": 0, "state": {"running": {}}}], True),
    ("it has ended", [{"restartCount": 0, "state": ENDED}], True),
    ("it waits to be started again", [{"restartCount": 0, "state": {"waiting": {}}, "lastState": ENDED}], True),
    ("it was started again", [{"restartCount": 3, "state": {"waiting": {}}}], True),
]


@pytest.mark.parametrize(("statuses", "started"), [row[1:] for row in STATES], ids=[row[0] for row in STATES])
def test_whether_a_server_has_ever_run(statuses: list[dict[str, Any]] | None, started: bool) -> None:
    status = {} if statuses is None else {"containerStatuses": statuses}
    assert pods.has_started({"status": status}) is started


OWNER = {"ownerReferences": [{"kind": "StatefulSet", "controller": True}]}
OTHER_OWNER = {"ownerReferences": [{"kind": "ConfigMap"}]}
GOING = {"deletionTimestamp": "2026-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("metadata", "owned"), [({}, False), (OTHER_OWNER, False), (OWNER, True), (GOING, True), ({**OWNER, **GOING}, True)]
)
def test_whether_a_statefulset_owns_a_pod(metadata: dict[str, Any], owned: bool) -> None:
    assert instance.pod({"metadata": {"name": "shop-0-0", **metadata}}).owned is owned


def test_what_a_budget_covers() -> None:
    selector = {
        "matchLabels": {"shard": "0"},
        "matchExpressions": [
            {"key": "app", "operator": "Exists"},
            {"key": "tier", "operator": "NotIn", "values": ["a", "b"]},
        ],
    }
    found = instance.budget({"metadata": {"name": "shop-0"}, "spec": {"selector": selector}})
    assert found.requirements == (
        Requirement("shard", "In", ("0",)),
        Requirement("app", "Exists"),
        Requirement("tier", "NotIn", ("a", "b")),
    )
    assert instance.budget({"metadata": {"name": "all"}, "spec": {"selector": {}}}).requirements == ()
    assert instance.budget({"metadata": {"name": "none"}, "spec": {}}).requirements is None
