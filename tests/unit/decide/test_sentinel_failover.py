# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which server is to take over from a watched master, and when that is proven."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._decide import sentinel_failover
from ansible_collections.k8sredis.core.plugins.module_utils._model import Refused, Retryable
from ansible_collections.k8sredis.core.plugins.module_utils._model_sentinel import Watch

from tests.unit.decide import watches
from tests.unit.decide.watches import peer, watch, with_sentinel, with_server

WELL = watch()
ONE, TWO, THREE = (f"10.0.0.{number}:6379" for number in (1, 2, 3))


def test_a_named_one() -> None:
    (step,) = sentinel_failover.plan(WELL, TWO, ()).steps
    assert (step.subject, step.text) == (TWO, f"{TWO} takes over from {ONE}")
    assert step.reason == sentinel_failover.REASON_NAMED


@pytest.mark.parametrize(("to", "away_from"), [(ONE, ()), ("", [TWO]), ("", [])])
def test_nothing_to_do(to: str, away_from: Sequence[str]) -> None:
    assert not sentinel_failover.plan(WELL, to, away_from).changed


def test_away_from_the_master_goes_to_whom_lacks_least() -> None:
    given = with_server(WELL, 2, slave_repl_offset="900")
    (step,) = sentinel_failover.plan(given, "", [ONE]).steps
    assert (step.subject, step.reason) == (THREE, sentinel_failover.REASON_AWAY)


def test_nobody_who_leaves_takes_over() -> None:
    given = with_server(WELL, 3, slave_repl_offset="900")
    for plan in (
        sentinel_failover.plan(given, "", [ONE, TWO]),
        sentinel_failover.plan(replace(given, leaving=frozenset({TWO})), "", [ONE]),
    ):
        assert [step.subject for step in plan.steps] == [THREE]
    with pytest.raises(Refused, match="no replica of it may be master"):
        sentinel_failover.plan(given, "", [ONE, TWO, THREE])


def test_one_who_leaves_and_is_gone_already_is_no_stranger() -> None:
    given = replace(watch(2), leaving=frozenset({THREE}))
    assert not sentinel_failover.plan(given, "", [THREE]).changed


@pytest.mark.parametrize(
    ("to", "away_from", "given", "words"),
    [
        ("10.0.0.9:6379", (), WELL, "no server has that name; there are 10.0.0.1:6379, 10.0.0.2:6379"),
        ("", ["nobody"], WELL, "Cannot hand over to or from nobody"),
        (TWO, (), with_server(WELL, 2, {"replica-priority": "0"}), "its replica-priority is 0"),
        (
            *("", [ONE]),
            with_server(with_server(WELL, 2, {"replica-priority": "0"}), 3, {"replica-priority": "0"}),
            "no replica of it may be master",
        ),
    ],
)
def test_what_cannot_be_meant(to: str, away_from: Sequence[str], given: Watch, words: str) -> None:
    with pytest.raises(Refused, match=words):
        sentinel_failover.plan(given, to, away_from)


def test_while_they_do_not_agree_nothing_is_planned() -> None:
    with pytest.raises(Retryable, match=re.escape("10.0.0.3:26379: Connection refused")):
        sentinel_failover.plan(watches.silent_sentinel(WELL, 3), TWO, ())


@pytest.mark.parametrize(
    ("own", "others", "wished"),
    [
        ("100", "100", {TWO: 1}),
        ("1", "1", {THREE: 2}),
        ("1", "100", {}),
        ("100", "0", {}),
        ("50", "1", {TWO: 1, THREE: 2}),
    ],
)
def test_priorities_that_leave_no_choice(own: str, others: str, wished: dict[str, int]) -> None:
    given = with_server(with_server(WELL, 2, {"replica-priority": own}), 3, {"replica-priority": others})
    assert sentinel_failover.priorities(given, given.servers[1]) == wished


def test_the_only_replica_needs_none() -> None:
    given = watch(2)
    assert sentinel_failover.priorities(given, given.servers[1]) == {}


def test_every_sentinel_must_have_seen_them() -> None:
    seen = (peer("server", 2, "slave", **{"slave-priority": "1"}), WELL.sentinels[0].replicas[1])
    given = WELL
    for number in (1, 2, 3):
        assert sentinel_failover.not_seen(given, {TWO: 1}) == (
            f"10.0.0.{number}:26379 still has replica-priority 100 of {TWO} instead of 1"
        )
        given = with_sentinel(given, number, replicas=seen)
    assert sentinel_failover.not_seen(given, {TWO: 1}) == ""


def test_it_is_proven_when_all_say_so() -> None:
    assert sentinel_failover.unproven(WELL, ONE, TWO) == ""
    assert sentinel_failover.unproven(WELL, TWO, ONE) == f"the Sentinels name {ONE}, not {TWO}"
    late = with_server(WELL, 3, master_link_status="down")
    assert sentinel_failover.unproven(late, ONE, TWO) == f"{THREE}: is not in sync with its master"
