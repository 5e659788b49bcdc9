# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A failover by Sentinels that goes wrong at each step: writes go on, and nothing that was set for a time stays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._execute import sentinel_failover
from ansible_collections.k8sredis.core.plugins.module_utils._execute.watching import Watching
from ansible_collections.k8sredis.core.plugins.module_utils._model import (
    ClusterError,
    Fatal,
    Node,
    Plan,
    Retryable,
    Step,
)
from ansible_collections.k8sredis.core.plugins.module_utils._model_sentinel import Sentinel, Watch

from tests.unit.decide import watches
from tests.unit.stand_ins.clock import FakeClock

ONE, TWO = "10.0.0.1:6379", "10.0.0.2:6379"
UNKNOWN = ValueError("ERR wrong number of arguments for 'sentinel|failover' command")
COORDINATED = ("SENTINEL", "FAILOVER", "web-sessions", "COORDINATED")
FAILOVER = ("SENTINEL", "FAILOVER", "web-sessions")


class Told:
    """Stands in for Watching: answers as ``replies`` say, by the first words of a command, else OK."""

    def __init__(self, replies: dict[tuple[str, ...], Any], servers: int = 2) -> None:
        self.fake = FakeClock()
        self.clock = self.fake.clock
        self.done: list[Step] = []
        self.guard = lambda: None
        self.commands: list[tuple[str, tuple[str, ...]]] = []
        self._replies = {
            COORDINATED: UNKNOWN,
            ("INFO", "replication"): "master_repl_offset:10\nslave_repl_offset:10\n",
            ("ROLE",): ["slave"],
            **replies,
        }
        self.before = watches.with_server(watches.watch(servers), 1, {"min-replicas-to-write": "0"})
        self.after = taken_over(servers)

    def observe(self) -> Watch:
        promoted = any(command == FAILOVER for _name, command in self.commands)
        return self.after if promoted and ("ROLE",) in self.asked() else self.before

    def decided(self, plan: Callable[[Watch], Plan], timeout: float) -> tuple[Watch, Step | None]:
        real: Any = Watching.decided
        found: tuple[Watch, Step | None] = real(self, plan, timeout)
        return found

    def prove(self, missing: Callable[[Watch], str], timeout: float, deed: str) -> Watch:
        real: Any = Watching.prove
        found: Watch = real(self, missing, timeout, deed)
        return found

    def tell(self, one: Node | Sentinel, *commands: tuple[str, ...]) -> list[Any]:
        self.commands += [(one.name, command) for command in commands]
        return [self._reply(one, command) for command in commands]

    def asked(self) -> set[tuple[str, ...]]:
        return {command for _name, command in self.commands}

    def _reply(self, one: Node | Sentinel, command: tuple[str, ...]) -> Any:
        for length in range(len(command), 0, -1):
            if command[:length] in self._replies:
                reply = self._replies[command[:length]]
                return reply(one.name) if callable(reply) else reply
        return "OK"

    def goes_on(self) -> bool:
        return self.commands.count((ONE, ("CLIENT", "UNPAUSE"))) == 1

    def fences(self) -> list[str]:
        """What the master was told of min-replicas-to-write, in this order."""
        fence = ("CONFIG", "SET", "min-replicas-to-write")
        return [command[3] for name, command in self.commands if name == ONE and command[:3] == fence]


def taken_over(servers: int) -> Watch:
    """TWO is master of all."""
    given = watches.with_server(watches.watch(servers), 1, role="slave", master_host="10.0.0.2", master_port="6379")
    given = watches.with_server(given, 1, master_link_status="up", master_sync_in_progress="0")
    given = watches.with_server(given, 2, role="master")
    master = watches.peer("server", 2, "master", **watches.TOLD)
    replicas = (watches.peer("server", 1, "slave"),)
    for number in (1, 2, 3):
        given = watches.with_sentinel(given, number, master=master, replicas=replicas)
    return given


def hand_over(told: Any, to: str = TWO) -> Watch:
    return sentinel_failover.hand_over(told, to, (), 5.0)


def test_it_goes_well() -> None:
    told = Told({("ROLE",): ["master"]})
    assert hand_over(told) is told.after
    assert [step.subject for step in told.done] == [TWO]
    order = [command for _name, command in told.commands]
    fenced = order.index(("CONFIG", "SET", "min-replicas-to-write", "1"))
    paused = order.index(("CLIENT", "PAUSE", "2000", "WRITE"))
    assert fenced < paused < order.index(FAILOVER) < order.index(("REPLICAOF", "10.0.0.2", "6379"))
    assert told.goes_on()
    assert told.fences() == ["1", "0"]


def test_nothing_to_do() -> None:
    told = Told({})
    hand_over(told, ONE)
    assert told.commands == []
    assert told.done == []


def test_sentinels_that_do_it_themselves() -> None:
    told = Told({COORDINATED: "OK", ("ROLE",): ["master"]})
    with pytest.raises(Retryable, match="Cannot prove within 5 s"):  # the stand-in names TWO after FAILOVER alone
        hand_over(told)
    assert told.asked() == {COORDINATED, ("ROLE",)}


def behind(name: str) -> str:
    return "master_repl_offset:10\n" if name == ONE else "slave_repl_offset:9\n"


BEFORE: list[tuple[dict[tuple[str, ...], Any], type[ClusterError], str]] = [
    ({("INFO", "replication"): behind}, Retryable, f"{TWO} has not all that {ONE} has within 2.5 s of pause"),
    ({FAILOVER: ValueError("NOGOODSLAVE No suitable replica")}, Fatal, "it answered 'NOGOODSLAVE No suitable replica'"),
    ({("CLIENT", "PAUSE"): ValueError("NOPERM")}, Fatal, "pause the writes of 10.0.0.1:6379: it answered 'NOPERM'"),
]
ASKED: list[tuple[dict[tuple[str, ...], Any], type[ClusterError], str]] = [
    ({FAILOVER: Retryable("Connection reset")}, Retryable, "the connection broke"),
    ({}, Retryable, f"{TWO} is still no master"),
    ({("ROLE",): Retryable("Connection reset")}, Retryable, f"{TWO} is still no master"),
    ({("ROLE",): ["master"], ("REPLICAOF",): ValueError("NOPERM")}, Fatal, "it answered 'NOPERM'"),
]


@pytest.mark.parametrize(("replies", "kind", "words"), BEFORE, ids=["behind", "no good one", "no pause"])
def test_trouble_before_the_sentinels_are_at_it(
    replies: dict[tuple[str, ...], Any], kind: type[ClusterError], words: str
) -> None:
    told = Told(replies)
    with pytest.raises(kind) as raised:
        hand_over(told)
    assert words in str(raised.value)
    assert told.goes_on()
    assert told.fences() == ["1", "0"]
    assert told.done == []


@pytest.mark.parametrize(("replies", "kind", "words"), ASKED, ids=["broken off", "no master", "silent", "no right"])
def test_the_fence_stays_where_another_may_be_master(
    replies: dict[tuple[str, ...], Any], kind: type[ClusterError], words: str
) -> None:
    told = Told(replies)
    with pytest.raises(kind) as raised:
        hand_over(told)
    assert words in str(raised.value)
    assert told.goes_on()
    assert told.fences() == ["1"]
    assert told.done == []


def test_a_sentinel_that_is_busy_is_not_asked_twice() -> None:
    told = Told({COORDINATED: ValueError("INPROG Failover already in progress")})
    with pytest.raises(Fatal, match="INPROG"):
        hand_over(told)
    assert told.asked() == {COORDINATED}


def test_the_pause_is_renewed_while_it_is_needed() -> None:
    told = Told({("INFO", "replication"): behind})
    with pytest.raises(Retryable):
        hand_over(told)
    pauses = [command for _name, command in told.commands if command[:2] == ("CLIENT", "PAUSE")]
    assert 4 <= len(pauses) <= 6, "each half second of the 2.5 s"


def test_priorities_are_set_back() -> None:
    """No Sentinel sees them in this world."""
    told = Told({}, servers=3)
    with pytest.raises(Retryable, match="still has replica-priority 100"):
        hand_over(told)
    values = [(name, command[3]) for name, command in told.commands if command[2:3] == ("replica-priority",)]
    assert values == [(TWO, "1"), (TWO, "100")]
    assert ("CLIENT", "PAUSE", "2000", "WRITE") not in told.asked()


def test_the_candidate_stays_when_another_one_lacks_less_by_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under writes the best of two replicas changes with every look; the Sentinels were told of the first one."""
    told = Told({("ROLE",): ["master"]}, servers=3)
    late, looks, real = watches.with_server(told.before, 2, slave_repl_offset="5"), 0, told.observe

    def seen_by_sentinels(given: Watch) -> Watch:
        for number in (1, 2, 3):
            replicas = tuple(
                watches.peer("server", n, "slave", **{"slave-priority": "1" if n == 2 else "100"}) for n in (2, 3)
            )
            given = watches.with_sentinel(given, number, replicas=replicas)
        return given

    def observe() -> Watch:
        nonlocal looks
        looks += 1
        return real() if looks == 1 or FAILOVER in told.asked() else seen_by_sentinels(late)

    monkeypatch.setattr(told, "observe", observe)
    with pytest.raises(Retryable, match="Cannot prove within 5 s"):  # the third one follows nobody new in this world
        sentinel_failover.hand_over(cast("Watching", told), "", [ONE], 5.0)
    assert [step.subject for step in told.done] == [TWO]


def test_while_they_do_not_agree_nothing_is_done() -> None:
    told = Told({})
    told.before = watches.silent_sentinel(told.before, 3)
    with pytest.raises(Retryable, match="Connection refused"):
        hand_over(told)
    assert told.commands == []
    assert told.fake.passed >= 5.0, "it waited as long as it may"
