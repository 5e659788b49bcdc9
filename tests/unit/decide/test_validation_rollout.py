# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How pods are to be restarted, as declared: what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.decide.declarations import problems, wish


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"limit": 1, "masters": "skip", "pause": "30", "max_lag": 0, "timeout": 30, "accept_interruption": "yes"},
        {"masters": "restart", "accept_interruption": False},
    ],
)
def test_right(given: dict[str, Any]) -> None:
    assert problems(wish(rollout=given)) == []


KEYS = "limit, pause, max_lag, timeout, masters, accept_interruption"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"limits": 1}, f"rollout.limits=1: there is no such key; use {KEYS}."),
        ({"limit": -1}, "rollout.limit=-1: it is no whole number of 0 or more; correct it."),
        ({"timeout": 5}, "rollout.timeout=5: it is no whole number of 30 or more; correct it."),
        ({"pause": "soon"}, 'rollout.pause="soon": it is no whole number of 0 or more; correct it.'),
        ({"masters": "never"}, 'rollout.masters="never": there is no such choice; use restart or skip.'),
        ({"accept_interruption": 2}, "rollout.accept_interruption=2: it must be true or false; correct it."),
    ],
)
def test_wrong(given: dict[str, Any], message: str) -> None:
    assert problems(wish(rollout=given)) == [f"Cannot use redis_cluster_{message}"]
