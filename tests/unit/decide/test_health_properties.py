# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the doctor finds in any cluster: nothing critical in a converged one, each single fault, never an exception."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._decide import health, report
from ansible_collections.k8sredis.core.plugins.module_utils._model import SLOTS, Entry, Member, Node, OpenSlot, View
from hypothesis import given, settings
from hypothesis import strategies as some

from tests.unit.decide import views
from tests.unit.stand_ins.cluster import node_id

Fault = Callable[[some.DrawFn, View], View]

PLACES = some.sampled_from(["", "a", "b", "c"])


@some.composite
def converged(draw: some.DrawFn, fewest_replicas: int = 0) -> View:
    """Any shape, anywhere."""

    def place(one: Member) -> Member:
        return replace(one, kube_node=draw(PLACES), zone=draw(PLACES))

    return views.healthy(draw(some.integers(3, 8)), draw(some.integers(fewest_replicas, 2)), place)


@settings(max_examples=30)  # each builds the tables of up to 24 members
@given(converged())
def test_a_converged_cluster_has_nothing_critical(view: View) -> None:
    found = health.findings(view)
    assert health.is_healthy(found)
    assert health.findings(view, health.CONVERGENCE) == ()
    placed = {"master_beside_replica", "masters_on_one_kube_node", "masters_on_one_zone", "zone_unknown"}
    assert {finding.code for finding in found} <= placed | {"shard_without_replica"}


def two(draw: some.DrawFn, view: View) -> tuple[Node, Node]:
    """A member, and another that its table is about."""
    holder = draw(some.sampled_from(view.nodes))
    return holder, draw(some.sampled_from([node for node in view.nodes if node is not holder]))


def masters(view: View) -> list[Node]:
    return [node for node in view.nodes if node.myself.is_master]


def dropped_entry(draw: some.DrawFn, view: View) -> View:
    holder, about = two(draw, view)
    return views.change(view, holder.name, table=tuple(entry for entry in holder.table if entry.id != about.id))


def wrong_slots(draw: some.DrawFn, view: View) -> View:
    """In one table, also in the owner's own."""
    about = draw(some.sampled_from(masters(view)))
    ((first, last),) = about.myself.slots
    bounds = draw(some.tuples(some.integers(first, last), some.integers(first, last)).map(sorted))
    slots = () if bounds == [first, last] else ((bounds[0], bounds[1]),)
    return views.entry(view, draw(some.sampled_from(view.nodes)).name, about.name, slots=slots)


def wrong_role(draw: some.DrawFn, view: View) -> View:
    holder, about = two(draw, view)
    if not about.myself.is_master:
        return views.entry(view, holder.name, about.name, role="master", master_id="")
    other = draw(some.sampled_from([node for node in masters(view) if node is not about]))
    return views.entry(view, holder.name, about.name, role="slave", master_id=other.id)


def fail_flag(draw: some.DrawFn, view: View) -> View:
    holder, about = two(draw, view)
    return views.entry(view, holder.name, about.name, flag=draw(some.sampled_from(["fail", "fail?", "noaddr"])))


def open_slot(draw: some.DrawFn, view: View) -> View:
    one, other = two(draw, view)
    slot = OpenSlot(draw(some.integers(0, SLOTS - 1)), draw(some.sampled_from(["migrating", "importing"])), other.id)
    return views.entry(view, one.name, one.name, open_slots=(slot,))


def link_down(draw: some.DrawFn, view: View) -> View:
    holder, about = two(draw, view)
    return views.entry(view, holder.name, about.name, connected=False)


def equal_epoch(draw: some.DrawFn, view: View) -> View:
    one, other = draw(some.permutations(masters(view)))[:2]
    return views.everywhere(view, one.name, epoch=other.myself.epoch)


def replica_link_down(draw: some.DrawFn, view: View) -> View:
    replica = draw(some.sampled_from([node for node in view.nodes if not node.myself.is_master]))
    return views.info(view, replica.name, master_link_status="down")


FAULTS: list[tuple[Fault, str]] = [
    (dropped_entry, "partition"),
    (wrong_slots, "owner_disagreement"),
    (wrong_role, "role_disagreement"),
    (fail_flag, "peer_failing"),
    (open_slot, "open_slot"),
    (link_down, "link_down"),
    (equal_epoch, "equal_epochs"),
    (replica_link_down, "out_of_sync"),
]


@pytest.mark.parametrize(("fault", "code"), FAULTS, ids=[code for _fault, code in FAULTS])
@settings(max_examples=20)
@given(data=some.data())
def test_a_single_fault_is_found_wherever_it_is(fault: Fault, code: str, data: some.DataObject) -> None:
    view = data.draw(converged(fewest_replicas=1))

    @some.composite
    def broken(draw: some.DrawFn) -> View:
        return fault(draw, view)

    assert code in {finding.code for finding in health.findings(data.draw(broken()), health.CONVERGENCE)}


# Anything at all.

NAMES = views.names(2, 1)
IDS = some.sampled_from([*map(node_id, NAMES), node_id("x"), ""])
FLAGS = ("myself", "master", "slave", "fail?", "fail", "handshake", "noaddr", "nofailover")
BOUNDS = some.tuples(some.integers(0, SLOTS - 1), some.integers(0, SLOTS - 1))
HOSTS = some.sampled_from(["10.0.0.1", "10.0.1.2", "fd00::1", "redis.example", ""])

ENTRIES = some.builds(
    Entry,
    id=IDS,
    host=HOSTS,
    port=some.sampled_from([0, 6379]),
    bus_port=some.just(16379),
    hostname=some.just(""),
    flags=some.frozensets(some.sampled_from(FLAGS)),
    master_id=IDS,
    pong_received=some.integers(),
    epoch=some.integers(0, 3),
    connected=some.booleans(),
    slots=some.lists(BOUNDS, max_size=2).map(tuple),
    open_slots=some.lists(
        some.builds(OpenSlot, some.integers(0, SLOTS - 1), some.sampled_from(["migrating", "importing"]), IDS),
        max_size=1,
    ).map(tuple),
)
FIELDS = (
    *(
        "role",
        "master_host",
        "master_link_status",
        "master_sync_in_progress",
        "master_repl_offset",
        "slave_repl_offset",
    ),
    *("slave0", "instantaneous_output_repl_kbps", "used_memory", "maxmemory", "loading", "redis_version"),
    *("valkey_version", "rdb_last_bgsave_status", "aof_last_write_status"),
)
VALUES = some.one_of(
    some.sampled_from(["master", "slave", "up", "down", "ok", "0", "1", "-1", "5000000", "1.50"]),
    some.sampled_from(["ip=10.0.1.2,port=6379,state=online,offset=7,lag=0", "ip=10.0.0.1,port=6379,offset=--,=,"]),
    some.text(max_size=5),
)
SETTINGS = some.none() | some.dictionaries(some.sampled_from(["save", "appendonly", "maxmemory", "hz"]), VALUES)
TABLES = some.lists(ENTRIES, max_size=5).map(tuple)


@some.composite
def anything(draw: some.DrawFn) -> View:
    nodes = []
    for name in draw(some.sets(some.sampled_from(NAMES))):
        member = replace(views.member(name), host=draw(HOSTS), kube_node=draw(PLACES), zone=draw(PLACES))
        member = replace(member, shard=draw(some.none() | some.integers(0, 1)))
        if draw(some.integers(0, 4)) == 0:
            nodes.append(views.silent(member))
            continue
        info = draw(some.dictionaries(some.sampled_from(FIELDS), VALUES))
        state = draw(some.sampled_from([{}, {"cluster_state": "ok"}, {"cluster_state": "fail"}]))
        nodes.append(Node(member, table=draw(TABLES), cluster_info=state, info=info, settings=draw(SETTINGS)))
    return views.view(*nodes)


@given(anything(), some.dictionaries(some.sampled_from(["save", "hz", "notify-keyspace-events"]), VALUES))
def test_nothing_that_servers_say_stops_the_doctor(view: View, declared: dict[str, str]) -> None:
    found = (*health.findings(view), *health.config_drift(view, declared))
    assert all(finding.seen and finding.advice for finding in found)
    assert report.lines(view, found, "shop")
