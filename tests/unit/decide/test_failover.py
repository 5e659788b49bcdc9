# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which masters are handed over, and to whom."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._decide import departure, failover
from ansible_collections.k8sredis.core.plugins.module_utils._decide.failover import SPREAD, STAYING, Ask, Known
from ansible_collections.k8sredis.core.plugins.module_utils._model import ClusterError, Member, Refused, View
from hypothesis import given
from hypothesis import strategies as some

from tests.unit.decide import views
from tests.unit.decide.views import healthy, names, wish


def placed(places: dict[str, str], shards: int = 3, replicas: int = 1) -> View:
    """Kube_node by name; the zone is its first letter."""

    def place(one: Member) -> Member:
        kube_node = places.get(one.name, "")
        return replace(one, kube_node=kube_node, zone=kube_node[:1])

    return healthy(shards, replicas, place)


def steps(found: View, ask: Ask, shards: int = 3, replicas: int = 1, known: Known | None = None) -> list[str]:
    plan = failover.plan(found, wish(shards, replicas), ask, known).steps
    for step in plan:
        assert (step.kind, step.commands) == ("failover", (("CLUSTER", "FAILOVER"),))
        assert step.text.startswith(f"{step.subject} takes over from ")
    return [f"{step.text}: {step.reason}" for step in plan]


def to(*wanted: str) -> Ask:
    return Ask(to=wanted)


def away(*wanted: str) -> Ask:
    return Ask(away_from=wanted)


NAMED, AWAY = failover.REASON_NAMED, failover.REASON_AWAY
LEAVES, SPREADS = failover.REASON_LEAVES, failover.REASON_SPREAD


def test_a_named_replica_takes_over() -> None:
    assert steps(healthy(3, 1), to("shop-1-1")) == [f"shop-1-1 takes over from shop-1-0: {NAMED}"]


def test_several_in_the_order_of_the_shards() -> None:
    assert [text.split()[0] for text in steps(healthy(3, 1), to("shop-2-1", "shop-0-1"))] == ["shop-0-1", "shop-2-1"]


def test_nothing_to_do_for_a_master() -> None:
    assert steps(healthy(3, 1), to("shop-0-0", "shop-2-0")) == []
    assert steps(healthy(3, 1), away("shop-0-1")) == []


def test_away_from_a_master() -> None:
    assert steps(healthy(3, 1), away("shop-1-0")) == [f"shop-1-1 takes over from shop-1-0: {AWAY}"]


def test_both_at_once() -> None:
    both = Ask(to=("shop-1-2",), away_from=("shop-1-0", "shop-2-0", "shop-2-1"))
    assert steps(healthy(3, 2), both, replicas=2) == [
        f"shop-1-2 takes over from shop-1-0: {NAMED}",
        f"shop-2-2 takes over from shop-2-0: {AWAY}",
    ]


BEST = [
    ("any, the first", {}, Known(), "shop-0-1"),
    ("not beside the master", {"shop-0-0": "a1", "shop-0-1": "a1", "shop-0-2": "a2"}, Known(), "shop-0-2"),
    ("in another zone", {"shop-0-0": "a1", "shop-0-1": "a2", "shop-0-2": "b1"}, Known(), "shop-0-2"),
    (
        "where no master is",
        {"shop-0-0": "a1", "shop-0-1": "b1", "shop-0-2": "c1", "shop-1-0": "b2", "shop-2-0": "b3"},
        Known(),
        "shop-0-2",
    ),
    (
        "on a kube_node without a master",
        {"shop-0-0": "a1", "shop-0-1": "b1", "shop-0-2": "b2", "shop-1-0": "b1", "shop-2-0": "c1"},
        Known(),
        "shop-0-2",
    ),
    ("that need not wait", {}, Known(waits={"shop-0-1": 3.0}), "shop-0-2"),
    ("that has not failed", {}, Known(failed={"shop-0-1": "it was not elected"}), "shop-0-2"),
]


@pytest.mark.parametrize(("places", "known", "best"), [row[1:] for row in BEST], ids=[row[0] for row in BEST])
def test_the_best_replica(places: dict[str, str], known: Known, best: str) -> None:
    (text,) = steps(placed(places, replicas=2), away("shop-0-0"), replicas=2, known=known)
    assert text == f"{best} takes over from shop-0-0: {AWAY}"


def test_a_replica_that_is_complete_is_better_than_one_that_need_not_wait() -> None:
    found = views.info(healthy(3, 2), "shop-0-1", master_sync_in_progress="1")
    (text,) = steps(found, away("shop-0-0"), replicas=2, known=Known(waits={"shop-0-2": 9.0}))
    assert text.startswith("shop-0-2 ")


def test_a_master_that_leaves_hands_over_to_a_member_that_stays() -> None:
    found = healthy(3, 2)
    for name in ("shop-0-2", "shop-1-2"):
        found = failed_over(found, name)
    assert [node.name for node in departure.leaving(found, wish(3, 1))] == ["shop-0-2", "shop-1-2", "shop-2-2"]
    assert steps(found, Ask(STAYING)) == [
        f"shop-0-0 takes over from shop-0-2: {LEAVES}",
        f"shop-1-0 takes over from shop-1-2: {LEAVES}",
    ]


def failed_over(found: View, name: str) -> View:
    """As after a failover to this one."""
    former = f"{name[:-1]}0"
    slots = views.node(found, former).myself.slots
    found = views.everywhere(found, former, slots=())
    found = views.everywhere(found, name, role="master", master_id="", slots=slots, epoch=99)
    found = views.info(found, name, role="master", master_repl_offset="100")
    followers = [one for one in names(3, 2) if one.startswith(name[:-1]) and one != name and found.node(one)]
    for one in followers:
        found = views.replicating(found, one, name)
    return found


def test_a_shard_that_leaves_as_a_whole_keeps_its_master() -> None:
    assert steps(healthy(4, 1), Ask(STAYING)) == []


def test_nobody_leaves_when_all_are_wished() -> None:
    assert steps(healthy(3, 1), Ask(STAYING)) == []


def test_endpoints_never_leave() -> None:
    found = views.met([views.endpoint(f"10.0.0.{number}") for number in range(1, 5)])
    assert departure.leaving(found, wish(1, 0)) == ()


CROWDED = {"shop-0-0": "a1", "shop-1-0": "a1", "shop-2-0": "c1", "shop-0-1": "b1", "shop-1-1": "c1", "shop-2-1": "b1"}


def test_masters_are_spread_by_as_few_failovers_as_possible() -> None:
    assert steps(placed(CROWDED), Ask(SPREAD)) == [f"shop-0-1 takes over from shop-0-0: {SPREADS}"]


def test_who_cannot_take_over_is_left_out_of_the_spread() -> None:
    assert steps(views.everywhere(placed(CROWDED), "shop-0-1", flag="nofailover"), Ask(SPREAD)) == [
        f"shop-1-1 takes over from shop-1-0: {SPREADS}",
        f"shop-2-1 takes over from shop-2-0: {SPREADS}",
    ]


def test_what_leaves_neither_counts_nor_takes_over_in_a_spread() -> None:
    places = {**CROWDED, "shop-3-0": "b1", "shop-3-1": "c1"}
    assert steps(placed(places, shards=4), Ask(SPREAD)) == [f"shop-0-1 takes over from shop-0-0: {SPREADS}"]
    assert steps(placed(CROWDED), Ask(SPREAD), replicas=0) == []


def test_nothing_to_spread_before_there_is_a_cluster() -> None:
    assert steps(views.fresh_view(3, 1), Ask(SPREAD)) == []


def test_a_replica_of_a_replica_is_attached_first() -> None:
    found = views.replicating(healthy(3, 2), "shop-0-2", "shop-0-1")
    first, second = failover.plan(found, wish(3, 2), to("shop-1-1")).steps
    assert (first.kind, first.text, first.reason) == (
        "replicate",
        "shop-0-2 replicates shop-0-0",
        "replicates a replica",
    )
    assert second.subject == "shop-1-1"


LOGS = "is still the master, see the logs of both servers and run again."
REFUSED = [
    (
        "a name that nobody has",
        healthy(1, 1),
        to("shop-9-0"),
        Known(),
        "Cannot hand over to or from shop-9-0: no member has that name; there are shop-0-0, shop-0-1.",
    ),
    (
        "two of one shard",
        healthy(3, 2),
        to("shop-0-1", "shop-0-2"),
        Known(),
        "Cannot make shop-0-1 and shop-0-2 both masters: they are of the same shard; name one.",
    ),
    (
        "to and away from the same",
        healthy(3, 1),
        Ask(to=("shop-0-1",), away_from=("shop-0-1",)),
        Known(),
        "Cannot make shop-0-1 master and no master at once; leave it out of one of the two.",
    ),
    (
        "one that is older than its master",
        views.info(healthy(3, 1), "shop-0-1", redis_version="7.0.15"),
        to("shop-0-1"),
        Known(),
        (
            "Cannot hand shop-0-0 over to shop-0-1: it runs redis 7.0.15, older than redis 8.0.2 of shop-0-0; choose "
            "another member, or mend that first."
        ),
    ),
    (
        "one that was not elected",
        healthy(3, 1),
        to("shop-0-1"),
        Known(failed={"shop-0-1": "it was not elected within 6 s"}),
        f"Cannot hand shop-0-0 over to shop-0-1: it was not elected within 6 s; shop-0-0 {LOGS}",
    ),
    (
        "no other one was elected",
        healthy(3, 1),
        away("shop-0-0"),
        Known(failed={"shop-0-1": "it was not elected within 6 s"}),
        f"Cannot hand shop-0-0 over to another member: shop-0-1: it was not elected within 6 s; shop-0-0 {LOGS}",
    ),
    (
        "there is no other one",
        healthy(3, 0),
        away("shop-0-0"),
        Known(),
        "Cannot hand shop-0-0 over to another member: it has no replica that stays; mend that and run again.",
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("found", "ask", "known", "message"), [row[1:] for row in REFUSED], ids=[r[0] for r in REFUSED]
)
def test_refused(found: View, ask: Ask, known: Known, message: str) -> None:
    with pytest.raises(Refused) as refused:
        steps(found, ask, replicas=2, known=known)
    assert str(refused.value) == message


LATER = [
    (
        views.answers_not(healthy(3, 1), "shop-0-1"),
        "Cannot make shop-0-1 the master of its shard: Connection refused; mend that and run again.",
    ),
    (
        views.met([views.member(name) for name in names(3, 1)]),
        (
            "Cannot make shop-0-1 the master of its shard: it is a master without slots; look at 'cluster_info', and "
            "run again when it follows a master that serves slots."
        ),
    ),
    (
        views.replicating(healthy(3, 2), "shop-0-1", "shop-0-2"),
        (
            "Cannot make shop-0-1 the master of its shard: it replicates shop-0-2, which serves no slots; look at "
            "'cluster_info', and run again when it follows a master that serves slots."
        ),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("found", "message"), LATER, ids=["silent", "master without slots", "chained"])
def test_not_yet(found: View, message: str) -> None:
    with pytest.raises(ClusterError) as error:
        steps(found, to("shop-0-1"))
    assert not isinstance(error.value, Refused)
    assert str(error.value) == message


members = some.sampled_from(names(3, 2))


@given(some.lists(members, max_size=3, unique=True), some.lists(members, max_size=3, unique=True))
def test_afterwards_all_is_as_asked(wanted: list[str], unwanted: list[str]) -> None:
    found, ask = healthy(3, 2), Ask(to=tuple(wanted), away_from=tuple(unwanted))
    try:
        plan = failover.plan(found, wish(3, 2), ask).steps
    except Refused:
        return
    for step in plan:
        found = failed_over(found, step.subject)
    masters = {one.name for one in found.nodes if one.myself.is_master}
    assert masters >= set(wanted)
    assert not masters & set(unwanted)
    assert failover.plan(found, wish(3, 2), ask).steps == ()
