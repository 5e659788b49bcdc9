# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which ids are forgotten, in which order, and whom nobody may forget."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._decide import forgetting
from ansible_collections.k8sredis.core.plugins.module_utils._model import (
    ClusterError,
    OpenSlot,
    Refused,
    Retryable,
    Step,
    View,
    Wish,
)

from tests.unit.decide import views
from tests.unit.decide.test_departure import LEAVERS, ONE_DRAINED, drained, forgotten
from tests.unit.decide.views import fresh, healthy, knowing, member, names, node, stranger, wish
from tests.unit.stand_ins.cluster import node_id

WISH = wish(3, 1)
GHOST = stranger("x", "fail")


def steps(view: View, wished: Wish = WISH, ghosts: bool = False) -> list[Step]:
    return list(forgetting.plan(view, wished, ghosts).steps)


def texts(view: View, wished: Wish = WISH, ghosts: bool = False) -> list[str]:
    return [step.text for step in steps(view, wished, ghosts)]


def keys(view: View, name: str, number: int = 7) -> View:
    return views.info(view, name, db0=f"keys={number},expires=0")


def test_replicas_go_before_their_masters_on_all_that_stay() -> None:
    forget = [step for step in steps(ONE_DRAINED) if step.kind == forgetting.FORGET]
    assert [step.subject for step in forget] == names(3, 1)
    ids = [node_id("shop-3-1"), node_id("shop-3-0")]
    assert {step.commands for step in forget} == {tuple(("CLUSTER", "FORGET", each) for each in ids)}
    assert {(step.text, step.reason) for step in forget} == {
        (f"{name} forgets shop-3-1, shop-3-0", forgetting.REASON_LEAVES) for name in names(3, 1)
    }


def test_those_that_left_start_anew_replicas_first() -> None:
    reset = steps(forgotten(ONE_DRAINED, *LEAVERS))
    assert [step.text for step in reset] == ["shop-3-1 starts anew", "shop-3-0 starts anew"]
    assert {step.commands for step in reset} == {(("CLUSTER", "RESET", "HARD"),)}


SILENT = views.everywhere(views.answers_not(healthy(3, 1), "shop-1-1"), node_id("shop-1-1"), flag="fail")

NOTHING = [
    ("one that stays is silent, and its id looks like a ghost", SILENT, True),
    ("nobody is to leave", healthy(3, 1), False),
    ("nobody knows those that are there", views.view(*healthy(3, 1).nodes, fresh(member("shop-3-0"))), True),
    ("their pods do not exist", views.view(*healthy(3, 1).nodes, views.silent(member("shop-3-0"))), True),
    ("a ghost that may stay", knowing(healthy(3, 1), "shop-0-1", GHOST), False),
    ("a stranger, and ghosts may stay", knowing(healthy(3, 1), "shop-0-1", stranger("x")), False),
]


@pytest.mark.parametrize(("view", "ghosts"), [row[1:] for row in NOTHING], ids=[row[0] for row in NOTHING])
def test_nothing_to_do(view: View, ghosts: bool) -> None:
    assert steps(view, WISH, ghosts) == []
    assert forgetting.preview(view, WISH, ghosts).steps == ()


def test_who_has_forgotten_already_is_not_asked_again() -> None:
    view = forgotten(ONE_DRAINED, *LEAVERS, by=("shop-0-0", "shop-0-1", "shop-1-0", "shop-1-1"))
    view = forgotten(view, "shop-3-1", by=("shop-2-0",))
    assert texts(view)[:2] == ["shop-2-0 forgets shop-3-0", "shop-2-1 forgets shop-3-1, shop-3-0"]


def test_a_replica_with_data_is_forgotten_and_keeps_it() -> None:
    view = healthy(3, 2)
    for shard in range(3):
        view = keys(keys(view, f"shop-{shard}-0"), f"shop-{shard}-2")
    assert texts(view)[0] == "shop-0-0 forgets shop-0-2, shop-1-2, shop-2-2"
    assert {step.kind for step in steps(view)} == {forgetting.FORGET}
    assert steps(forgotten(view, "shop-0-2", "shop-1-2", "shop-2-2")) == []


def test_ghosts_go_when_that_is_wished() -> None:
    view = knowing(knowing(healthy(3, 0), "shop-0-0", GHOST), "shop-2-0", GHOST)
    assert [(step.text, step.reason) for step in steps(view, wish(3, 0), ghosts=True)] == [
        (f"shop-{shard}-0 forgets {GHOST.id[:12]}", forgetting.REASON_GHOST) for shard in (0, 2)
    ]


def test_the_id_of_a_lost_pod_that_leaves_goes_as_a_ghost() -> None:
    lost = node_id("shop-1-2")
    view = views.everywhere(views.answers_not(healthy(3, 2), "shop-1-2"), lost, flag="fail")
    assert texts(view, WISH, ghosts=True)[0] == f"shop-0-0 forgets {lost[:12]}, shop-0-2, shop-2-2"


def open_slot(view: View, name: str, peer: str, direction: str) -> View:
    return views.entry(view, name, name, open_slots=(OpenSlot(7, direction, node_id(peer)),))


def without_slots(name: str) -> View:
    """Only its own table says so."""
    return views.entry(healthy(4, 1), name, name, slots=())


STALE = views.entry(drained(), "shop-1-1", "shop-3-0", slots=((5, 5),))
COPIED = node_id("shop-2-1")[:12]
COPY = views.change(ONE_DRAINED, "shop-3-1", table=node(ONE_DRAINED, "shop-2-1").table)
ORPHANED = views.without(keys(views.replicating(healthy(3, 2), "shop-1-2", "shop-2-2"), "shop-1-2"), "shop-2-2")
ORPHANED = views.everywhere(ORPHANED, node_id("shop-2-2"), flag="fail")

OBSTACLES = [
    (
        "it serves slots",
        healthy(4, 1),
        False,
        Refused,
        "shop-3-0 leave: it serves 4096 slots; move them to members that stay",
    ),
    (
        "another table gives it slots",
        STALE,
        False,
        Refused,
        "shop-3-0 leave: it serves 1 slots in the table of another member; wait, or bring back its data",
    ),
    (
        "all other tables do",
        without_slots("shop-3-0"),
        False,
        Refused,
        "shop-3-0 leave: it serves 4096 slots in the table of another member; wait, or bring back its data",
    ),
    (
        "it holds keys",
        keys(ONE_DRAINED, "shop-3-0"),
        False,
        Refused,
        "shop-3-0 leave: it holds 7 keys; move them to members that stay",
    ),
    (
        "nobody knows it and it holds keys",
        keys(forgotten(ONE_DRAINED, *LEAVERS), "shop-3-0"),
        False,
        Refused,
        "shop-3-0 leave: it holds 7 keys; move them to members that stay",
    ),
    (
        "its replica has not dropped what it has",
        keys(ONE_DRAINED, "shop-3-1"),
        False,
        Retryable,
        "shop-3-1 leave: it holds 7 keys of shop-3-0; wait until it has dropped them",
    ),
    (
        "its keys are those of nobody here",
        ORPHANED,
        False,
        Refused,
        "shop-1-2 leave: it holds 7 keys of a master that is not here; bring back its master",
    ),
    (
        "one that stays follows it",
        views.replicating(ONE_DRAINED, "shop-1-1", "shop-3-0"),
        False,
        Refused,
        "shop-3-0 leave: it is replicated by shop-1-1; attach that to a master that stays",
    ),
    (
        "it imports a slot",
        open_slot(ONE_DRAINED, "shop-3-0", "shop-0-0", "importing"),
        False,
        Refused,
        "shop-3-0 leave: it has slots in migration; finish the migration first",
    ),
    (
        "a slot is to move to it",
        open_slot(ONE_DRAINED, "shop-0-0", "shop-3-0", "migrating"),
        False,
        Refused,
        "shop-3-0 leave: it is the peer of slots in migration of shop-0-0; finish that first",
    ),
    (
        "its data is a copy of another's",
        COPY,
        False,
        Refused,
        f"shop-3-1 leave: it has the id {COPIED} of a member that stays; find out which one is a copy",
    ),
    (
        "it does not answer",
        views.answers_not(healthy(3, 2), "shop-1-2"),
        False,
        Retryable,
        "shop-1-2 leave: it does not answer (Connection refused); mend that, or let its id go as a ghost",
    ),
    (
        "a ghost is alive for one",
        knowing(knowing(healthy(3, 1), "shop-0-1", GHOST), "shop-1-1", stranger("x")),
        True,
        Retryable,
        f"{GHOST.id[:12]} leave: it is alive at 10.9.9.9:6379 for shop-1-1, and no member; find out whose node that is",
    ),
    (
        "a ghost with slots",
        knowing(healthy(3, 1), "shop-0-1", replace(GHOST, slots=((5, 9),))),
        True,
        Refused,
        f"{GHOST.id[:12]} leave: it serves 5 slots in the table of another member; wait, or bring back its data",
    ),
    (
        "a ghost that is still followed",
        views.entry(knowing(healthy(3, 1), "shop-0-1", GHOST), "shop-0-1", "shop-0-1", master_id=GHOST.id),
        True,
        Refused,
        f"{GHOST.id[:12]} leave: it is replicated by shop-0-1; attach that to a master that stays",
    ),
]


@pytest.mark.parametrize(
    ("view", "ghosts", "kind", "message"), [row[1:] for row in OBSTACLES], ids=[row[0] for row in OBSTACLES]
)
def test_whom_nobody_may_forget(view: View, ghosts: bool, kind: type[ClusterError], message: str) -> None:
    with pytest.raises(kind) as refused:
        steps(view, WISH, ghosts)
    assert str(refused.value) == f"Cannot let {message}."


def test_check_mode_tells_who_leaves_later() -> None:
    plan = forgetting.preview(healthy(4, 1), WISH, False)
    assert plan.changed
    assert [(step.text, step.reason) for step in plan.steps] == [
        ("shop-3-0 is forgotten by all others and reset", "then; now it serves 4096 slots"),
        ("shop-3-1 is forgotten by all others", forgetting.REASON_LEAVES),
    ]


def test_check_mode_tells_the_same_where_nothing_is_in_the_way() -> None:
    assert forgetting.preview(ONE_DRAINED, WISH, False) == forgetting.plan(ONE_DRAINED, WISH, False)
