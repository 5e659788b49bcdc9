# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One budget over each pod, at any time."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._decide import budgets

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
