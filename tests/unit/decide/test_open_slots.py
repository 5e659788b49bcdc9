# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done with slots that an interrupted move left open: every case, and nothing on a guess."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._decide import open_slots
from ansible_collections.k8sredis.core.plugins.module_utils._decide.open_slots import Counts, Decision
from ansible_collections.k8sredis.core.plugins.module_utils._model import SLOTS, OpenSlot, Refused, Retryable, View
from hypothesis import given, settings
from hypothesis import strategies as some

from tests.unit.decide import views
from tests.unit.decide.views import healthy
from tests.unit.stand_ins.cluster import node_id

A, B, C = "shop-0-0", "shop-1-0", "shop-2-0"
"""Masters; A serves slot 100."""

SLOT = 100
HEALTHY = healthy(3, 1)


def opened(view: View, name: str, direction: str, peer: str, *slots: int) -> View:
    """``peer``: a member's name, or an id."""
    peer_id = peer if len(peer) == 40 else node_id(peer)
    own = views.node(view, name).myself
    new = tuple(OpenSlot(slot, direction, peer_id) for slot in slots or (SLOT,))
    return views.entry(view, name, name, open_slots=(*own.open_slots, *new))


def migrating(view: View, name: str, peer: str, *slots: int) -> View:
    return opened(view, name, "migrating", peer, *slots)


def importing(view: View, name: str, peer: str, *slots: int) -> View:
    return opened(view, name, "importing", peer, *slots)


def promoted(view: View, replica: str, former: str) -> View:
    """The replica of a shard has taken over the master's slots, and the former master follows it."""
    slots = views.node(view, former).myself.slots
    view = views.everywhere(view, former, slots=(), role="slave", master_id=node_id(replica))
    return views.everywhere(view, replica, slots=slots, role="master", master_id="", epoch=77)


def unserved(view: View, name: str, slot: int = SLOT) -> View:
    """The master of the slot does not say that it serves it; all others still give it to that one."""
    ((first, last),) = views.node(view, name).myself.slots
    return views.entry(view, name, name, slots=((first, slot - 1), (slot + 1, last)))


def told(decision: Decision) -> list[str]:
    """All that is done, in words."""
    return [
        *(
            f"{step.subject}: {' '.join(command[2:])} ({step.reason})"
            for step in decision.close.steps
            for command in step.commands
        ),
        *(f"{each.owner} takes {each.slots}" for each in decision.takeovers),
        *(f"{each.source} -> {each.target}: {each.slots}" for each in decision.resumes),
        *decision.undecided,
        *(f"lost: {slot}" for slot in decision.lost),
    ]


MOVING = importing(migrating(HEALTHY, A, B), B, A)
GONE = node_id("shop-9-0")
FORGOTTEN_T = importing(migrating(HEALTHY, A, GONE), B, A)


@dataclass(frozen=True)
class Case:
    name: str
    view: View
    told: list[str]
    counts: Mapping[str, int] = field(default_factory=dict)
    """Keys of SLOT by member; all others have none."""


CASES = [
    Case("1 source migrates, target imports: the rest goes on", MOVING, [f"{A} -> {B}: (100,)"], {B: 3}),
    Case("1 the same before any key went", MOVING, [f"{A} -> {B}: (100,)"]),
    Case("1 the target does not import yet or any more", migrating(HEALTHY, A, B), [f"{A} -> {B}: (100,)"]),
    Case(
        "1 a third master imports and has nothing",
        importing(MOVING, C, A),
        [f"{C}: 100 STABLE ({open_slots.REASON_NO_KEYS})", f"{A} -> {B}: (100,)"],
        {B: 3},
    ),
    Case(
        "1 a third master imports and has keys",
        importing(MOVING, C, A),
        [f"slot 100: {A} serves it, {A} has 0 keys, {B} has 3 keys, {C} has 4 keys"],
        {B: 3, C: 4},
    ),
    Case(
        "1 the target has become a replica: its master goes on",
        promoted(MOVING, "shop-1-1", B),
        [f"{A} -> shop-1-1: (100,)"],
        {"shop-1-1": 3},
    ),
    Case(
        "1 the same, and the promoted one has nothing",
        importing(promoted(MOVING, "shop-1-1", B), "shop-1-1", A),
        [f"{A} -> shop-1-1: (100,)"],
    ),
    Case(
        "1 the target has become a replica, a third master has keys",
        promoted(MOVING, "shop-1-1", B),
        [f"slot 100: {A} serves it, {A} has 0 keys, shop-1-1 has 3 keys, {C} has 2 keys"],
        {"shop-1-1": 3, C: 2},
    ),
    Case("1 the target is gone, another has its keys", FORGOTTEN_T, [f"{A} -> {B}: (100,)"], {B: 5}),
    Case(
        "1 the target is gone, nobody has keys",
        FORGOTTEN_T,
        [f"{B}: 100 STABLE ({open_slots.REASON_NO_KEYS})", f"{A}: 100 STABLE ({open_slots.REASON_NOBODY_IMPORTS})"],
    ),
    Case(
        "1 the target is gone, two have keys",
        FORGOTTEN_T,
        [f"slot 100: {A} serves it, {A} has 0 keys, {B} has 5 keys, {C} has 1 keys"],
        {B: 5, C: 1},
    ),
    Case("2 one imports and has keys", importing(HEALTHY, B, A), [f"{A} -> {B}: (100,)"], {B: 1}),
    Case(
        "2 one imports and has none",
        importing(HEALTHY, B, A),
        [f"{B}: 100 STABLE ({open_slots.REASON_NO_KEYS})"],
    ),
    Case(
        "2 it imports from a third one, which serves nothing of it",
        importing(HEALTHY, B, C),
        [f"{A} -> {B}: (100,)"],
        {B: 1},
    ),
    Case(
        "3 two import, one has keys",
        importing(importing(HEALTHY, B, A), C, A),
        [f"{B}: 100 STABLE ({open_slots.REASON_NO_KEYS})", f"{A} -> {C}: (100,)"],
        {C: 9},
    ),
    Case(
        "3 two import, none has keys",
        importing(importing(HEALTHY, B, A), C, A),
        [f"{B}: 100 STABLE ({open_slots.REASON_NO_KEYS})", f"{C}: 100 STABLE ({open_slots.REASON_NO_KEYS})"],
    ),
    Case(
        "3 two import and have keys",
        importing(importing(HEALTHY, B, A), C, A),
        [f"slot 100: {A} serves it, {A} has 0 keys, {B} has 1 keys, {C} has 9 keys"],
        {B: 1, C: 9},
    ),
    Case(
        "4 nobody serves it, the tables' owner has become a replica",
        unserved(promoted(HEALTHY, "shop-0-1", A), "shop-0-1"),
        ["lost: 100"],
    ),
    Case(
        "5 nobody serves it, one has its keys",
        importing(unserved(HEALTHY, A), B, A),
        [f"{B} takes (100,)"],
        {B: 2},
    ),
    Case(
        "5 the keys decide, not the tables",
        unserved(HEALTHY, A),
        [f"{C} takes (100,)"],
        {C: 2},
    ),
    Case(
        "5 two have its keys",
        unserved(HEALTHY, A),
        [f"slot 100: nobody serves it, {A} has 1 keys, {B} has 2 keys, {C} has 0 keys"],
        {A: 1, B: 2},
    ),
    Case("6 nobody serves it, no key is anywhere", unserved(HEALTHY, A), ["lost: 100"]),
    Case(
        "7 migrating, and not the owner",
        migrating(HEALTHY, B, A),
        [f"{B}: 100 STABLE ({open_slots.REASON_NOT_SERVED})"],
    ),
    Case(
        "7 beside a move",
        migrating(importing(migrating(HEALTHY, A, B), B, A), C, B),
        [f"{C}: 100 STABLE ({open_slots.REASON_NOT_SERVED})", f"{A} -> {B}: (100,)"],
    ),
    Case(
        "7 migrating and importing with keys, and others have keys too: all stays as it is",
        migrating(importing(importing(HEALTHY, B, A), C, A), B, C),
        [f"slot 100: {A} serves it, {A} has 0 keys, {B} has 1 keys, {C} has 1 keys"],
        {B: 1, C: 1},
    ),
    Case(
        "7 it imports what it serves",
        importing(HEALTHY, A, B),
        [f"{A}: 100 STABLE ({open_slots.REASON_SERVED})"],
    ),
    Case(
        "7 the same in the middle of a move: the move ends first",
        importing(importing(migrating(HEALTHY, A, B), B, A), A, C),
        [f"{A} -> {B}: (100,)"],
    ),
    Case("nothing is open", HEALTHY, []),
]


def counted(view: View, keys: Mapping[str, int]) -> Counts:
    """What is asked for, of what there is."""
    asked = open_slots.to_be_counted(view)
    return {
        (name, slot): keys.get(name, 0) for name, kinds in asked.items() for slots in kinds.values() for slot in slots
    }


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_cases(case: Case) -> None:
    assert told(open_slots.decide(case.view, counted(case.view, case.counts))) == case.told


def test_the_tables_owner_has_become_a_replica_and_its_master_does_not_serve_the_slot() -> None:
    """Case 4: the close of a slot was forgotten by the replica that took over."""
    view = promoted(HEALTHY, "shop-0-1", A)
    for number in (1, 2):
        # Most tables still give the slot to the former master.
        view = views.entry(view, f"shop-{number}-0", A, slots=((SLOT, SLOT),))
    ((first, last),) = views.node(view, "shop-0-1").myself.slots
    view = views.everywhere(view, "shop-0-1", slots=((first, SLOT - 1), (SLOT + 1, last)))
    assert told(open_slots.decide(view, counted(view, {}))) == ["shop-0-1 takes (100,)"]
    assert told(open_slots.decide(view, counted(view, {C: 4}))) == [f"{C} takes (100,)"]
    both = counted(view, {C: 4, "shop-0-1": 1})
    assert open_slots.decide(view, both).undecided == (
        f"slot 100: nobody serves it, shop-0-1 has 1 keys, {B} has 0 keys, {C} has 4 keys",
    )


TO_BE_COUNTED = [
    ("a living target: the flags say it all", MOVING, {B: {"served": (100,)}}),
    ("no import yet", migrating(HEALTHY, A, B), {}),
    (
        "the target has become a replica",
        promoted(migrating(HEALTHY, A, B), "shop-1-1", B),
        {
            C: {"opened": (100,)},
            "shop-1-1": {"opened": (100,)},
        },
    ),
    ("the target is gone", FORGOTTEN_T, {B: {"served": (100,)}, C: {"opened": (100,)}}),
    ("only importing", importing(HEALTHY, B, A), {B: {"served": (100,)}}),
    ("nobody serves it", unserved(HEALTHY, A), {name: {"opened": (100,)} for name in (A, B, C)}),
]


@pytest.mark.parametrize(("view", "asked"), [row[1:] for row in TO_BE_COUNTED], ids=[row[0] for row in TO_BE_COUNTED])
def test_to_be_counted(view: View, asked: dict[str, dict[str, tuple[int, ...]]]) -> None:
    assert open_slots.to_be_counted(view) == asked


def test_slots_of_one_move_are_one_resume() -> None:
    view = importing(migrating(HEALTHY, A, B, 5, 6, 7), B, A, 5, 6, 7)
    view = importing(view, C, A, 8, 9)
    found = open_slots.decide(view, counted(view, {B: 1}))
    assert [(each.source, each.target, each.slots, each.reason) for each in found.resumes] == [
        (A, B, (5, 6, 7), open_slots.REASON_INTERRUPTED)
    ]
    (step,) = found.close.steps
    assert (step.kind, step.subject, step.text) == ("close", C, f"{C} closes the slots 8-9")
    assert step.commands == (("CLUSTER", "SETSLOT", "8", "STABLE"), ("CLUSTER", "SETSLOT", "9", "STABLE"))


def test_two_owners_are_waited_for() -> None:
    view = views.entry(MOVING, B, B, slots=((SLOT, SLOT), (5461, 10921)))
    with pytest.raises(Retryable) as waits:
        open_slots.decide(view, {})
    assert str(waits.value) == (
        f"Cannot tell whose slot 100 is: {A} (epoch 1) and {B} (epoch 3) both say that they serve it; wait until they "
        "agree, and run again."
    )


SILENT = [
    (
        "a master with slots",
        views.answers_not(MOVING, C),
        f"{C} does not answer, and {A} knows no other owner of its slots yet",
    ),
    (
        "the source",
        views.answers_not(MOVING, A),
        f"{A} does not answer, and shop-0-1 knows no other owner of its slots yet",
    ),
]


@pytest.mark.parametrize(("view", "words"), [row[1:] for row in SILENT], ids=[row[0] for row in SILENT])
def test_silent_masters_are_waited_for(view: View, words: str) -> None:
    with pytest.raises(Retryable) as waits:
        open_slots.decide(view, {})
    assert str(waits.value) == (
        f"Cannot finish the slots that are open: {words}; wait until it is back or its replica is elected, and run "
        "again."
    )


def new_target(keys: bool = True) -> View:
    """A moves its first slot to a master that serves nothing yet."""
    view = views.everywhere(healthy(4, 1), "shop-3-0", slots=())
    view = importing(migrating(view, A, "shop-3-0"), "shop-3-0", A)
    ((first, _last),) = views.node(view, C).myself.slots
    return views.everywhere(view, C, slots=((first, SLOTS - 1),))


def test_a_silent_target_that_serves_nothing_yet_is_waited_for() -> None:
    """No replica of it is elected while it serves nothing, so nobody else shows what was moved to it."""
    view = views.answers_not(new_target(), "shop-3-0")
    with pytest.raises(Retryable) as waits:
        open_slots.decide(view, counted(view, {}))
    assert str(waits.value) == (
        f"Cannot finish the slots that are open: {A} migrates slot 100 to a member that does not answer and may have "
        "keys of it (silent: shop-3-0); wait until it is back, and run again."
    )


def test_a_silent_target_whose_replica_was_promoted_is_not_waited_for() -> None:
    view = views.answers_not(promoted(MOVING, "shop-1-1", B), B)
    assert told(open_slots.decide(view, counted(view, {"shop-1-1": 3}))) == [f"{A} -> shop-1-1: (100,)"]


def test_a_target_that_is_gone_while_its_replica_has_its_keys_is_waited_for() -> None:
    """It lost its data and came back under another id; what was moved to it is on its replica alone."""
    view = views.without(new_target(), "shop-3-0")
    with pytest.raises(Retryable) as waits:
        open_slots.decide(view, counted(view, {}))
    assert str(waits.value) == (
        f"Cannot finish the slots that are open: {A} migrates slot 100 to a node that is no member any more, whose "
        "replica shop-3-1 may have keys of it; let that one take over by CLUSTER FAILOVER TAKEOVER, and run again."
    )


def test_a_silent_replica_is_not_waited_for() -> None:
    view = views.answers_not(MOVING, "shop-2-1")
    assert told(open_slots.decide(view, {})) == [f"{A} -> {B}: (100,)"]


def test_clean_and_in_question() -> None:
    assert open_slots.is_clean(HEALTHY)
    assert open_slots.in_question(HEALTHY) == ()
    for view in (MOVING, unserved(HEALTHY, A), importing(HEALTHY, C, A)):
        assert not open_slots.is_clean(view)
        assert open_slots.in_question(view) == (100,)


def test_what_only_a_person_can_decide_is_refused_in_words() -> None:
    view = importing(importing(HEALTHY, B, A), C, A)
    with pytest.raises(Refused) as refused:
        open_slots.refuse_undecided(open_slots.decide(view, counted(view, {B: 1, C: 9})))
    assert str(refused.value) == (
        f"Cannot tell where these slots belong: slot 100: {A} serves it, {A} has 0 keys, {B} has 1 keys, {C} has 9 "
        "keys; look at the keys, and say which side is right with the playbook redis_cluster_repair."
    )
    lost = unserved(HEALTHY, A)
    with pytest.raises(Refused) as refused:
        open_slots.refuse_undecided(open_slots.decide(lost, counted(lost, {})))
    assert str(refused.value) == (
        "Cannot bring back the slots 100: nobody serves them and no member has a key of them; bring back the members "
        "that had them, or give them out as empty with the playbook redis_cluster_repair."
    )
    open_slots.refuse_undecided(open_slots.decide(HEALTHY, {}))


@dataclass(frozen=True, repr=False)
class World:
    """A view, and the keys of SLOT that each master really has."""

    view: View
    keys: dict[str, int]

    def __repr__(self) -> str:
        """Short: hypothesis prints what fails."""
        return f"{self.keys} { ({node.name: node.myself.open_slots for node in self.view.nodes}) }"


NAMES = [node.name for node in HEALTHY.nodes]
PEERS = some.sampled_from([*NAMES, GONE])


def _other(name: str) -> some.SearchStrategy[str]:
    return PEERS.filter(lambda peer: peer != name)


@some.composite
def worlds(draw: some.DrawFn) -> World:
    """Any flags, any failover, any keys."""
    view = HEALTHY
    masters = [A, B, C]
    if draw(some.booleans()):
        number = draw(some.integers(0, 2))
        view = promoted(view, f"shop-{number}-1", masters[number])
        masters[number] = f"shop-{number}-1"
    if draw(some.integers(0, 3)) == 0:
        view = unserved(view, masters[0])
    for name in masters:
        if draw(some.booleans()):
            view = importing(view, name, draw(_other(name)))
        if draw(some.booleans()):
            view = migrating(view, name, draw(_other(name)))
    return World(view, {name: draw(some.just(0) | some.integers(0, 3)) for name in masters})


def test_a_replica_alone_has_it_open() -> None:
    """Valkey, where a replica did SETSLOT and its master was not waited for."""
    replica = views.node(HEALTHY, "shop-0-1")
    myself = replace(replica.myself, open_slots=(OpenSlot(SLOT, "migrating", node_id(B)),))
    table = tuple(myself if "myself" in entry.flags else entry for entry in replica.table)
    found = open_slots.decide(views.change(HEALTHY, "shop-0-1", table=table), {})
    assert [(step.subject, step.reason) for step in found.close.steps] == [(A, open_slots.REASON_REPLICA)]
    assert found.close.steps[0].commands == (("CLUSTER", "SETSLOT", str(SLOT), "STABLE"),)


@settings(max_examples=100)
@given(worlds())
def test_nobody_closes_a_slot_whose_keys_it_has_unless_it_serves_it(world: World) -> None:
    """Keys behind a closed slot that its node does not serve are seen by nobody, and never again."""
    counts = counted(world.view, world.keys)
    found = open_slots.decide(world.view, counts)
    for step in found.close.steps:
        node = views.node(world.view, step.subject)
        serves = any(first <= SLOT <= last for first, last in node.myself.slots)
        assert serves or not counts.get((step.subject, SLOT)), step.text


@settings(max_examples=100)
@given(worlds())
def test_the_owner_ends_a_migration_only_when_no_other_master_has_keys(world: World) -> None:
    found = open_slots.decide(world.view, counted(world.view, world.keys))
    for step in found.close.steps:
        if step.reason == open_slots.REASON_NOBODY_IMPORTS:
            assert not [name for name, number in world.keys.items() if number and name != step.subject]


@settings(max_examples=100)
@given(worlds())
def test_every_slot_in_question_has_one_verdict_and_every_key_a_way_home(world: World) -> None:
    """One place for the slot in the end, or a sentence for a person; no count is invented."""
    found = open_slots.decide(world.view, counted(world.view, world.keys))
    ways = [*found.resumes, *found.takeovers, *found.undecided, *found.lost]
    assert len(ways) <= 1
    if open_slots.in_question(world.view):
        assert ways or found.close.changed
    if found.undecided or found.lost:
        assert not any(step.subject == name for step in found.close.steps for name in world.keys if world.keys[name])
    for each in found.resumes:
        assert each.source != each.target
    if found.lost:
        assert not any(world.keys.values())
