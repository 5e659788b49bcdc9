# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who must meet whom: what is allowed, what is refused, and that carrying a plan out leaves nothing to do."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._decide import membership
from ansible_collections.k8sredis.core.plugins.module_utils._model import (
    ClusterError,
    Entry,
    Node,
    Refused,
    Retryable,
    View,
)
from hypothesis import given
from hypothesis import strategies as some

from tests.unit.decide import views
from tests.unit.decide.views import fresh, fresh_view, healthy, member, met, names, node, stranger
from tests.unit.stand_ins.cluster import Servers, node_id

SIX = names(3, 1)


def steps(found: View) -> list[tuple[str, str, str]]:
    return [(step.kind, step.subject, step.reason) for step in membership.plan(found).steps]


def words(found: View, kind: str) -> dict[str, list[str]]:
    """The commands of the steps of one kind, by subject."""
    return {
        step.subject: [" ".join(command) for command in step.commands]
        for step in membership.plan(found).steps
        if step.kind == kind
    }


def meet(name: str) -> str:
    return f"CLUSTER MEET {member(name).host} 6379 16379"


def refusal(found: View) -> str:
    with pytest.raises(Refused) as refused:
        membership.plan(found)
    return str(refused.value)


def keys(found: View, name: str, number: int = 7) -> View:
    return views.info(found, name, db0=f"keys={number},expires=0")


@pytest.mark.parametrize("found", [fresh_view(3, 0), healthy(3, 0)], ids=["fresh", "healthy"])
def test_a_node_that_is_there_under_two_names(found: View) -> None:
    first = found.nodes[0]
    again = replace(first, member=replace(first.member, name="shop-9-9", host="10.0.9.9"))
    assert refusal(views.view(*found.nodes, again)) == (
        f"Cannot join shop-0-0 and shop-9-9: both say that they are node {first.id[:12]}; name each server once, or, "
        "if data was copied, empty one of the two."
    )


def together(*parts: View) -> View:
    return views.view(*(one for part in parts for one in part.nodes))


def group(*members: str) -> View:
    """They know each other, and nothing more."""
    return met([member(name) for name in members])


def ghost(found: View, *flags: str) -> View:
    """Every member but the last, who is fresh, knows the id that this one had before it lost its disk."""
    *others, last = found.nodes
    lost = stranger("before", *flags, host=last.member.host)
    return together(View(tuple(_with(one, last.id, lost) for one in others)), views.view(fresh(last.member)))


def _with(one: Node, gone: str, lost: Entry) -> Node:
    return replace(one, table=(*(entry for entry in one.table if entry.id != gone), lost))


def test_fresh_members_get_epochs_and_then_all_pairs_meet() -> None:
    found = fresh_view(3, 0)
    assert steps(found) == [
        *[("epoch", name, membership.REASON_FRESH) for name in names(3, 0)],
        ("meet", "shop-0-0", membership.REASON_UNKNOWN),
        ("meet", "shop-1-0", membership.REASON_UNKNOWN),
    ]
    assert words(found, "epoch") == {
        name: [f"CLUSTER SET-CONFIG-EPOCH {number}"] for number, name in enumerate(names(3, 0), start=1)
    }
    assert words(found, "meet") == {
        "shop-0-0": [meet("shop-1-0"), meet("shop-2-0")],
        "shop-1-0": [meet("shop-2-0")],
    }


def test_steps_in_words() -> None:
    assert [step.text for step in membership.plan(fresh_view(2, 0)).steps] == [
        "shop-0-0 gets config epoch 1",
        "shop-1-0 gets config epoch 2",
        "shop-0-0 meets shop-1-0",
    ]


def test_members_that_know_each_other_have_nothing_to_do() -> None:
    assert steps(healthy(3, 1)) == []


def test_one_member_has_nobody_to_meet() -> None:
    assert steps(group("shop-0-0")) == []


def test_a_newcomer_gets_an_epoch_above_every_one_seen() -> None:
    found = together(views.everywhere(group("shop-0-0", "shop-1-0"), "shop-0-0", epoch=40), fresh_view(3, 0))
    found = views.view(*{one.name: one for one in reversed(found.nodes)}.values())
    assert words(found, "epoch") == {"shop-2-0": ["CLUSTER SET-CONFIG-EPOCH 41"]}
    assert words(found, "meet") == {"shop-0-0": [meet("shop-2-0")], "shop-1-0": [meet("shop-2-0")]}


def test_a_newcomer_of_which_a_handshake_is_under_way_gets_no_epoch() -> None:
    # The servers count a handshake as knowing somebody, and refuse SET-CONFIG-EPOCH then.
    found = views.knowing(fresh_view(2, 0), "shop-1-0", stranger("x", "handshake"))
    assert list(words(found, "epoch")) == ["shop-0-0"]
    assert words(found, "meet") == {"shop-0-0": [meet("shop-1-0")]}


def test_an_epoch_that_was_set_is_kept() -> None:
    found = views.entry(fresh_view(2, 0), "shop-0-0", "shop-0-0", epoch=1)
    assert words(found, "epoch") == {"shop-1-0": ["CLUSTER SET-CONFIG-EPOCH 2"]}


def test_a_moved_member_meets_those_who_know_its_former_address() -> None:
    found = views.place(healthy(3, 0), "shop-2-0", host="10.7.7.7")
    assert steps(found) == [
        ("meet", "shop-0-0", membership.REASON_MOVED),
        ("meet", "shop-1-0", membership.REASON_MOVED),
    ]
    assert words(found, "meet")["shop-0-0"] == ["CLUSTER MEET 10.7.7.7 6379 16379"]


def test_after_an_outage_with_new_addresses_everybody_meets_and_keeps_its_epoch() -> None:
    found = healthy(3, 1)
    for number, name in enumerate(SIX):
        found = views.place(found, name, host=f"10.7.7.{number}")
    assert [step[::2] for step in steps(found)] == [("meet", membership.REASON_MOVED)] * 5
    assert sum(map(len, words(found, "meet").values())) == 15


def forgotten(found: View, holder: str, gone: str) -> View:
    there = views.node(found, gone).id
    return views.change(found, holder, table=tuple(one for one in node(found, holder).table if one.id != there))


@pytest.mark.parametrize(("holder", "gone"), [("shop-0-0", "shop-1-0"), ("shop-1-0", "shop-0-0")])
def test_known_by_one_side_only_counts_as_not_met(holder: str, gone: str) -> None:
    found = forgotten(healthy(2, 1), holder, gone)
    assert words(found, "meet") == {"shop-0-0": [meet("shop-1-0")]}
    assert steps(found) == [("meet", "shop-0-0", membership.REASON_UNKNOWN)]


@pytest.mark.parametrize(("moved", "stayed"), [("shop-0-0", "shop-1-0"), ("shop-1-0", "shop-0-0")])
def test_known_at_a_former_address_by_one_side_counts_as_moved(moved: str, stayed: str) -> None:
    found = forgotten(views.place(healthy(2, 1), moved, host="10.7.7.7"), moved, stayed)
    assert ("meet", "shop-0-0", membership.REASON_MOVED) in steps(found)


def test_in_handshake_counts_as_not_met() -> None:
    assert words(views.entry(healthy(2, 0), "shop-1-0", "shop-0-0", flag="handshake"), "meet") == {
        "shop-0-0": [meet("shop-1-0")]
    }


def test_the_bus_port_is_the_one_the_node_announces() -> None:
    found = views.entry(fresh_view(2, 0), "shop-1-0", "shop-1-0", bus_port=7777)
    assert words(found, "meet") == {"shop-0-0": ["CLUSTER MEET 10.0.1.1 6379 7777"]}


def test_the_bus_port_of_a_node_that_announces_none() -> None:
    found = views.entry(fresh_view(2, 0), "shop-1-0", "shop-1-0", bus_port=0)
    assert words(found, "meet") == {"shop-0-0": [meet("shop-1-0")]}


def test_a_member_without_a_process_joins_when_it_runs() -> None:
    found = views.answers_not(fresh_view(2, 0), "shop-1-0", waiting="its pod does not exist")
    (_epoch, join) = sorted(membership.plan(found).steps, key=lambda step: step.kind)
    assert (join.kind, join.subject, join.reason, join.commands) == ("join", "shop-1-0", membership.REASON_ABSENT, ())
    assert join.text == "shop-1-0 joins when it runs"


def test_a_push_is_a_meeting_with_all_others() -> None:
    found = views.answers_not(healthy(3, 0), "shop-2-0")
    assert membership.push(found, {"shop-0-0", "shop-2-0"}) == {"shop-0-0": (tuple(meet("shop-1-0").split()),)}


def lost(found: View, *gone: str) -> View:
    """These members failed and are not in the view any more."""
    for name in gone:
        for holder in found.nodes:
            found = views.entry(found, holder.name, name, flag="fail")
    return views.without(found, *gone)


def ghosts(found: View, number: int) -> View:
    """Every member knows ids that nobody has any more."""
    gone = [stranger(f"before-{index}", "fail") for index in range(number)]
    for holder in found.nodes:
        found = views.knowing(found, holder.name, *gone)
    return found


TWO_HALVES = together(lost(group(*SIX[:3]), SIX[2]), lost(group(*SIX[3:]), SIX[5]))

ALLOWED = [
    ("fresh members", fresh_view(3, 1)),
    ("halves of an interrupted creation", together(group(*SIX[:3]), group(*SIX[3:]))),
    ("a cluster and fresh members", together(healthy(2, 0), View(fresh_view(3, 0).nodes[2:]))),
    ("a cluster and half-met members", together(healthy(2, 0), group("shop-8-0", "shop-9-0"))),
    ("a cluster without slots that holds keys", keys(group(*SIX), SIX[0])),
    ("a single node that serves all, and newcomers", together(healthy(1, 0), View(fresh_view(3, 0).nodes[1:]))),
    ("a pod that came back without its disk, its old id failing", ghost(healthy(3, 1), "fail")),
    ("the same, before all agree", ghost(healthy(3, 1), "fail?")),
    ("the same, its old address taken by itself", ghost(healthy(3, 1), "noaddr")),
    ("all but one of an interrupted creation came back without their disks", ghost(group(*SIX[:2]), "fail")),
    ("two halves of an interrupted creation, each with a lost node", TWO_HALVES),
    ("two of six members are lost", lost(healthy(3, 1), *SIX[4:])),
    ("all replicas came back without their disks", ghosts(healthy(3, 1), 3)),
    ("a member came back without its disk a dozen times", ghosts(healthy(3, 1), 12)),
    ("a handshake with a stranger", views.knowing(fresh_view(2, 0), "shop-0-0", stranger("x", "handshake"))),
    ("a silent member, the stranger may be it", views.answers_not(healthy(3, 0), "shop-1-0")),
    (
        "half is silent, what the others know may be that half",
        views.answers_not(lost(healthy(3, 1), SIX[5]), *SIX[2:5]),
    ),
    ("a lone pod with keys and nobody to join", keys(group("shop-0-0"), "shop-0-0")),
]


@pytest.mark.parametrize("found", [row[1] for row in ALLOWED], ids=[row[0] for row in ALLOWED])
def test_allowed(found: View) -> None:
    membership.plan(found)


def test_a_node_that_serves_all_keeps_its_epoch_when_others_join_it() -> None:
    found = together(views.entry(healthy(1, 0), "shop-0-0", "shop-0-0", epoch=0), View(fresh_view(2, 0).nodes[1:]))
    assert list(words(found, "epoch")) == ["shop-1-0"]


TWO_CLUSTERS = (
    "Cannot join the members into one cluster: {} and {} are two clusters that do not know each other; keep one of "
    "them, a merge would lose data."
)
STRANGER = (
    f"Cannot join shop-0-0: it knows {node_id('x')[:12]} at 10.9.9.9:6379, a living node that is not a member of this "
    "instance; separate the two clusters first, or name every member."
)
REMAINS = (
    "Cannot join {}: of the {} nodes that they know, {} are not members here; bring back the claims of those nodes, or "
    "remove the data of these if it is not wanted."
)
LONE = (
    "Cannot join shop-0-0: it knows no other node, holds {} keys and serves {} slots, so its data is not this "
    "instance's; move that data away and empty it, or leave it out."
)


BOTH_HOLD = together(healthy(2, 0), keys(group("shop-8-0", "shop-9-0"), "shop-9-0"))


def roleless(version: dict[str, str]) -> View:
    """A replica that knows its master by id alone, as the table says it after a line of its nodes.conf was lost."""
    found = views.entry(healthy(3, 1), "shop-0-1", "shop-0-0", role="", host="", port=0, slots=())
    return views.info(found, "shop-0-1", **version)


def test_a_member_that_the_first_message_of_another_would_end_is_refused() -> None:
    assert refusal(roleless({"valkey_version": "9.1.2"})) == (
        "Cannot join shop-0-1: its table has shop-0-0 as neither master nor replica, and Valkey 9.1.2 crashes on the "
        "first message from such a node; give shop-0-1 an empty data folder, it then joins as a new member."
    )


@pytest.mark.parametrize("version", [{"redis_version": "8.6.3"}, {"valkey_version": "8.1.1"}])
def test_other_servers_take_the_role_from_that_message(version: dict[str, str]) -> None:
    assert words(roleless(version), "meet") == {"shop-0-0": [meet("shop-0-1")]}


REFUSED = [
    (
        "two clusters that serve slots",
        together(healthy(2, 0), views.everywhere(group("x-0-0", "x-1-0"), "x-0-0", slots=((0, 99),))),
        TWO_CLUSTERS.format("shop-0-0, shop-1-0 (16384 slots, 0 keys)", "x-0-0, x-1-0 (100 slots, 0 keys)"),
    ),
    (
        "two clusters of which one only holds keys",
        BOTH_HOLD,
        TWO_CLUSTERS.format("shop-0-0, shop-1-0 (16384 slots, 0 keys)", "shop-8-0, shop-9-0 (0 slots, 7 keys)"),
    ),
    (
        "three clusters, of which two are named",
        together(BOTH_HOLD, keys(group("y-0-0", "y-1-0"), "y-0-0")),
        TWO_CLUSTERS.format("shop-0-0, shop-1-0 (16384 slots, 0 keys)", "shop-8-0, shop-9-0 (0 slots, 7 keys)"),
    ),
    (
        "two clusters, with a silent member",
        together(BOTH_HOLD, View((views.silent(member("shop-7-0")),))),
        TWO_CLUSTERS.format("shop-0-0, shop-1-0 (16384 slots, 0 keys)", "shop-8-0, shop-9-0 (0 slots, 7 keys)"),
    ),
    ("a living stranger", views.knowing(healthy(2, 0), "shop-0-0", stranger("x")), STRANGER),
    ("a living stranger of empty members", views.knowing(group(*SIX), "shop-0-0", stranger("x")), STRANGER),
    (
        "half of a cluster is lost",
        lost(healthy(3, 1), *SIX[3:]),
        REMAINS.format("shop-0-0, shop-0-1, shop-1-0", 6, 3),
    ),
    (
        "a pod with the disk of a dead cluster among fresh ones",
        together(lost(healthy(3, 0), "shop-1-0", "shop-2-0"), View((fresh(member("x-0-0")), fresh(member("x-1-0"))))),
        REMAINS.format("shop-0-0", 3, 2),
    ),
    (
        "a lone pod with keys among fresh ones",
        keys(fresh_view(2, 0), "shop-0-0"),
        LONE.format(7, 0),
    ),
    (
        "a lone pod with some slots among fresh ones",
        views.entry(fresh_view(2, 0), "shop-0-0", "shop-0-0", slots=((5, 6),)),
        LONE.format(0, 2),
    ),
]


@pytest.mark.parametrize(("found", "message"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_refused(found: View, message: str) -> None:
    assert refusal(found) == message


def test_a_stranger_may_be_the_former_id_of_a_fresh_member() -> None:
    # The others do not hold it for failing before their node timeout is over.
    with pytest.raises(Retryable) as undecided:
        membership.plan(ghost(healthy(3, 0)))
    assert str(undecided.value) == STRANGER.replace(node_id("x")[:12], node_id("before")[:12]).replace(
        "10.9.9.9", "10.0.2.1"
    )


# Any state of any clusters among the members.


@some.composite
def clusters(draw: some.DrawFn) -> View:
    """Members of up to four clusters; each cluster may hold slots, keys, or know nodes that are lost."""
    everybody = names(draw(some.integers(1, 4)), draw(some.integers(0, 1)))
    cluster = draw(some.lists(some.integers(0, 3), min_size=len(everybody), max_size=len(everybody)))
    parts = []
    for number in sorted(set(cluster)):
        own = [name for name, its in zip(everybody, cluster, strict=True) if its == number]
        part = group(*own, *([f"lost-{number}-0"] if draw(some.booleans()) else []))
        part = (
            views.everywhere(part, own[0], slots=((number * 10, number * 10 + 5),)) if draw(some.booleans()) else part
        )
        part = keys(part, own[-1]) if draw(some.booleans()) else part
        parts.append(lost(part, f"lost-{number}-0") if part.node(f"lost-{number}-0") else part)
    return together(*parts)


def holders_reached(found: View, name: str) -> set[str]:
    """Members with slots or keys that ``name`` knows, or knows through others."""
    reached, edge = {name}, [name]
    while edge:
        one = node(found, edge.pop())
        nearby = {found.by_id[entry.id].name for entry in one.table if entry.id in found.by_id}
        nearby |= {other.name for other in found.nodes if one.id in other.entries}
        edge += nearby - reached
        reached |= nearby
    return {one.name for one in found.nodes if one.name in reached and (one.keys or one.myself.slots)}


@given(clusters())
def test_a_plan_never_joins_two_groups_that_hold_data(found: View) -> None:
    try:
        plan = membership.plan(found)
    except ClusterError:
        return
    at = {one.member.host: one.name for one in found.nodes}
    for step in plan.steps:
        for command in step.commands:
            if command[:2] == ("CLUSTER", "MEET"):
                one, other = holders_reached(found, step.subject), holders_reached(found, at[command[2]])
                assert not one or not other or one == other


@given(clusters())
def test_empty_members_without_lost_nodes_are_always_joined(found: View) -> None:
    if any(one.keys or entry.slots or entry.is_failing for one in found.nodes for entry in one.table):
        return
    met_by = {command[2] for step in membership.plan(found).steps for command in step.commands if len(command) == 5}
    apart = {one.name for one in found.nodes if len(one.table) < len(found.nodes)}
    assert bool(met_by) == bool(apart)


@some.composite
def servers(draw: some.DrawFn) -> Servers:
    """Servers of which some know each other already, and some came back elsewhere or without their disk."""
    found = Servers([member(name) for name in names(draw(some.integers(1, 3)), 1)])
    everybody = list(found.by_name)
    for one, other in draw(some.lists(some.tuples(some.sampled_from(everybody), some.sampled_from(everybody)))):
        found[one].meeting.append((found[other].member.host, 6379))
    found.settle()
    for number, name in enumerate(everybody):
        if draw(some.booleans()):
            found.restart(name, f"10.7.7.{number}", keeps_data=draw(some.booleans()))
    for _turn in range(draw(some.integers(0, 4))):
        found.tick()
    return found


@given(servers())
def test_what_is_planned_leaves_nothing_to_plan(found: Servers) -> None:
    for _turn in range(3):  # While old ids are not yet failing there is nothing to decide.
        try:
            plan = membership.plan(views.seen(found))
        except Retryable:
            found.settle()
    for step in plan.steps:
        for command in step.commands:
            assert found[step.subject].reply(command) == "OK"
    found.settle()
    after = views.seen(found)
    assert membership.plan(after).steps == ()
    assert all({one.id for one in after.nodes} <= set(other.entries) for other in after.nodes)
