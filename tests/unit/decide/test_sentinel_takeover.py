# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a server may take over from a master that is given up, and when that is proven."""

from __future__ import annotations

import re

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._decide import sentinel_takeover
from ansible_collections.k8sredis.core.plugins.module_utils._model import Refused, Retryable
from ansible_collections.k8sredis.core.plugins.module_utils._model_sentinel import Peer, Watch

from tests.unit.decide.watches import TOLD, silent_sentinel, silent_server, watch, with_sentinel, with_server

ONE, TWO, THREE = (f"10.0.0.{number}:6379" for number in (1, 2, 3))


def missed_by(given: Watch, *numbers: int, more: str = "master") -> Watch:
    """The master, by these Sentinels."""
    down = Peer("10.0.0.1", 6379, "", frozenset({"master", "s_down", more}), TOLD)
    for number in numbers:
        given = with_sentinel(given, number, master=down)
    return given


LOST = missed_by(silent_server(watch(), 1), 1, 2, 3)
"""Its first server, the master; nobody reaches it."""


def test_it_says_what_is_lost() -> None:
    (step,) = sentinel_takeover.plan(LOST, TWO, ONE).steps
    assert (step.kind, step.subject, step.reason) == ("takeover", TWO, "the master is given up")
    assert step.text == f"{TWO} takes over from {ONE}, which is given up with what it alone has"


def test_two_of_three_are_enough() -> None:
    assert sentinel_takeover.plan(missed_by(silent_server(watch(), 1), 1, 3), TWO, ONE).changed
    assert sentinel_takeover.plan(silent_sentinel(LOST, 2), TWO, ONE).changed


def test_a_replica_of_nobody_may_take_over() -> None:
    assert sentinel_takeover.plan(with_server(LOST, 2, master_host="10.0.0.99"), TWO, ONE).changed


DONE = with_server(
    with_server(silent_server(watch(), 1), 2, role="master"), 3, master_host="10.0.0.2", master_link_status="up"
)
for number in (1, 2, 3):
    DONE = with_sentinel(DONE, number, master=Peer("10.0.0.2", 6379, "", frozenset({"master"}), TOLD))


def test_done_already() -> None:
    assert not sentinel_takeover.plan(DONE, TWO, ONE).changed
    assert sentinel_takeover.unproven(DONE, TWO) == ""


@pytest.mark.parametrize(
    ("given", "to", "words"),
    [
        (watch(), TWO, "Cannot give 10.0.0.1:6379 up: it answers; hand over by a planned failover"),
        (LOST, ONE, "Cannot give 10.0.0.1:6379 up for itself"),
        (LOST, "10.0.0.9:6379", "no server has that name; there are 10.0.0.1:6379"),
        (DONE, THREE, "Cannot give 10.0.0.1:6379 up: the Sentinels name 10.0.0.2:6379"),
    ],
)
def test_what_cannot_be_meant(given: Watch, to: str, words: str) -> None:
    with pytest.raises(Refused, match=re.escape(words)):
        sentinel_takeover.plan(given, to, ONE)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (missed_by(silent_server(watch(), 1), 1), "but only 1 of 3 Sentinels miss it, so clients may reach it"),
        (silent_server(LOST, 2), f"Cannot let {TWO} take over from {ONE}: {TWO}: Connection refused"),
        (with_server(LOST, 3, role="master"), f"{THREE} is master"),
        (with_server(LOST, 2, master_host="10.0.0.3"), f"{TWO} follows another one"),
        (missed_by(LOST, 2, more="failover_in_progress"), "10.0.0.2:26379 is failing over"),
    ],
)
def test_what_may_pass(given: Watch, words: str) -> None:
    with pytest.raises(Retryable, match=re.escape(words)):
        sentinel_takeover.plan(given, TWO, ONE)


@pytest.mark.parametrize(
    ("own", "other", "wished", "afterwards"),
    [
        ("0", "0", {TWO: 1}, {TWO: 100}),
        ("100", "1", {TWO: 1, THREE: 2}, {TWO: 100, THREE: 1}),
        ("7", "100", {TWO: 1}, {TWO: 7}),
    ],
)
def test_nobody_else_can_be_chosen(own: str, other: str, wished: dict[str, int], afterwards: dict[str, int]) -> None:
    given = with_server(with_server(LOST, 2, {"replica-priority": own}), 3, {"replica-priority": other})
    assert sentinel_takeover.priorities(given, given.servers[1]) == wished
    assert sentinel_takeover.afterwards(given, wished) == afterwards


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (LOST, f"the Sentinels name {ONE}"),
        (with_server(DONE, 3, master_link_status="down"), f"{THREE} is not in sync with it"),
        (with_server(DONE, 3, master_host="10.0.0.1"), f"{THREE} is not in sync with it"),
    ],
)
def test_what_is_missing(given: Watch, words: str) -> None:
    assert sentinel_takeover.unproven(given, TWO) == words
