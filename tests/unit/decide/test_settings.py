# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Server settings that are changed for a moment, and those that are put right."""

from __future__ import annotations

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._decide import settings
from ansible_collections.k8sredis.core.plugins.module_utils._model import View, Wish

from tests.unit.decide import views
from tests.unit.decide.views import fresh_view, healthy, member, met, names, wish

BOTH = wish(3, 1, cluster_node_timeout="5000", repl_diskless_sync_delay="0")
TIMEOUT = wish(3, 1, cluster_node_timeout="5000")

JOINED = met([member(name) for name in names(3, 1)])

TEMPORARY = [
    ("a new cluster", fresh_view(3, 1), BOTH, {"cluster-node-timeout": "1000", "repl-diskless-sync-delay": "0"}),
    ("joined, and still empty", JOINED, TIMEOUT, {"cluster-node-timeout": "1000"}),
    ("a live one, though empty", healthy(3, 1), BOTH, {}),
    ("nothing to go back to", fresh_view(3, 1), wish(), {}),
    ("a setting that is never changed for a moment", fresh_view(3, 1), wish(3, 1, save=""), {}),
    ("a key is stored", views.info(JOINED, "shop-1-1", db0="keys=1,expires=0"), BOTH, {}),
    ("a member is silent", views.answers_not(fresh_view(3, 1), "shop-1-1"), BOTH, {}),
    ("there was a failover", views.everywhere(healthy(3, 1), "shop-1-0", epoch=7), BOTH, {}),
]


@pytest.mark.parametrize(
    ("view", "wished", "values"), [row[1:] for row in TEMPORARY], ids=[row[0] for row in TEMPORARY]
)
def test_temporary(view: View, wished: Wish, values: dict[str, str]) -> None:
    assert settings.temporary(view, wished) == values


WRONG = views.setting(healthy(3, 1), "shop-1-0", cluster_node_timeout="1000")

PLANS = [
    ("as wished", healthy(3, 1), TIMEOUT, []),
    (
        "left behind by a killed run",
        WRONG,
        TIMEOUT,
        [("shop-1-0", "shop-1-0: cluster-node-timeout 1000 -> 5000", "CONFIG SET cluster-node-timeout 5000")],
    ),
    (
        "several at once",
        WRONG,
        wish(3, 1, cluster_node_timeout="5000", appendonly="yes", save="3600 1"),
        [
            ("shop-0-0", "shop-0-0: save  -> 3600 1", "CONFIG SET save 3600 1"),
            ("shop-0-1", "shop-0-1: save  -> 3600 1", "CONFIG SET save 3600 1"),
            (
                "shop-1-0",
                "shop-1-0: cluster-node-timeout 1000 -> 5000, save  -> 3600 1",
                "CONFIG SET cluster-node-timeout 5000 save 3600 1",
            ),
            ("shop-1-1", "shop-1-1: save  -> 3600 1", "CONFIG SET save 3600 1"),
            ("shop-2-0", "shop-2-0: save  -> 3600 1", "CONFIG SET save 3600 1"),
            ("shop-2-1", "shop-2-1: save  -> 3600 1", "CONFIG SET save 3600 1"),
        ],
    ),
    ("nothing wished", WRONG, wish(), []),
    ("a setting that the server does not have", healthy(3, 1), wish(3, 1, something_new="1"), []),
    ("settings that may not be read", views.change(WRONG, "shop-1-0", settings=None), TIMEOUT, []),
    ("a silent member", views.answers_not(WRONG, "shop-1-0"), TIMEOUT, []),
]  # fmt: skip


@pytest.mark.parametrize(("view", "wished", "steps"), [row[1:] for row in PLANS], ids=[row[0] for row in PLANS])
def test_plan(view: View, wished: Wish, steps: list[tuple[str, str, str]]) -> None:
    plan = settings.plan(view, wished).steps
    assert [(step.subject, step.text, " ".join(step.commands[0])) for step in plan] == steps
    assert {(step.kind, step.reason, len(step.commands)) for step in plan} <= {("set", settings.REASON_DRIFT, 1)}
