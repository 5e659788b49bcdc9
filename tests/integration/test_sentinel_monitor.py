# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real Sentinels that are told what to watch."""

from __future__ import annotations

from typing import Any

from tests.integration import modules
from tests.integration.pod_process import eventually
from tests.integration.sentinels import NAME, Watched, come_to_agree, told_by, watched
from tests.loopback import Process
from tests.servers import Server

SUITES = ("trixie",)
MONITOR = "sentinel_monitor"
SETTINGS: dict[str, Any] = {"down_after": 3000, "failover_timeout": 10000}


def test_from_nothing_and_back(server: Server) -> None:
    with watched(server, told=False) as made:
        master = made.servers[0]
        wish = {"master": master.endpoint, **SETTINGS}
        foreseen = made.succeed(MONITOR, check=True, **wish)
        assert "not_watched" in made.findings()
        done = made.succeed(MONITOR, **wish)
        assert (
            done.plan
            == foreseen.plan
            == [f"{each.endpoint} watches {master.endpoint} as {NAME}" for each in sorted_by_name(made.sentinels)]
        )
        assert come_to_agree(made, master)
        for each in made.sentinels:
            told = told_by(each)
            assert (told["quorum"], told["down-after-milliseconds"], told["failover-timeout"]) == ("2", "3000", "10000")
        assert not made.succeed(MONITOR, **wish).changed
        assert not made.succeed(MONITOR).changed, "without a name it is whom they watch"

        assert made.succeed(MONITOR, check=True, state="absent").changed
        assert come_to_agree(made, master)
        assert made.succeed(MONITOR, state="absent").changed
        assert "not_watched" in made.findings()
        assert not made.succeed(MONITOR, state="absent").changed


def sorted_by_name(processes: list[Process]) -> list[Process]:
    return sorted(processes, key=lambda each: each.endpoint)


def test_settings_of_one_that_differs(server: Server) -> None:
    with watched(server) as made:
        made.sentinels[1].ask("SENTINEL", "SET", NAME, "quorum", "3", "parallel-syncs", "2")
        assert "settings_differ" in made.findings()
        done = made.succeed(MONITOR, quorum=2, parallel_syncs=1)
        assert done.plan == [f"{made.sentinels[1].endpoint} has parallel-syncs 1, quorum 2 for {NAME}"]
        assert "settings_differ" not in made.findings()


def test_one_that_watches_a_replica(server: Server) -> None:
    """As one that was started with an old file."""
    with watched(server) as made:
        master, replica, alone = made.servers[0], made.servers[1], made.sentinels[2]
        alone.ask("SENTINEL", "REMOVE", NAME)
        alone.ask("SENTINEL", "MONITOR", NAME, replica.host, str(replica.port), "2")
        done = made.succeed(MONITOR, **SETTINGS)
        assert done.plan == [f"{alone.endpoint} watches {master.endpoint} as {NAME}"]
        assert come_to_agree(made, master)


def test_a_login(server: Server) -> None:
    with watched(server, told=False) as made:
        for each in made.servers:
            each.ask("ACL", "SETUSER", "sentinel", "on", ">watch-secret", "allchannels", "+@all")
            each.ask("ACL", "SETUSER", "default", "resetpass", ">other-secret", "-@all", "+@all")
            each.access = {"username": "sentinel", "password": "watch-secret"}
        for replica in made.servers[1:]:
            replica.ask("CONFIG", "SET", "masteruser", "sentinel", "masterauth", "watch-secret")
        login: dict[str, Any] = {"redis_username": "sentinel", "redis_password": "watch-secret"}
        auth: dict[str, Any] = {"auth_user": "sentinel", "auth_password": "watch-secret"}
        done = made.succeed(MONITOR, master=made.servers[0].endpoint, **SETTINGS, **login, **auth)
        assert come_to_agree(made, made.servers[0])
        assert not made.succeed(MONITOR, **login, **auth).changed
        again = made.succeed(MONITOR, **login, **auth, update_password="always")
        assert {step["kind"] for step in again.values["plan"]} == {"login"}
        assert "watch-secret" not in done.output + again.output


def test_what_is_refused(server: Server) -> None:
    with watched(server, told=False) as made:
        master, replica = made.servers[0], made.servers[1]
        assert "name it by 'master'" in made.refuse(MONITOR)
        assert "no server has that name" in made.refuse(MONITOR, master="10.9.9.9:1")
        assert f"Cannot watch {replica.endpoint} as the master: it is a replica" in made.refuse(
            MONITOR, master=replica.endpoint
        )
        assert "Cannot use the quorum 4: there are 3 Sentinels" in made.refuse(
            MONITOR, master=master.endpoint, quorum=4
        )
        assert "it is too little" in made.refuse(MONITOR, master=master.endpoint, down_after=0)
        replica.ask("REPLICAOF", "NO", "ONE")
        assert f"{replica.endpoint} is a master too, and may have newer data" in made.refuse(
            MONITOR, master=master.endpoint
        )
        replica.ask("REPLICAOF", master.host, str(master.port))
        assert eventually(lambda: made.run(MONITOR, master=master.endpoint, **SETTINGS).changed)
        assert f"most Sentinels take {master.endpoint} for it" in made.refuse(MONITOR, master=replica.endpoint)


def test_killed_in_between(server: Server) -> None:
    with watched(server, told=False) as made:
        wish = {**made.target(), "master": made.servers[0].endpoint, **SETTINGS}
        for batch in (1, 2):
            assert modules.killed([MONITOR], made.servers, 1, amid=batch == 2, **wish)
        made.succeed(MONITOR, master=made.servers[0].endpoint, **SETTINGS)
        assert come_to_agree(Watched(made.servers, made.sentinels), made.servers[0])
