# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a run would leave everything as it is."""

from __future__ import annotations

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._decide import order
from ansible_collections.k8sredis.core.plugins.module_utils._model import View, Wish

from tests.unit.decide import views
from tests.unit.decide.views import fresh_view, healthy, stranger, wish

WELL = healthy(3, 1)

WISH = wish(3, 1)
LOST = views.without(views.everywhere(healthy(3, 0), "shop-1-0", flag="fail"), "shop-1-0")

ORDER = [
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


@pytest.mark.parametrize(("view", "wished", "in_order"), [row[1:] for row in ORDER], ids=[row[0] for row in ORDER])
def test_order(view: View, wished: Wish, in_order: bool) -> None:
    assert order.is_in_order(view, wished) is in_order
