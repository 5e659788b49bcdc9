# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a run would leave everything as it is."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._decide import order
from ansible_collections.k8sredis.core.plugins.module_utils._model import View, Wish

from tests.unit.decide import views
from tests.unit.decide.views import fresh_view, healthy, stranger, wish

WELL = healthy(3, 1)

WISH = wish(3, 1)
LOST = views.without(views.everywhere(healthy(3, 0), "shop-1-0", flag="fail"), "shop-1-0")

LAST_SHARD = views.view(*WELL.nodes, *(views.fresh(views.member(name)) for name in ("shop-3-0", "shop-3-1")))

ORDER = [
    ("a shard is to leave", healthy(4, 1), WISH, False),
    ("replicas are to leave", healthy(3, 2), WISH, False),
    ("pods that left are still there", LAST_SHARD, WISH, False),
    ("pods that are to join", LAST_SHARD, wish(4, 1), False),
    ("converged", WELL, WISH, True),
    ("a finding that no run mends", views.info(WELL, "shop-0-0", loading="1"), WISH, True),
    ("nobody answers", views.answers_not(WELL, *(one.name for one in WELL.nodes)), WISH, False),
    ("no members", View(), WISH, False),
    ("fresh members", fresh_view(3, 1), WISH, False),
    ("a silent replica", views.answers_not(WELL, "shop-1-1"), WISH, False),
    ("other shards wished", WELL, wish(4, 1), False),
    ("a setting differs", WELL, wish(3, 1, cluster_node_timeout="1"), False),
    ("a setting is as wished", WELL, wish(3, 1, cluster_node_timeout="5000"), True),
    ("a replica of another shard", views.replicating(WELL, "shop-1-1", "shop-2-0"), WISH, False),
    ("a replica out of sync", views.info(WELL, "shop-1-1", master_link_status="down"), WISH, False),
    ("a living stranger", views.knowing(WELL, "shop-1-1", stranger("x")), WISH, False),
    ("slots of a lost member, without full coverage required", LOST, WISH, False),
    ("an address of before", views.place(WELL, "shop-1-1", host="10.7.7.7"), WISH, False),
    (
        "a ghost, which only a person may forget",
        views.knowing(WELL, "shop-1-1", stranger("x", "fail")),
        wish(3, 1),
        True,
    ),
]


EVERYTHING = ("meet", "assign", "attach", "move")

DUE = [
    ("converged", WELL, WISH, ()),
    ("fresh members", fresh_view(3, 1), WISH, EVERYTHING),
    ("a shard is to leave", healthy(4, 1), WISH, ("move", "forget")),
    ("replicas are to leave", healthy(3, 2), WISH, ("hand_over", "forget")),
    ("pods that left are still there", LAST_SHARD, WISH, ("forget",)),
    ("pods that are to join", LAST_SHARD, wish(4, 1), ("meet", "attach", "move")),
    ("pods that are to join and are not there yet", WELL, wish(4, 1), ("meet", "attach", "move")),
    (
        "a shard is to leave, and a replica is silent",
        views.answers_not(healthy(4, 1), "shop-1-1"),
        WISH,
        (
            "meet",
            "attach",
            "move",
            "forget",
        ),
    ),
    ("other weights", WELL, replace(WISH, weights={"0": Fraction(2)}), ("move",)),
    ("a replica of another shard", views.replicating(WELL, "shop-1-1", "shop-2-0"), WISH, ("attach",)),
    ("a setting differs", WELL, wish(3, 1, cluster_node_timeout="1"), ("meet", "attach", "move")),
    ("slots of a lost member", LOST, WISH, EVERYTHING),
    ("nobody answers", views.answers_not(WELL, *(one.name for one in WELL.nodes)), WISH, EVERYTHING),
    ("no members", View(), WISH, EVERYTHING),
]


@pytest.mark.parametrize(("view", "wished", "due"), [row[1:] for row in DUE], ids=[row[0] for row in DUE])
def test_due(view: View, wished: Wish, due: tuple[str, ...]) -> None:
    assert order.due(view, wished) == due


@pytest.mark.parametrize(("view", "wished", "in_order"), [row[1:] for row in ORDER], ids=[row[0] for row in ORDER])
def test_order(view: View, wished: Wish, in_order: bool) -> None:
    assert order.is_in_order(view, wished) is in_order
