# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Sentinels are told to watch, and when nobody is told anything."""

from __future__ import annotations

import re

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._decide import sentinel_monitor
from ansible_collections.k8sredis.core.plugins.module_utils._decide.sentinel_monitor import Monitor
from ansible_collections.k8sredis.core.plugins.module_utils._model import Refused, Retryable
from ansible_collections.k8sredis.core.plugins.module_utils._model_sentinel import Peer, Watch

from tests.unit.decide import watches
from tests.unit.decide.watches import TOLD, watch, with_sentinel, with_server

WELL = watch()
ONE, TWO, THREE = (f"10.0.0.{number}:6379" for number in (1, 2, 3))
NOTHING = {"master": None, "replicas": (), "others": ()}


def told(*numbers: int) -> Watch:
    """Only these Sentinels watch it."""
    given = WELL
    for number in {1, 2, 3} - set(numbers):
        given = with_sentinel(given, number, **NOTHING)
    return given


def names(host: str, **fields: str) -> Peer:
    return Peer(host, 6379, "", frozenset({"master"}), {**TOLD, **fields})


def test_nothing_to_do() -> None:
    wish = Monitor(ONE, {"quorum": "2", "parallel-syncs": "1"}, ("sentinel", "secret"))
    assert not sentinel_monitor.present(WELL, wish).changed
    assert sentinel_monitor.missing(WELL, wish) == ""


def test_one_that_watches_nothing_gets_all_in_one_go() -> None:
    wish = Monitor("", {"quorum": "2", "down-after-milliseconds": "5000"}, ("sentinel", "secret"))
    (step,) = sentinel_monitor.present(told(1, 2), wish).steps
    assert (step.kind, step.reason) == ("monitor", sentinel_monitor.REASON_NEW)
    assert step.commands == (
        ("SENTINEL", "MONITOR", "web-sessions", "10.0.0.1", "6379", "2"),
        (
            *("SENTINEL", "SET", "web-sessions"),
            *("auth-user", "sentinel", "auth-pass", "secret", "down-after-milliseconds", "5000"),
        ),
    )
    assert "secret" not in step.text


@pytest.mark.parametrize(("sentinels", "quorum"), [(1, "1"), (2, "2"), (3, "2"), (5, "3")])
def test_the_quorum_is_a_majority_unless_given(sentinels: int, quorum: str) -> None:
    given = watch(3, sentinels)
    for number in range(1, sentinels + 1):
        given = with_sentinel(given, number, **NOTHING)
    steps = sentinel_monitor.present(given, Monitor(ONE)).steps
    assert [step.commands[0][-1] for step in steps] == [quorum] * sentinels


@pytest.mark.parametrize("given", [WELL, told()])
def test_a_quorum_that_nobody_could_reach(given: Watch) -> None:
    assert sentinel_monitor.present(given, Monitor(ONE, {"quorum": "3"})).changed
    with pytest.raises(Refused, match="Cannot use the quorum 4: there are 3 Sentinels"):
        sentinel_monitor.present(given, Monitor(ONE, {"quorum": "4"}))


def test_only_what_differs_is_set() -> None:
    given = with_sentinel(WELL, 2, master=names("10.0.0.1", quorum="3"))
    (step,) = sentinel_monitor.present(given, Monitor("", {"quorum": "2", "parallel-syncs": "1"})).steps
    assert step.commands == (("SENTINEL", "SET", "web-sessions", "quorum", "2"),)
    assert sentinel_monitor.missing(given, Monitor("", {"quorum": "2"})) == f"not yet so: {step.text}"


def test_a_login_is_set_again_only_when_asked_for() -> None:
    login = ("", "secret")
    assert not sentinel_monitor.present(WELL, Monitor(login=login)).changed
    steps = sentinel_monitor.present(WELL, Monitor(login=login, set_login=True)).steps
    assert [step.commands for step in steps] == [(("SENTINEL", "SET", "web-sessions", "auth-pass", "secret"),)] * 3
    assert not sentinel_monitor.present(WELL, Monitor(set_login=True)).changed


@pytest.mark.parametrize("host", ["10.0.0.2", "10.0.0.9"])
def test_one_that_is_alone_forgets_first(host: str) -> None:
    (step,) = sentinel_monitor.present(with_sentinel(WELL, 3, master=names(host)), Monitor()).steps
    assert step.reason == sentinel_monitor.REASON_ALONE
    assert [command[1] for command in step.commands] == ["REMOVE", "MONITOR"]


@pytest.mark.parametrize(
    "given",
    [
        with_sentinel(WELL, 3, master=names("10.0.0.2", **{"config-epoch": "7"})),
        with_server(with_sentinel(WELL, 3, master=names("10.0.0.2")), 2, role="master"),
        with_server(with_sentinel(WELL, 3, master=names("10.0.0.2")), 1, role="slave"),
    ],
)
def test_one_that_may_be_the_first_to_know_is_left_alone(given: Watch) -> None:
    with pytest.raises(Retryable, match="may be a newer master"):
        sentinel_monitor.present(given, Monitor())


@pytest.mark.parametrize(
    ("given", "named", "words"),
    [
        (WELL, "nobody", "no server has that name"),
        (WELL, TWO, f"most Sentinels take {ONE} for it"),
        (told(), "", "name it by 'master'"),
        (told(1), "", "name it by 'master'"),
        (told(), TWO, "it is a replica"),
        (watches.silent_server(told(), 1), ONE, "Connection refused"),
        (watches.silent_server(told(), 3), ONE, f"{THREE} Connection refused, and may have newer data"),
        (with_server(told(), 3, role="master"), ONE, f"{THREE} is a master too"),
        (with_server(told(), 3, master_host="10.0.0.2"), ONE, f"{THREE} follows another one"),
    ],
)
def test_who_the_master_is_is_never_guessed(given: Watch, named: str, words: str) -> None:
    with pytest.raises(Refused, match=re.escape(words)):
        sentinel_monitor.present(given, Monitor(named))


def test_every_sentinel_must_answer() -> None:
    for plan in (lambda given: sentinel_monitor.present(given, Monitor()), sentinel_monitor.absent):
        with pytest.raises(Retryable, match=re.escape("10.0.0.2:26379: Connection refused")):
            plan(watches.silent_sentinel(WELL, 2))


def test_absent() -> None:
    steps = sentinel_monitor.absent(told(1, 3)).steps
    assert [step.subject for step in steps] == ["10.0.0.1:26379", "10.0.0.3:26379"]
    assert {step.commands for step in steps} == {(("SENTINEL", "REMOVE", "web-sessions"),)}
