# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who becomes the first master, and when nobody does."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._decide import sentinel_bootstrap as decide
from ansible_collections.k8sredis.core.plugins.module_utils._model import Refused, Retryable
from ansible_collections.k8sredis.core.plugins.module_utils._model_sentinel import Watch

from tests.unit.decide.watches import silent_server, watch, with_sentinel, with_server

ONE, TWO, THREE = (f"10.0.0.{number}:6379" for number in (1, 2, 3))
NOBODY = {"role": "slave", "master_host": "127.0.0.1", "master_port": "1", "master_link_status": "down"}
EMPTY = {**NOBODY, "db0": "keys=0,expires=0", "slave_repl_offset": "1", "master_repl_offset": "0"}


def new(*numbers: int) -> Watch:
    """Servers without data that follow nobody, and Sentinels that know no master; ``numbers``: those that have data."""
    given = watch()
    for number in (1, 2, 3):
        given = with_server(given, number, None, **EMPTY)
        given = with_sentinel(given, number, master=None, replicas=(), others=())
    for number in numbers:
        given = with_server(given, number, db0="keys=7,expires=0", master_replid=f"history-{number}")
    return given


def steps(given: Watch, named: str = "") -> list[tuple[str, str, str]]:
    plan, master = decide.plan(given, named)
    assert master
    return [(step.kind, step.subject, step.reason) for step in plan.steps]


def test_without_data_it_is_the_first() -> None:
    plan, master = decide.plan(new())
    assert master == ONE
    assert [step.commands for step in plan.steps] == [
        (("REPLICAOF", "NO", "ONE"),),
        (("REPLICAOF", "10.0.0.1", "6379"),),
        (("REPLICAOF", "10.0.0.1", "6379"),),
    ]
    assert [step.reason for step in plan.steps] == [decide.REASON_FIRST, decide.REASON_FOLLOWS, decide.REASON_FOLLOWS]


def test_the_one_with_data() -> None:
    assert steps(new(2))[0] == ("promote", TWO, decide.REASON_ALONE)


def test_others_follow_the_lasting_address() -> None:
    given = new()
    first, *others = given.servers
    lasting = replace(first, member=replace(first.member, lasting="10.96.0.7"))
    plan, _master = decide.plan(replace(given, servers=(lasting, *others)))
    assert plan.steps[1].commands == (("REPLICAOF", "10.96.0.7", "6379"),)


def test_the_furthest_in_the_same_history() -> None:
    given = new(1, 2, 3)
    for number, offset in ((1, "100"), (2, "100"), (3, "120")):
        given = with_server(given, number, master_replid="same", master_repl_offset=offset)
    assert steps(given)[0] == ("promote", THREE, decide.REASON_FURTHEST)


def test_different_histories_are_for_a_person() -> None:
    seen = f"{ONE} has 7 keys, {THREE} has 7 keys"
    with pytest.raises(Refused, match=re.escape(f"Cannot tell whose data is the newest: {seen}, and nothing tells")):
        decide.plan(new(1, 3))
    assert steps(new(1, 3), named=THREE) == [
        ("promote", THREE, decide.REASON_NAMED),
        ("attach", ONE, decide.REASON_FOLLOWS),
        ("attach", TWO, decide.REASON_FOLLOWS),
    ]


def test_a_run_that_was_killed_is_taken_up() -> None:
    """After the promotion, and after the first that follows."""
    promoted = with_server(new(), 1, role="master")
    assert steps(promoted) == [("attach", TWO, decide.REASON_FOLLOWS), ("attach", THREE, decide.REASON_FOLLOWS)]
    followed = with_server(promoted, 2, master_host="10.0.0.1", master_port="6379")
    assert steps(followed) == [("attach", THREE, decide.REASON_FOLLOWS)]


def test_data_that_would_be_lost() -> None:
    promoted = with_server(new(2), 1, role="master", master_replid="another")
    with pytest.raises(Refused, match=re.escape(f"Cannot let {TWO} follow {ONE}: its 7 keys are of another history")):
        decide.plan(promoted)
    assert ("attach", TWO, decide.REASON_FOLLOWS) in steps(promoted, named=ONE)


def test_two_masters_are_for_a_person() -> None:
    both = with_server(with_server(new(), 1, role="master"), 3, role="master")
    with pytest.raises(Refused, match=re.escape(f"Cannot tell which of {ONE}, {THREE} is the master")):
        decide.plan(both)
    with pytest.raises(Refused, match=re.escape(f"Cannot make {ONE} the first master: {THREE} is master already")):
        decide.plan(both, ONE)


def test_nobody_of_that_name() -> None:
    with pytest.raises(Refused, match=r"Cannot make nobody the first master: no server has that name; there are"):
        decide.plan(new(), "nobody")


def test_a_master_that_the_sentinels_name_stays() -> None:
    assert steps(watch()) == []
    assert decide.plan(watch())[1] == ONE
    stray = with_server(watch(), 3, None, **EMPTY)
    assert steps(stray) == [("attach", THREE, decide.REASON_FOLLOWS)]
    with pytest.raises(Retryable, match=re.escape(f"Cannot find the master {ONE} at work: Connection refused")):
        decide.plan(silent_server(watch(), 1))


def test_a_second_master_beside_it_is_not_touched() -> None:
    with pytest.raises(Refused, match=re.escape(f"Cannot let {THREE} follow {ONE}: it is master too")):
        decide.plan(with_server(watch(), 3, role="master"))


def test_what_is_missing_at_the_end() -> None:
    assert decide.missing(watch(), ONE) == ""
    assert decide.missing(watch(), TWO) == f"{TWO} is no master"
    assert decide.missing(silent_server(watch(), 1), ONE) == f"{ONE} does not answer"
    assert decide.missing(silent_server(watch(), 2), ONE) == f"{TWO}: Connection refused"
    behind = with_server(watch(), 3, master_link_status="down")
    assert decide.missing(behind, ONE) == f"{THREE} is not in sync with {ONE}"
