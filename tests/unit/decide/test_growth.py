# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which claims grow, and when there is nothing more to wait for."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._decide import growth
from ansible_collections.k8sredis.core.plugins.module_utils._decide.growth import Wanted
from ansible_collections.k8sredis.core.plugins.module_utils._model_instance import Claim, ClaimTemplate, StatefulSet

from tests.unit.decide.declarations import claim, statefulset

OLD, NEW = "8Gi", "16Gi"
WANTED = Wanted("shop", NEW, 2, 1)


def made(shard: int, size: str = OLD, replicas: int = 2) -> StatefulSet:
    return statefulset("", shard, claim_templates={"data": ClaimTemplate(size)}, replicas=replicas)


def asks(shard: int, ordinal: int, size: str = OLD, has: str = "") -> Claim:
    return claim(shard, ordinal, size, has=has or size)


ALL = [asks(shard, ordinal) for shard in range(2) for ordinal in range(2)]
NAMES = [each.name for each in ALL]
BOTH = [made(0), made(1)]
GROWN = [asks(shard, ordinal, NEW) for shard in range(2) for ordinal in range(2)]

CASES: list[tuple[str, list[StatefulSet], list[Claim], list[str], list[str], list[str]]] = [
    ("all of it", BOTH, ALL, NAMES, [], ["shop-0", "shop-1"]),
    ("nothing", [made(0, NEW), made(1, NEW)], GROWN, [], [], []),
    ("the same in other words", [made(0, "16384Mi"), made(1, NEW)], GROWN, [], [], []),
    ("killed amid the claims", BOTH, [*GROWN[:1], *ALL[1:]], NAMES[1:], [], ["shop-0", "shop-1"]),
    ("killed while they grew", BOTH, [asks(0, 0, NEW, OLD), *GROWN[1:]], [], NAMES[:1], ["shop-0", "shop-1"]),
    ("killed when one was gone", [made(1)], GROWN, [], [], ["shop-1"]),
    ("one grows on", [made(0, NEW), made(1, NEW)], [asks(0, 0, NEW, OLD), *GROWN[1:]], [], NAMES[:1], []),
    ("a claim that is larger", BOTH, [asks(0, 0, "99Gi"), *ALL[1:]], NAMES[1:], [], ["shop-0", "shop-1"]),
    ("a StatefulSet that is larger", [made(0, "99Gi"), made(1)], GROWN, [], [], ["shop-1"]),
    ("a claim that is taken up", BOTH[:1], [asks(1, 1)], ["data-shop-1-1"], [], ["shop-0"]),
    ("pods that leave", [made(0, OLD, 3)], [asks(0, 2)], ["data-shop-0-2"], [], ["shop-0"]),
    ("those that have left", BOTH, [asks(0, 2), asks(2, 0)], [], [], ["shop-0", "shop-1"]),
    ("shards that leave", [*BOTH, made(2)], [asks(2, 0)], [], [], ["shop-0", "shop-1"]),
    ("another claim of the pod", BOTH[:0], [claim(0, 0, name="logs-shop-0-0")], [], [], []),
    ("a claim without a volume", BOTH[:0], [claim(0, 0, NEW)], [], [], []),
]


@pytest.mark.parametrize(
    ("statefulsets", "claims", "ask", "growing", "renew"), [row[1:] for row in CASES], ids=[row[0] for row in CASES]
)
def test_what_grows(
    statefulsets: list[StatefulSet], claims: list[Claim], ask: list[str], growing: list[str], renew: list[str]
) -> None:
    found = growth.growth(WANTED, statefulsets, claims)
    assert [each.name for each in found.claims] == ask
    assert [each.name for each in found.growing] == growing
    assert [each.name for each in found.statefulsets] == renew
    assert bool(found) is bool(ask or growing or renew)


def test_claims_are_ordered_as_numbers() -> None:
    claims = [asks(10, 0), asks(9, 0), asks(0, 1)]
    found = growth.growth(Wanted("shop", NEW, 11, 1), [], claims)
    assert [each.name for each in found.claims] == ["data-shop-0-1", "data-shop-9-0", "data-shop-10-0"]


def classed(storage_class: str, **given: Any) -> Claim:
    return claim(0, 0, asks=ClaimTemplate(OLD, storage_class), **{"has": OLD, **given})


@pytest.mark.parametrize(
    ("seen", "allowed", "reason"),
    [
        (classed("fast"), {"fast": True}, ""),
        (classed("fast"), {"fast": None}, ""),
        (
            classed("slow"),
            {"slow": False},
            (
                "its StorageClass 'slow' does not allow it; set redis_cluster_storage.size back, or set "
                "allowVolumeExpansion where the class can do it"
            ),
        ),
        (
            classed(""),
            {"": False},
            (
                "it has no StorageClass; set redis_cluster_storage.size back, or set allowVolumeExpansion where the "
                "class can do it"
            ),
        ),
        (
            classed("fast", has=""),
            {"fast": True},
            "it has no volume yet; wait until its pod has started, or set redis_cluster_storage.size back",
        ),
    ],
)
def test_what_cannot_grow(seen: Claim, allowed: dict[str, bool | None], reason: str) -> None:
    text = f"Cannot grow claim data-shop-0-0 from 8Gi to 16Gi: {reason}."
    assert growth.problems(growth.growth(WANTED, [], [seen]), NEW, allowed) == ([text] if reason else [])


PENDING = {growth.FILE_SYSTEM: "Waiting for user to (re-)start a pod"}


@pytest.mark.parametrize(
    ("given", "running", "settled"),
    [
        ({"has": OLD}, True, False),
        ({"has": NEW}, True, True),
        ({"has": "17179869184"}, True, True),
        ({"has": OLD, "conditions": PENDING}, True, False),
        ({"has": OLD, "conditions": PENDING}, False, True),
        ({"has": OLD, "resizing": "ControllerResizeInProgress"}, True, False),
        ({"has": OLD, "resizing": "NodeResizeInfeasible"}, True, True),
    ],
)
def test_when_the_wait_ends(given: dict[str, Any], running: bool, settled: bool) -> None:
    assert growth.settled(claim(0, 0, NEW, **given), running) is settled


def test_how_far_it_is() -> None:
    conditions = {"Resizing": "", "ControllerResizeError": "no space"}
    seen = claim(0, 0, NEW, has=OLD, conditions=conditions, resizing="ControllerResizeInfeasible")
    assert growth.outlook(seen) == (
        "its volume has 8Gi (ControllerResizeError: no space; Resizing; ControllerResizeInfeasible); see its events"
    )
    assert growth.outlook(claim(0, 0, NEW, has=OLD, conditions=PENDING)) == (
        "its volume has grown, its file system grows when shop-0-0 starts again; restart that pod"
    )


def test_the_successor_is_the_same_with_larger_claims() -> None:
    def spec(size: str) -> dict[str, Any]:
        claims = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}}
        other = {"metadata": {"name": "logs"}, "spec": {"resources": {"requests": {"storage": "1Gi"}}}}
        templates = [{"metadata": {"name": "data", "labels": {"a": "b"}}, "spec": claims}, other]
        return {"replicas": 3, "template": {"metadata": {"annotations": {"x": "y"}}}, "volumeClaimTemplates": templates}

    kept = {"name": "shop-0", "namespace": "web", "labels": {"a": "b"}, "annotations": {"k8sredis.io/declared": "{}"}}
    dropped = {"uid": "1", "resourceVersion": "2", "managedFields": [], "generation": 3, "finalizers": ["orphan"]}
    live = {"metadata": {**kept, **dropped}, "spec": spec(OLD), "status": {"replicas": 3}}
    live["spec"]["volumeClaimTemplates"][0]["status"] = {"phase": "Pending"}
    assert growth.renewed(live, NEW) == {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": kept,
        "spec": spec(NEW),
    }
    assert live["spec"]["volumeClaimTemplates"][0]["spec"]["resources"]["requests"]["storage"] == OLD
