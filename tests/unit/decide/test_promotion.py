# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What proves a failover, and what opens the gate to one."""

from __future__ import annotations

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._decide import gate, promotion
from ansible_collections.k8sredis.core.plugins.module_utils._model import Node, OpenSlot, Step, View

from tests.unit.decide import views
from tests.unit.decide.test_failover import failed_over
from tests.unit.decide.views import healthy, node

BEFORE = healthy(3, 2)
DONE = promotion.promotion(BEFORE, node(BEFORE, "shop-0-1"), node(BEFORE, "shop-0-0"))
AFTER = failed_over(BEFORE, "shop-0-1")


def test_what_was_there_before() -> None:
    assert (DONE.candidate, DONE.former, len(DONE.slots), DONE.epoch) == ("shop-0-1", "shop-0-0", 5461, 9)


UNPROVEN = [
    ("all is done", AFTER, ""),
    ("nothing is done", BEFORE, "shop-0-1 does not serve 5461 of the 5461 slots of the shard"),
    (
        "a slot is missing",
        views.everywhere(AFTER, "shop-0-1", slots=((0, 5459),)),
        "shop-0-1 does not serve 1 of the 5461 slots of the shard",
    ),
    (
        "it was demoted again",
        views.entry(AFTER, "shop-0-1", "shop-0-1", role="slave"),
        "shop-0-1 does not serve 0 of the 5461 slots of the shard",
    ),
    (
        "the former master has not heard of it",
        views.entry(AFTER, "shop-0-0", "shop-0-0", master_id="", role="master"),
        "shop-0-0 does not replicate shop-0-1",
    ),
    (
        "the epoch is not the highest",
        views.everywhere(AFTER, "shop-0-1", epoch=9),
        "shop-0-1 has config epoch 9, which is not the highest",
    ),
    (
        "the former master is silent",
        views.answers_not(AFTER, "shop-0-0"),
        "shop-0-0 does not answer: Connection refused",
    ),
    ("the former master is gone", views.without(AFTER, "shop-0-0"), "a member is not there any more"),
    (
        "the former master is not in sync",
        views.info(AFTER, "shop-0-0", master_link_status="down"),
        "shop-0-0: its link to the master is down",
    ),
    (
        "one has not heard of it",
        views.entry(AFTER, "shop-2-1", "shop-0-0", role="master", master_id=""),
        "shop-2-1: takes shop-0-0 for a master",
    ),
    (
        "a replica is chained",
        views.replicating(AFTER, "shop-0-2", "shop-0-0"),
        "shop-0-2: replicates shop-0-0, itself a replica",
    ),
]


@pytest.mark.parametrize(("found", "why"), [row[1:] for row in UNPROVEN], ids=[row[0] for row in UNPROVEN])
def test_unproven(found: View, why: str) -> None:
    assert promotion.unproven(found, DONE) == why


def test_who_is_misjudged() -> None:
    found = views.entry(AFTER, "shop-2-1", "shop-0-0", role="master", master_id="")
    assert promotion.misjudged(found) == [("shop-0-0", node(AFTER, "shop-0-1").id, ())]
    assert promotion.misjudged(AFTER) == []


def test_a_chain_is_followed_to_its_master() -> None:
    found = views.replicating(views.replicating(healthy(3, 2), "shop-0-2", "shop-0-1"), "shop-1-2", "shop-0-2")
    steps = promotion.repairs(found).steps
    assert [step.text for step in steps] == ["shop-0-2 replicates shop-0-0", "shop-1-2 replicates shop-0-0"]
    assert {step.commands for step in steps} == {(("CLUSTER", "REPLICATE", node(found, "shop-0-0").id),)}


def test_a_circle_of_replicas_has_no_master() -> None:
    found = views.replicating(views.replicating(healthy(3, 2), "shop-0-2", "shop-0-1"), "shop-0-1", "shop-0-2")
    assert promotion.repairs(found).steps == ()


def test_the_gate_is_shut_while_a_slot_is_under_way() -> None:
    moving = OpenSlot(7, "migrating", node(BEFORE, "shop-1-0").id)
    found = views.entry(BEFORE, "shop-0-0", "shop-0-0", open_slots=(moving,))
    assert gate.shut(BEFORE) == ""
    assert gate.shut(found) == "shop-0-0: 1 slots are in migration, first 7 (migrating)"


STEP = Step("failover", "shop-0-1", "", "")


def test_what_a_candidate_lacks() -> None:
    behind = views.info(BEFORE, "shop-0-0", master_repl_offset="200100")
    assert gate.lacking(BEFORE, STEP) == ""
    assert gate.lacking(behind, STEP) == "shop-0-1 is no candidate: it is 200000 bytes behind shop-0-0"
    gone: Node = node(BEFORE, "shop-1-0")
    assert gate.lacking(views.view(gone), STEP) == "shop-0-1 does not follow a member"
