# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which keys may keep their master from answering, and for how long."""

from __future__ import annotations

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._decide import large_keys

from tests.unit.decide.views import healthy, node

MASTER = node(healthy(3, 1), "shop-0-0")
"""With a node timeout of 5 s."""

MEGABYTE = 1_000_000
LIMIT = 64 * MEGABYTE


@pytest.mark.parametrize(
    ("megabytes", "allowed", "words"),
    [
        (64, False, ""),
        (65, False, "more than large_key (64000000), and shop-0-0 would answer nobody while it is moved"),
        (65, True, ""),
        (125, True, ""),
        (200, True, "may take 8 s, longer than the node timeout (5 s), after which a replica takes over"),
    ],
)
def test_refusal(megabytes: int, allowed: bool, words: str) -> None:
    said = large_keys.refusal(MASTER, 42, "a hash", megabytes * MEGABYTE, LIMIT, allowed)
    assert bool(said) is bool(words)
    assert words in said


def test_a_short_node_timeout_refuses_what_the_limit_would_allow() -> None:
    said = large_keys.refusal(MASTER, 42, "a hash", 200 * MEGABYTE, 1000 * MEGABYTE, False)
    assert said.startswith("Cannot move slot 42 of shop-0-0: its key 'a hash' has 200000000 bytes and may take 8 s")
