# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long the next election has to wait for the ones before."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._decide import elections
from ansible_collections.k8sredis.core.plugins.module_utils._decide.elections import Election, Record
from ansible_collections.k8sredis.core.plugins.module_utils._model import Node, View
from hypothesis import given
from hypothesis import strategies as some

from tests.unit.decide import views
from tests.unit.decide.views import healthy, node

NOW = 10_000.0
PROMOTED = "f" * 40


# Redis with a node timeout of 5 s; shop-0-0 was promoted once.
FOUND = views.info(healthy(3, 2), "shop-0-0", master_replid2=PROMOTED)
NEW, OLD, OTHER = node(FOUND, "shop-0-1"), node(FOUND, "shop-0-0"), node(FOUND, "shop-0-2")


def record(*asked: tuple[Node, Node, float], since: float = 0.0) -> Record:
    """Elections by candidate, master and how many seconds ago."""
    return Record(7, since, tuple(Election(one.id, other.id, NOW - ago) for one, other, ago in asked))


WAITS = [
    ("there was none", record(), 0),
    ("the same candidate was elected 8 s ago", record((NEW, OTHER, 8)), 12),
    ("the same candidate was elected 20 s ago", record((NEW, OTHER, 20)), 0),
    ("the same master was failed over 8 s ago", record((OTHER, OLD, 8)), 2),
    ("the same master was failed over 10 s ago", record((OTHER, OLD, 10)), 0),
    ("back to the former master at once", record((OLD, NEW, 0)), 0),
    ("another shard was failed over", record((node(FOUND, "shop-1-1"), node(FOUND, "shop-1-0"), 0)), 0),
    ("both, and the longer counts", record((NEW, OLD, 3)), 17),
    ("one is recorded for the future", record((NEW, OTHER, -300)), 20),
    ("what was before 5 s ago is not known", record(since=NOW - 5), 15),
    ("what was before 5 s ago is not known, but we made the master one", record((OLD, NEW, 4), since=NOW - 5), 0),
    ("we made the master one before what is known", record((OLD, NEW, 6), since=NOW - 5), 15),
    ("what was before 30 s ago is not known", record(since=NOW - 30), 0),
]


@pytest.mark.parametrize(("known", "seconds"), [row[1:] for row in WAITS], ids=[row[0] for row in WAITS])
def test_seconds_left(known: Record, seconds: float) -> None:
    assert elections.seconds_left(known, NEW, OLD, NOW) == seconds


UNKNOWN = record(since=NOW)


def test_a_master_that_was_never_promoted_proves_that_there_was_no_election() -> None:
    never = node(views.info(FOUND, "shop-0-0", master_replid2="0" * 40), "shop-0-0")
    assert elections.seconds_left(UNKNOWN, NEW, never, NOW) == 0


@pytest.mark.parametrize(("age", "seconds"), [(None, 20), (0, 20), (12, 8), (20, 0), (4000, 0)])
def test_an_old_link_proves_that_there_was_no_election(age: float | None, seconds: float) -> None:
    assert elections.seconds_left(UNKNOWN, NEW, OLD, NOW, age) == seconds


@pytest.mark.parametrize(("version", "seconds"), [("7.2.9", 20), ("8.0.4", 20), ("8.1.1", 0), ("9.1.2", 0)])
def test_valkey_is_free_of_both_rules_since_8_1(version: str, seconds: float) -> None:
    found = views.info(FOUND, "shop-0-0", valkey_version=version)
    found = views.info(found, "shop-0-1", valkey_version=version)
    known = record((NEW, OLD, 0))
    assert elections.seconds_left(known, node(found, "shop-0-1"), node(found, "shop-0-0"), NOW) == seconds


@pytest.mark.parametrize(("timeout", "windows"), [("5000", (20, 10)), ("500", (4, 1)), ("", (60, 30))])
def test_windows_follow_the_node_timeout(timeout: str, windows: tuple[float, float]) -> None:
    assert (
        elections.windows(node(views.setting(FOUND, "shop-0-1", cluster_node_timeout=timeout), "shop-0-1")) == windows
    )
    assert elections.windows(replace(NEW, settings=None)) == (60, 30)


def epoch(number: int) -> View:
    return views.change(FOUND, "shop-1-0", cluster_info={"cluster_current_epoch": str(number)})


def test_a_record_is_complete_while_the_epoch_is_the_same() -> None:
    known = record((NEW, OLD, 5))
    assert elections.brought_up_to_date(known, epoch(7), NOW) is known


def test_another_epoch_begins_a_new_record_with_what_is_known() -> None:
    known = record((NEW, OLD, 5), (OTHER, OLD, 4000))
    assert elections.brought_up_to_date(known, epoch(9), NOW) == Record(9, NOW, known.elections[:1])
    assert elections.brought_up_to_date(None, epoch(9), NOW) == Record(9, NOW)


def test_an_own_election_makes_the_epoch_grow_by_one() -> None:
    known = elections.added(record(), NEW, OLD, NOW)
    assert known.elections == (Election(NEW.id, OLD.id, NOW),)
    assert elections.after_own(known, epoch(8), NOW + 1) == replace(known, epoch=8)
    assert elections.after_own(known, epoch(9), NOW + 1) == replace(known, epoch=9, since=NOW + 1)


def test_a_run_killed_before_its_election_is_counted_as_if_it_had_been() -> None:
    known = elections.added(record(), NEW, OLD, NOW)
    assert elections.seconds_left(elections.brought_up_to_date(known, epoch(7), NOW + 1), NEW, OLD, NOW + 1) == 19


ids = some.text("0123456789abcdef", min_size=1, max_size=40)
times = some.integers(0, 2**40).map(lambda number: number / 10)


@given(some.builds(Record, some.integers(0), times, some.lists(some.builds(Election, ids, ids, times)).map(tuple)))
def test_a_record_survives_the_annotation(known: Record) -> None:
    assert elections.parsed(elections.text(known)) == known


@pytest.mark.parametrize("text", ["", "null", "7", "{}", '{"epoch": 1, "since": 2, "elections": [["a"]]}', "\x00"])
def test_what_is_no_record_is_none(text: str) -> None:
    assert elections.parsed(text) is None


LINES = [
    ("id=7 addr=10.0.0.1:6379 laddr=10.0.0.2:1 fd=9 name= age=1234 idle=0 flags=M db=0\n", 1234),
    ("", None),
    (PermissionError("NOPERM"), None),
]


@pytest.mark.parametrize(("reply", "age"), LINES, ids=["a link", "no link", "no right"])
def test_link_age(reply: object, age: float | None) -> None:
    assert elections.link_age(reply) == age
