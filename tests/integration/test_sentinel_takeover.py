# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A master that is gone for good while no replica may be elected, and the server that a person names."""

from __future__ import annotations

from typing import Any

from tests.integration.pod_process import eventually
from tests.integration.sentinels import NAME, Watched, come_to_agree, told_by, watched
from tests.loopback import Process
from tests.servers import Server

SUITES = ("redis-trixie",)
FAILOVER = "sentinel_failover"


def never_elected(made: Watched) -> tuple[Process, Process]:
    """The master is dead, and both replicas started without it, as pods after an outage of all."""
    lost, *others = made.servers
    for each in others:
        each.ask("CONFIG", "SET", "replica-priority", "0")
    lost.kill()
    assert eventually(lambda: all("o_down" in told_by(each)["flags"] for each in made.sentinels))
    assert made.masters_of(others) == []
    return others[0], others[1]


def test_who_is_named_takes_over(server: Server) -> None:
    with watched(server) as made:
        lost = made.servers[0]
        lost.ask("SET", "key", "kept")
        assert lost.ask("WAIT", "2", "5000") == 2
        other, named = never_elected(made)
        asked: dict[str, Any] = {"to": named.endpoint, "given_up": lost.endpoint}
        foreseen = made.succeed(FAILOVER, check=True, **asked)
        assert made.masters_of([other, named]) == []
        done = made.succeed(FAILOVER, **asked)
        assert foreseen.values["plan"] == done.values["plan"]
        assert done.plan == [
            f"{named.endpoint} takes over from {lost.endpoint}, which is given up with what it alone has"
        ]
        assert named.ask("GET", "key") == "kept"
        assert not made.succeed(FAILOVER, **asked).changed
        assert named.ask("CONFIG", "GET", "replica-priority")[1] == "100"
        assert other.ask("CONFIG", "GET", "replica-priority")[1] == "0"
        lost.start()
        lost.wait_until_open()
        assert come_to_agree(made, named), "the former master follows when it is back"


def test_one_that_lives_is_not_given_up(server: Server) -> None:
    with watched(server) as made:
        message = made.refuse(FAILOVER, to=made.servers[1].endpoint, given_up=made.servers[0].endpoint)
        assert message.startswith(f"Cannot give {made.servers[0].endpoint} up: it answers")
        assert come_to_agree(made, made.servers[0])


def test_one_that_only_the_task_does_not_reach_is_not_given_up(server: Server) -> None:
    """The password of the task is not that of the master."""
    with watched(server) as made:
        made.servers[0].ask("ACL", "SETUSER", "tool", "on", ">another-secret", "~*", "+@all")
        for each in made.servers[1:]:
            each.ask("ACL", "SETUSER", "tool", "on", ">tool-secret", "~*", "+@all")
        login = {"redis_username": "tool", "redis_password": "tool-secret", "wait_timeout": 1}
        asked = {"to": made.servers[1].endpoint, "given_up": made.servers[0].endpoint}
        message = made.refuse(FAILOVER, **asked, **login)
        assert "but only 0 of 3 Sentinels miss it, so clients may reach it" in message, message
        assert come_to_agree(made, made.servers[0])


def test_without_the_word_nobody_takes_over(server: Server) -> None:
    with watched(server) as made:
        _other, named = never_elected(made)
        message = made.refuse(FAILOVER, to=named.endpoint, wait_timeout=2)
        assert message.startswith(f"Cannot hand the master of {NAME} over: ")
        assert made.masters_of(made.servers[1:]) == []
