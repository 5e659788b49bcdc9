# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes in Kubernetes when members have left."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._decide import scale
from ansible_collections.k8sredis.core.plugins.module_utils._model_instance import Instance

from tests.unit.decide.declarations import claim, labels, statefulset, there, wish


def seen(shards: int, pods: int, claims: int = 0) -> Instance:
    """``claims``: of so many shards, where these are more."""
    return there(
        statefulsets=tuple(statefulset("", shard, replicas=pods) for shard in range(shards)),
        claims=tuple(claim(shard, ordinal) for shard in range(max(shards, claims)) for ordinal in range(pods)),
    )


NOTHING: dict[str, list[str]] = {"statefulsets": [], "pods": [], "sentinels": [], "claims": []}

PODS: list[tuple[str, Instance, dict[str, Any], list[int]]] = [
    ("new", there(), {}, [2, 2, 2]),
    ("as declared", seen(3, 2), {}, [2, 2, 2]),
    ("more shards", seen(3, 2), {"shards": 5}, [2, 2, 2, 2, 2]),
    ("more replicas", seen(3, 2), {"replicas": 2}, [3, 3, 3]),
    ("fewer replicas", seen(3, 3), {"replicas": 1}, [3, 3, 3]),
    ("fewer of both", seen(5, 3), {"replicas": 1}, [3, 3, 3]),
    ("more shards and fewer replicas", seen(3, 3), {"shards": 4}, [3, 3, 3, 2]),
    (
        "a StatefulSet is being made anew",
        there(
            statefulsets=(statefulset("", 0, replicas=3),), orphans=("shop-1-2", "shop-2-0", "shop-1-0", "other-1-9")
        ),
        {},
        [3, 3, 2],
    ),
    (
        "one was lowered before the run was killed",
        there(statefulsets=(statefulset("", 0, replicas=2), statefulset("", 1, replicas=3))),
        {},
        [2, 3, 2],
    ),
]


@pytest.mark.parametrize(("found", "given", "pods"), [row[1:] for row in PODS], ids=[row[0] for row in PODS])
def test_nobody_ends_before_he_has_left(found: Instance, given: dict[str, Any], pods: list[int]) -> None:
    assert scale.pods(wish(**given), found) == pods


def test_nothing_leaves_that_is_declared() -> None:
    assert scale.leaving(wish(scale_in_claims="delete"), seen(3, 2)) == NOTHING
    assert scale.leaving(wish(shards=5, replicas=2, scale_in_claims="delete"), seen(3, 2)) == NOTHING


def test_shards_leave_as_a_whole() -> None:
    assert scale.leaving(wish(), seen(5, 2)) == {
        **NOTHING,
        "statefulsets": ["shop-3", "shop-4"],
        "pods": ["shop-3-0", "shop-3-1", "shop-4-0", "shop-4-1"],
    }


def test_of_shards_that_stay_the_highest_ordinals_leave() -> None:
    assert scale.leaving(wish(scale_in_claims="delete"), seen(3, 3)) == {
        **NOTHING,
        "pods": ["shop-0-2", "shop-1-2", "shop-2-2"],
        "claims": ["data-shop-0-2", "data-shop-1-2", "data-shop-2-2"],
    }


def test_claims_are_taken_up_where_a_run_was_killed() -> None:
    found = scale.leaving(wish(scale_in_claims="delete"), seen(3, 2, claims=4))
    assert found == {**NOTHING, "claims": ["data-shop-3-0", "data-shop-3-1"]}


def test_numbers_are_ordered_as_numbers() -> None:
    found = scale.leaving(wish(shards=9, scale_in_claims="delete"), seen(11, 1))
    assert found["statefulsets"] == ["shop-9", "shop-10"]
    assert found["claims"] == ["data-shop-9-0", "data-shop-10-0"]


def test_what_belongs_to_others_stays() -> None:
    others = there(
        statefulsets=(statefulset("", 3, name="shop-3", labels=labels("other")), statefulset("", 3, name="shop-x")),
        claims=(
            claim(3, 0, labels=labels("other")),
            claim(3, 0, name="logs-shop-3-0"),
            claim(3, 0, name="data-shop-3-0-0"),
            claim(3, 0, name="data-shop-more-3-0"),
        ),
    )
    assert scale.leaving(wish(scale_in_claims="delete"), others) == NOTHING
