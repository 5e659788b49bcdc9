# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values in messages: one line, and nothing that a terminal or an encoder would trip over."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._decide import refusal


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("käse", '"käse"'),
        ("a\nb", '"a\\nb"'),
        ("a\u2028b\x85c", '"a\\u2028b\\u0085c"'),
        ("a\u202eb", '"a\\u202eb"'),
        ("\ud800", '"\\ud800"'),
        ({"b": 1, "a": None}, '{"a": null, "b": 1}'),
        ("x" * 99, f'"{"x" * 79}...'),
    ],
)
def test_a_value_in_one_line(value: Any, text: str) -> None:
    assert refusal.shown(value) == text


def test_a_setting_with_a_part_of_the_users_own() -> None:
    assert refusal.unusable("config.a\nb", 1, "it is odd", "correct it") == (
        "Cannot use redis_cluster_config.a\\nb=1: it is odd; correct it."
    )
