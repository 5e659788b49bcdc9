# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Members leave, on servers in memory: also when runs are killed, and when news is quicker than a command."""

from __future__ import annotations

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._decide import slots
from ansible_collections.k8sredis.core.plugins.module_utils._execute import converge, forget
from ansible_collections.k8sredis.core.plugins.module_utils._execute.session import Session
from ansible_collections.k8sredis.core.plugins.module_utils._model import ClusterError, Fatal, Refused, Retryable, Wish

from tests.unit.decide.views import member, names, wish
from tests.unit.execute.test_converge import Instance, KilledError
from tests.unit.stand_ins.cluster import Server, Servers, Words

WISH = wish(3, 1, cluster_node_timeout="15000")
TIMEOUT = 60.0
STAY, LEAVE = names(3, 1), ["shop-3-0", "shop-3-1"]
WATCH = 8.0


class Grown(Instance):
    """Four shards of which the last serves nothing."""

    def __init__(self) -> None:
        super().__init__(4, 1)
        converge.join(self.session(), wish(4, 1), TIMEOUT)
        for number, bounds in enumerate(slots.allocation(3)):
            self.servers[f"shop-{number}-0"].change(slots=(bounds,))
        self.servers.settle()
        converge.attach(self.session(), wish(4, 1), TIMEOUT)
        self.servers.log.clear()
        self.time.slept.clear()

    def wished(self, wished: Wish = WISH) -> Session:
        return Session(self.target, clock=self.time.clock, wish=wished)

    def leave(self, ghosts: bool = False) -> Session:
        session = self.wished()
        forget.leave(session, WISH, TIMEOUT, ghosts)
        return session


@pytest.fixture
def grown() -> Grown:
    return Grown()


def known(servers: Servers) -> dict[str, int]:
    return {name: len(server.table) for name, server in servers.by_name.items()}


def assert_gone(grown: Grown) -> None:
    assert known(grown.servers) == {**dict.fromkeys(STAY, 6), **dict.fromkeys(LEAVE, 1)}


def test_members_leave_in_order_and_are_watched(grown: Grown) -> None:
    session = grown.leave()
    assert_gone(grown)
    told = [line.split(": ") for line in grown.sent()]
    assert sorted({name for name, words in told if words.startswith("CLUSTER FORGET")}) == STAY
    assert [name for name, words in told if words == "CLUSTER RESET HARD"] == ["shop-3-1", "shop-3-0"]
    assert [step.kind for step in session.done] == ["forget"] * 6 + ["reset"] * 2
    assert sum(grown.time.slept) >= WATCH


def test_a_second_run_does_nothing_at_once(grown: Grown) -> None:
    grown.leave()
    grown.servers.log.clear()
    grown.time.slept.clear()
    assert grown.leave().done == []
    assert (grown.sent(), grown.time.slept) == ([], [])


@pytest.mark.parametrize("commands", range(14))
def test_a_run_killed_anywhere_is_taken_up(grown: Grown, commands: int) -> None:
    left = commands

    def kill(server: Server, words: Words) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise KilledError

    grown.servers.on_command = kill
    with pytest.raises(KilledError):
        grown.leave()
    grown.servers.on_command = lambda server, words: None
    grown.servers.settle()
    grown.servers.log.clear()
    for phase in (converge.join, converge.assign, converge.attach):
        phase(grown.wished(), WISH, TIMEOUT)
    assert grown.sent() == []
    grown.leave()
    assert_gone(grown)


def test_news_may_be_quicker_than_the_command(grown: Grown) -> None:
    def spread(server: Server, words: Words) -> None:
        if words[1] == "FORGET":
            for other in STAY:
                if other != server.member.name:
                    grown.servers[other].table.pop(words[2], None)

    grown.servers.on_command = spread
    grown.leave()
    assert_gone(grown)


def test_while_others_disagree_nobody_is_forgotten(grown: Grown) -> None:
    grown.servers["shop-1-1"].alive = False
    grown.time.later(20, lambda: setattr(grown.servers["shop-1-1"], "alive", True))
    grown.leave()
    assert_gone(grown)
    grown = Grown()
    grown.servers["shop-1-1"].alive = False
    assert "Cannot reach shop-1-1" in failure(Retryable, grown)
    assert grown.sent() == []


def test_slots_are_refused_before_anything_is_changed(grown: Grown) -> None:
    grown.servers["shop-2-0"].change(slots=((10922, 16000),))
    grown.servers["shop-3-0"].change(slots=((16001, 16383),))
    grown.servers.settle()
    assert failure(Refused, grown).startswith("Cannot let shop-3-0 leave: it serves 383 slots")
    assert grown.sent() == []


def test_a_server_that_says_no_ends_the_run(grown: Grown) -> None:
    grown.servers.refusals["shop-0-0", "CLUSTER FORGET"] = "ERR Can't forget my master!"
    assert failure(Fatal, grown) == (
        "Cannot bring about 'shop-0-0 forgets shop-3-1, shop-3-0': it answered 'Can't forget my master!'; see "
        "'cluster_info'."
    )


def test_a_server_that_breaks_off(grown: Grown) -> None:
    def break_off(server: Server, words: Words) -> None:
        if server.member.name == "shop-2-1":
            server.alive = False

    grown.servers.on_command = break_off
    assert failure(Retryable, grown).startswith("Cannot tell whether 'shop-2-1 forgets shop-3-1, shop-3-0' was done")


def failure(kind: type[ClusterError], grown: Grown) -> str:
    with pytest.raises(kind) as failed:
        grown.leave()
    return str(failed.value)


def test_ghosts(grown: Grown) -> None:
    for name in LEAVE:
        grown.servers.by_name.pop(name)
    grown.servers.settle()
    assert set(known(grown.servers).values()) == {8}
    grown.leave()
    assert set(known(grown.servers).values()) == {8}
    grown.leave(ghosts=True)
    assert set(known(grown.servers).values()) == {6}


def test_who_left_may_come_back(grown: Grown) -> None:
    grown.leave()
    converge.join(grown.session(), wish(4, 1), TIMEOUT)
    assert set(known(grown.servers).values()) == {8}
    assert member("shop-3-0").name in known(grown.servers)
