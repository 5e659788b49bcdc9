# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A link counts only when an answer has come over it since we asked."""

from __future__ import annotations

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._decide import links
from ansible_collections.k8sredis.core.plugins.module_utils._decide.links import Link
from ansible_collections.k8sredis.core.plugins.module_utils._model import View

from tests.unit.decide import views
from tests.unit.decide.views import healthy, node

CANDIDATE = "shop-0-1"
VOTERS = ["shop-0-0", "shop-1-0", "shop-2-0"]
LINKS: list[Link] = sorted([(CANDIDATE, voter) for voter in VOTERS] + [(voter, CANDIDATE) for voter in VOTERS])


def at(time: int) -> View:
    """Everybody heard of everybody then."""
    found = healthy(3, 1)
    for one in found.nodes:
        found = views.everywhere(found, one.name, pong_received=time)
    return found


def answered(found: View) -> dict[Link, int]:
    return links.answered(node(found, CANDIDATE), found)


def test_all_voters_count_in_both_directions() -> None:
    assert sorted(answered(at(7001))) == LINKS
    assert set(answered(at(7001)).values()) == {7001}


TIMES = [
    ("later", 7001, 9001, []),
    ("the same", 7001, 7001, LINKS),
    ("earlier, of a clock that was set back", 7001, 6001, LINKS),
    ("later, but heard from others", 7001, 9000, LINKS),
]


@pytest.mark.parametrize(("before", "now", "left"), [row[1:] for row in TIMES], ids=[row[0] for row in TIMES])
def test_unproven(before: int, now: int, left: list[Link]) -> None:
    assert links.unproven(answered(at(before)), answered(at(now))) == left


def test_one_direction_alone_is_not_enough() -> None:
    now = views.entry(at(9001), "shop-2-0", CANDIDATE, pong_received=7001)
    assert links.unproven(answered(at(7001)), answered(now)) == [("shop-2-0", CANDIDATE)]


def test_a_voter_that_falls_silent_proves_nothing() -> None:
    now = views.answers_not(at(9001), "shop-2-0")
    assert links.unproven(answered(at(7001)), answered(now)) == [(CANDIDATE, "shop-2-0"), ("shop-2-0", CANDIDATE)]


def test_introductions_go_both_ways() -> None:
    found = healthy(3, 1)
    asked = links.introductions(node(found, CANDIDATE), found)
    assert {name: len(commands) for name, commands in asked.items()} == {CANDIDATE: 3, **dict.fromkeys(VOTERS, 1)}
    assert asked["shop-2-0"] == (("CLUSTER", "MEET", "10.0.0.2", "6379", "16379"),)
    assert asked[CANDIDATE][2] == ("CLUSTER", "MEET", "10.0.2.1", "6379", "16379")
