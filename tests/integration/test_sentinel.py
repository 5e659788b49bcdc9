# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A master that real Sentinels watch: examined, and handed over under a writer."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import RedisError
from redis.sentinel import MasterNotFoundError, Sentinel

from tests.integration import modules
from tests.integration.pod_process import eventually
from tests.integration.sentinels import NAME, Watched, agree_on, come_to_agree, watched
from tests.servers import Server

SUITES = ("trixie",)
INFO, FAILOVER = "sentinel_info", "sentinel_failover"


@dataclass
class Writer:
    """Writes to whom the Sentinels name; ``acknowledged``: what a server said OK to."""

    target: Watched
    acknowledged: list[str] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        client = self.client()
        number = 0
        while not self.ended.is_set():
            try:
                client.set(f"key-{number}", number)
                self.acknowledged.append(f"key-{number}")
            except (RedisError, MasterNotFoundError):
                pass
            number += 1

    def client(self) -> Redis:
        sentinels = [(each.host, each.port) for each in self.target.sentinels]
        found: Redis = Sentinel(sentinels, socket_timeout=5).master_for(NAME, socket_timeout=5)
        return found

    def wait_for_more(self) -> None:
        wanted = len(self.acknowledged) + 200
        assert eventually(lambda: len(self.acknowledged) >= wanted), "the writer stands still"

    def end(self) -> None:
        self.ended.set()

    def lost(self) -> list[str]:
        """Of what was acknowledged, what no server that is master has."""
        client = self.client()
        return [key for key in self.acknowledged if client.get(key) is None]


@contextmanager
def writing(target: Watched) -> Iterator[Writer]:
    writer = Writer(target)
    thread = threading.Thread(target=writer.run)
    thread.start()
    try:
        writer.wait_for_more()
        yield writer
    finally:
        writer.end()
        thread.join()


def test_nothing_is_lost_under_a_writer(server: Server) -> None:
    with watched(server) as made:
        former, candidate = made.servers[0], made.servers[2]
        with writing(made) as writer:
            result = made.succeed(FAILOVER, to=candidate.endpoint)
            writer.wait_for_more()
        assert result.plan == [f"{candidate.endpoint} takes over from {former.endpoint}"]
        assert come_to_agree(made, candidate)
        assert writer.lost() == []
        again = made.succeed(FAILOVER, to=candidate.endpoint)
        assert not again.changed
        for each in made.servers:
            assert each.ask("CONFIG", "GET", "min-replicas-to-write")[1] == "0"
            assert each.ask("CONFIG", "GET", "replica-priority")[1] == "100"


def test_a_plain_failover_of_the_sentinels_loses_writes(server: Server) -> None:
    """So the test above can fail."""
    with watched(server) as made:
        with writing(made) as writer:
            assert made.sentinels[0].ask("SENTINEL", "FAILOVER", NAME) == "OK"
            assert eventually(lambda: len(made.masters()) > 1)
            assert eventually(lambda: len(made.masters()) == 1)
            writer.wait_for_more()
        assert writer.lost() != []


def test_what_is_well_has_no_critical_finding(server: Server) -> None:
    with watched(server) as made:
        assert eventually(lambda: made.findings() == {"no_fence"}), made.findings()
        result = made.succeed(INFO)
        assert result.values["instance"]["master"] == made.servers[0].endpoint
        assert not result.changed


def test_check_mode_foresees_it(server: Server) -> None:
    with watched(server, replicas=1) as made:
        away = made.servers[0].endpoint
        foreseen = made.succeed(FAILOVER, check=True, away_from=away)
        assert come_to_agree(made, made.servers[0])
        done = made.succeed(FAILOVER, away_from=away)
        assert foreseen.values["plan"] == done.values["plan"]
        assert foreseen.changed
        assert done.changed
        assert come_to_agree(made, made.servers[1])
        assert not made.succeed(FAILOVER, away_from=away).changed


MOST_BATCHES = 12


def test_killed_once_the_sentinels_are_at_it(server: Server) -> None:
    """The former master is left to itself: it refuses writes, and is a replica when the Sentinels come to it."""
    asked = 1 if server.family == "valkey" and server.version_key >= (9,) else 2  # the first word is not known to all
    with watched(server) as made:
        candidate = made.servers[1]
        wish = {**made.target(), "to": candidate.endpoint}
        with writing(made) as writer:
            assert modules.killed([FAILOVER], made.servers, asked, amid=False, having="FAILOVER", **wish)
            assert eventually(lambda: made.masters() == [candidate.endpoint])
            writer.wait_for_more()
        made.succeed(FAILOVER, to=candidate.endpoint)
        assert come_to_agree(made, candidate)
        assert writer.lost() == []


@pytest.mark.chaos
def test_killed_after_each_change(server: Server) -> None:
    """Nothing is lost by that, and one rerun ends what the killed run began."""
    with watched(server) as made, writing(made) as writer:
        for batch in range(1, MOST_BATCHES):
            candidate = made.servers[batch % 3]
            wish = {**made.target(), "to": candidate.endpoint}
            if not modules.killed([FAILOVER], made.servers, batch, amid=False, **wish):
                break
            made.succeed(FAILOVER, to=candidate.endpoint)
            assert come_to_agree(made, candidate)
            for each in made.servers:  # what the killed run has left, as its documentation says
                each.ask("CONFIG", "SET", "min-replicas-to-write", "0")
                each.ask("CONFIG", "SET", "replica-priority", "100")
        else:
            raise AssertionError("it has no end")
        assert batch > 1
        writer.wait_for_more()
        writer.end()
        assert writer.lost() == []


def test_a_sentinel_that_is_dead(server: Server) -> None:
    with watched(server) as made:
        dead = made.sentinels[2]
        dead.kill()
        message = made.refuse(FAILOVER, to=made.servers[1].endpoint, wait_timeout=2)
        assert message.startswith(f"Cannot hand the master of {NAME} over: {dead.endpoint}: ")
        assert "sentinel_unreachable" in made.findings()
        assert eventually(lambda: made.succeed(INFO).values["instance"]["healthy"])
        assert agree_on(Watched(made.servers, made.sentinels[:1]), made.servers[0]) is False  # it counts three


def test_a_replica_that_stands_still(server: Server) -> None:
    with watched(server) as made:
        made.servers[1].send_signal(signal.SIGSTOP)
        message = made.refuse(FAILOVER, to=made.servers[2].endpoint, wait_timeout=1, redis_timeout=1)
        made.servers[1].send_signal(signal.SIGCONT)
        assert made.servers[1].endpoint in message
        assert come_to_agree(made, made.servers[0])


def test_words_that_mean_nothing(server: Server) -> None:
    with watched(server, replicas=1) as made:
        assert made.refuse(FAILOVER, to="10.9.9.9:1") == (
            "Cannot hand over to or from 10.9.9.9:1: no server has that name; there are "
            f"{made.servers[0].endpoint}, {made.servers[1].endpoint}."
        )
        made.servers[1].ask("CONFIG", "SET", "replica-priority", "0")
        assert "its replica-priority is 0" in made.refuse(FAILOVER, to=made.servers[1].endpoint)
        assert "no replica of it may be master" in made.refuse(FAILOVER, away_from=made.servers[0].endpoint)
        other = {**made.target(), "master_name": "another", "to": made.servers[1].endpoint, "wait_timeout": 1}
        assert "does not watch a master of the name another" in modules.refuse(FAILOVER, made.servers, **other)


def test_two_masters_and_a_stranger(server: Server) -> None:
    """A replica that somebody made a master, and a server that nobody named."""
    with watched(server) as made:
        few = Watched(made.servers[:2], made.sentinels)
        assert "ghost_replica" in few.findings()
        made.servers[1].ask("REPLICAOF", "NO", "ONE")
        assert {"two_masters"} <= made.findings()


SERVER_RIGHTS = "+info +role +config|get +config|set +client|pause +client|unpause +client|kill +replicaof"
SENTINEL_RIGHTS = "+sentinel +info"


def test_the_rights_that_its_documentation_names_are_enough(server: Server) -> None:
    """And a password that is not theirs is not said again."""
    with watched(server) as made:
        for processes, rights in ((made.servers, SERVER_RIGHTS), (made.sentinels, SENTINEL_RIGHTS)):
            for each in processes:
                each.ask("ACL", "SETUSER", "tool", "on", ">tool-secret", *rights.split())
        login: dict[str, Any] = {
            "redis_username": "tool",
            "sentinel_username": "tool",
            "sentinel_password": "tool-secret",
        }
        wrong = made.run(FAILOVER, to=made.servers[1].endpoint, wait_timeout=1, redis_password="wrong-secret", **login)
        assert "the login is refused" in wrong.message
        assert "wrong-secret" not in wrong.output
        made.succeed(FAILOVER, to=made.servers[1].endpoint, redis_password="tool-secret", **login)
        assert come_to_agree(made, made.servers[1])


@pytest.mark.chaos
def test_twenty_in_a_row(server: Server) -> None:
    with watched(server, replicas=1) as made:
        with writing(made) as writer:
            for turn in range(20):
                made.succeed(FAILOVER, away_from=made.servers[turn % 2].endpoint)
                assert come_to_agree(made, made.servers[1 - turn % 2])
            writer.wait_for_more()
        assert writer.lost() == []
