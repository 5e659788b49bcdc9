# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a pod has to end."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._decide import declared, grace

from tests.unit.decide.declarations import wish

MEMORY = {"limits": {"memory": "1Gi"}}


@pytest.mark.parametrize(
    ("given", "seconds", "hand_over"),
    [
        ({}, 60, 50),
        ({"node_timeout": 15000}, 100, 90),
        ({"node_timeout": 2100}, 49, 39),
        ({"config": {"Shutdown-Timeout": 50}}, 100, 50),
        ({"persistence": "rdb", "resources": MEMORY}, 81, 50),
        ({"persistence": "none", "resources": MEMORY}, 60, 50),
        ({"persistence": "rdb", "resources": {}}, 224, 50),
        ({"config": {"save": "60 1"}, "resources": MEMORY}, 81, 50),
        ({"termination_grace_period": 90}, 90, 80),
    ],
)
def test_what_it_is_made_of(given: dict[str, Any], seconds: int, hand_over: int) -> None:
    assert (grace.seconds(wish(**given)), grace.hand_over(wish(**given))) == (seconds, hand_over)


def test_what_is_computed_restarts_nobody() -> None:
    """Instances made before it was computed had 60."""
    before = wish(termination_grace_period=60)
    assert declared.restart_hash(wish()) == declared.restart_hash(before)
    assert declared.changes(declared.declared(before), wish()) == []
    assert declared.changes(declared.declared(before), wish(termination_grace_period=90))


def test_a_keeper_that_is_new_restarts_nobody() -> None:
    before = {name: value for name, value in declared.declared(wish()).items() if name != "keeper"}
    assert declared.changes(before, wish()) == []
    assert [change.setting for change in declared.changes(before, wish(keeper=False))] == ["keeper"]
    assert declared.restart_hash(wish(keeper=False)) != declared.restart_hash(wish())
