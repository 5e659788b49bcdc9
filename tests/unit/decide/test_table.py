# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions about tables."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._decide import table
from ansible_collections.k8sredis.core.plugins.module_utils._model import SLOTS, SlotRange, View
from hypothesis import given
from hypothesis import strategies as some

from tests.unit.decide import views
from tests.unit.decide.views import endpoint, fresh, fresh_view, healthy, member, met, names, node
from tests.unit.stand_ins.cluster import Server

ADDRESSES = [
    ("the same", "10.0.0.1", 6379, True),
    ("another host", "10.0.0.2", 6379, False),
    ("another port", "10.0.0.1", 6380, False),
    ("none", "", 6379, False),
]


@pytest.mark.parametrize(("host", "port", "same"), [row[1:] for row in ADDRESSES], ids=[row[0] for row in ADDRESSES])
def test_address(host: str, port: int, same: bool) -> None:
    entry = replace(Server(endpoint("10.0.0.1")).myself, host=host, port=port)
    assert table.same_address(entry, endpoint("10.0.0.1")) is same


SPELLINGS = [
    ("fd00::1", "fd00:0:0::1", True),
    ("FD00::A", "fd00::a", True),
    ("fd00::1", "fd00::2", False),
    ("one.example", "one.example", True),
    ("one.example", "two.example", False),
]


@pytest.mark.parametrize(("one", "other", "same"), SPELLINGS)
def test_hosts_are_compared_as_addresses_where_they_are_some(one: str, other: str, same: bool) -> None:
    assert table.same_address(Server(endpoint(one)).myself, endpoint(other)) is same


def test_handshake_says_nothing_of_who_is_known() -> None:
    busy = views.knowing(views.view(fresh(member("shop-0-0"))), "shop-0-0", views.stranger("x", "handshake"))
    one = node(busy, "shop-0-0")
    assert table.known_ids(one) == {one.id}
    assert (table.strangers(one, busy), table.is_fresh(one)) == ([], True)


def test_strangers_are_those_whom_no_member_is() -> None:
    found = views.knowing(healthy(3, 0), "shop-1-0", views.stranger("x"))
    assert [len(table.strangers(one, found)) for one in found.nodes] == [0, 1, 0]


NOT_FRESH = [
    ("it knows somebody", views.knowing(fresh_view(1, 0), "shop-0-0", views.stranger("x"))),
    ("it serves slots", views.entry(fresh_view(1, 0), "shop-0-0", "shop-0-0", slots=((0, 0),))),
    ("it holds keys", views.info(fresh_view(1, 0), "shop-0-0", db0="keys=1,expires=0")),
]


@pytest.mark.parametrize("found", [row[1] for row in NOT_FRESH], ids=[row[0] for row in NOT_FRESH])
def test_not_fresh(found: View) -> None:
    assert not table.is_fresh(node(found, "shop-0-0"))


TEXTS: list[tuple[tuple[SlotRange, ...], str]] = [
    ((), "none"),
    (((0, 5460),), "0-5460"),
    (((7, 7),), "7"),
    (((0, 5), (7, 7), (9, 10)), "0-5, 7, 9-10"),
]


@pytest.mark.parametrize(("ranges", "text"), TEXTS)
def test_ranges_for_people(ranges: tuple[SlotRange, ...], text: str) -> None:
    assert table.range_text(ranges) == text


@given(some.sets(some.integers(0, 20)) | some.sets(some.integers(0, SLOTS - 1)))
def test_slots_as_ranges_and_back(wanted: set[int]) -> None:
    ranges = table.as_ranges(wanted)
    assert table.slots_of(ranges) == wanted
    assert table.count(ranges) == len(wanted)
    assert all(last + 1 < first for (_first, last), (first, _last) in pairwise(ranges))


def test_highest_epoch_is_that_of_any_entry() -> None:
    assert table.highest_epoch(views.knowing(healthy(3, 1), "shop-1-0", views.stranger("x", epoch=77))) == 77


def test_highest_epoch_of_nobody() -> None:
    assert table.highest_epoch(View()) == 0


JOINED = met([member(name) for name in names(3, 1)])


def test_an_empty_cluster_with_the_epochs_of_its_creation_is_new() -> None:
    assert table.is_new_cluster(JOINED)
    assert table.is_new_cluster(healthy(3, 0))


NOT_NEW = [
    ("a key is stored", views.info(JOINED, "shop-1-0", db0="keys=1,expires=0")),
    ("a member is silent, it may hold keys", views.answers_not(JOINED, "shop-1-1")),
    ("there was a failover", views.everywhere(JOINED, "shop-1-0", epoch=7)),
    ("a replica is in sync", views.replicating(JOINED, "shop-1-1", "shop-1-0")),
    ("it is complete, and gets further members", views.view(*healthy(3, 1).nodes, fresh(member("shop-3-0")))),
]


@pytest.mark.parametrize("found", [row[1] for row in NOT_NEW], ids=[row[0] for row in NOT_NEW])
def test_not_new(found: View) -> None:
    assert not table.is_new_cluster(found)


LISTS = [([], ""), (["a"], "a"), (list("abcd"), "a, b, c, d"), (list("abcdefg"), "a, b, c, d and 3 more")]


@pytest.mark.parametrize(("names", "text"), LISTS)
def test_list_for_a_sentence(names: list[str], text: str) -> None:
    assert table.joined(names) == text
