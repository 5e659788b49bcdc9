# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One budget over each pod, at any time."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._decide import budgets, owners
from ansible_collections.k8sredis.core.plugins.module_utils._model_instance import Budget, Pod, Requirement

from tests.unit.decide.declarations import statefulset, there, wish

WHOLE = "instance"

CASES: list[tuple[str, int, set[str], dict[str, Any], list[str], list[str]]] = [
    ("new", 0, set(), {}, ["shop-0", "shop-1", "shop-2"], []),
    ("as declared", 3, {"shop-0", "shop-1", "shop-2"}, {}, ["shop-0", "shop-1", "shop-2"], []),
    ("one over all before", 3, {"shop"}, {}, ["shop-0", "shop-1", "shop-2"], ["shop"]),
    ("one for each before", 2, {"shop-0", "shop-1"}, {"disruption_budget": WHOLE}, ["shop"], ["shop-0", "shop-1"]),
    ("killed between the two", 1, {"shop", "shop-0"}, {"shards": 1}, ["shop-0"], ["shop"]),
    ("shards leave", 3, {"shop-0", "shop-1", "shop-2"}, {"shards": 1}, ["shop-0", "shop-1", "shop-2"], []),
    ("shards leave that one covered", 2, {"shop"}, {"shards": 1}, ["shop-0", "shop-1"], ["shop"]),
    ("a shard has left", 1, {"shop-0", "shop-1"}, {"shards": 1}, ["shop-0"], ["shop-1"]),
]


@pytest.mark.parametrize(
    ("shards", "own", "given", "wished", "stale"), [row[1:] for row in CASES], ids=[row[0] for row in CASES]
)
def test_which_there_are(
    shards: int, own: set[str], given: dict[str, Any], wished: list[str], stale: list[str]
) -> None:
    seen = there(statefulsets=tuple(statefulset("", shard) for shard in range(shards)), own_budgets=frozenset(own))
    found = budgets.wished(wish(**given), seen)
    assert [each["name"] for each in found] == wished
    assert [each["shard"] for each in found] == [name.partition("-")[2] for name in wished]
    assert budgets.stale(wish(**given), seen) == stale


def test_no_budget_and_two() -> None:
    pods = [Pod("Pod", f"shop-{shard}-0", {"shard": str(shard), "app": "redis"}) for shard in range(3)]
    found = list(
        budgets.findings(
            pods,
            [
                budget("shop-0", Requirement("shard", "In", ("0",))),
                budget("shop-1", Requirement("shard", "In", ("1",))),
                budget("theirs", Requirement("shard", "NotIn", ("0", "2")), Requirement("app", "Exists")),
                budget("of-others", Requirement("app", "DoesNotExist")),
                Budget("PodDisruptionBudget", "of-nobody", requirements=None),
            ],
        )
    )
    assert [(finding.code, finding.subject) for finding in found] == [
        ("two_budgets", "shop-1-0"),
        ("no_budget", "shop-2-0"),
    ]
    assert "is covered by the disruption budgets shop-1 and theirs," in found[0].seen


def test_a_budget_over_everything() -> None:
    """As policy/v1 reads an empty selector."""
    (finding,) = budgets.findings([Pod("Pod", "shop-0-0", {})], [budget("all"), budget("again")])
    assert finding.code == "two_budgets"


def test_what_lacks_a_label_is_not_in_a_list_of_values() -> None:
    pods = [Pod("Pod", "shop-0-0", {})]
    assert list(budgets.findings(pods, [budget("a", Requirement("shard", "NotIn", ("1",)))])) == []
    (finding,) = budgets.findings(pods, [budget("a", Requirement("shard", "In", ("1",)))])
    assert finding.code == "no_budget"


def test_pods_that_nobody_owns() -> None:
    (finding,) = owners.findings([Pod("Pod", "shop-0-0"), Pod("Pod", "shop-0-1", owned=False)])
    assert (finding.code, finding.subject) == ("orphan", "shop-0-1")


def budget(name: str, *requirements: Requirement) -> Budget:
    return Budget("PodDisruptionBudget", name, requirements=requirements)
