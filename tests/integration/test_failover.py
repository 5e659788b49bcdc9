# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Masters handed over to their replicas on real servers, under writes, again and again, and by runs that are killed."""

from __future__ import annotations

import signal
from itertools import count
from typing import Any

from tests.integration import modules, moving, servers_say, sweeps
from tests.integration.servers_say import shards
from tests.integration.writer import writing
from tests.loopback import Process, processes
from tests.servers import Server

SUITES = ("trixie",)

NODE_TIMEOUT = 2000
"""Milliseconds: the windows of elections are 4 s and 8 s. With less, servers that a busy machine holds up for a second
have elections of their own, which no test here asked for."""

QUICK = ("--cluster-node-timeout", str(NODE_TIMEOUT), "--cluster-allow-replica-migration", "no")
"""As the role has it: on a machine that is busy for a second replicas would wander to other shards by themselves."""

WISH: dict[str, Any] = {"shards": 3, "node_timeout": NODE_TIMEOUT, "replica_sync_delay": 0, "wait_timeout": 180}
FAILOVER = ("cluster_failover",)
MOST_BATCHES = 30
HOSTS = ("127.0.0.1", "127.0.0.2", "127.0.0.3")


def create(members: list[Process], replicas: int = 1) -> None:
    modules.create(members, **WISH, replicas=replicas)


def hand_over(members: list[Process], *to: Process, replicas: int = 1) -> modules.Result:
    names = [member.endpoint for member in to]
    (result,) = modules.succeed(FAILOVER, members, **WISH, replicas=replicas, to=names)
    return result


def assert_no_election_failed(members: list[Process]) -> None:
    """What a server writes when a manual failover came to nothing: its writes had stood still for 5 s."""
    for member in members:
        assert "Manual failover timed out" not in (member.directory / "log").read_text(), member.endpoint


def test_nothing_is_lost_under_a_writer(server: Server) -> None:
    with processes(server, 6, QUICK) as members:
        create(members)
        before = shards(members)
        candidates = [replica for _master, replica in before]
        with writing(members[0]) as writer:
            result = hand_over(members, *candidates)
            writer.wait_for_more()
        assert [f"{new.endpoint} takes over from {old.endpoint}" for old, new in before] == result.plan
        servers_say.assert_converged(members, 3, 1)
        assert all(servers_say.is_master(candidate) for candidate in candidates)
        assert writer.errors == []
        assert writer.stored() == writer.acknowledged
        assert_no_election_failed(members)


def test_check_mode_foresees_it_and_a_second_run_does_nothing(server: Server) -> None:
    with processes(server, 6, QUICK) as members:
        create(members)
        candidate = shards(members)[1][1]
        wish = {**WISH, "to": [candidate.endpoint]}
        moving.await_rest(members)
        before = servers_say.picture(members)
        servers_say.forget_commands(members)
        (foreseen,) = modules.succeed(FAILOVER, members, check=True, **wish)
        assert servers_say.writes(members) == set()
        assert servers_say.picture(members) == before

        (done,) = modules.succeed(FAILOVER, members, **wish)
        assert foreseen.values["plan"] == done.values["plan"]
        assert foreseen.changed
        assert done.changed

        moving.await_rest(members)
        before = servers_say.picture(members)
        servers_say.forget_commands(members)
        for check in (True, False):
            (again,) = modules.succeed(FAILOVER, members, check=check, **wish)
            assert (again.changed, again.plan) == (False, [])
        assert servers_say.writes(members) == set()
        assert servers_say.picture(members) == before


@sweeps.one_server()
def test_twenty_in_a_row(server: Server) -> None:
    with processes(server, 6, QUICK) as members:
        create(members)
        for turn in range(20):
            _master, replica = shards(members)[turn % 3]
            assert hand_over(members, replica).changed
            assert servers_say.is_master(replica)
        servers_say.assert_converged(members, 3, 1)
        assert_no_election_failed(members)


def test_every_other_replica_follows_the_new_master(server: Server) -> None:
    with processes(server, 9, QUICK) as members:
        create(members, replicas=2)
        for turn in range(4):
            hand_over(members, shards(members)[0][1 + turn % 2], replicas=2)
            servers_say.assert_converged(members, 3, 2)
        assert_no_election_failed(members)


def test_elections_that_others_asked_for_are_waited_for(server: Server) -> None:
    """There and back by hand; the same replica again would not be elected by Redis, and writes would stand still."""
    wish = {**WISH, "node_timeout": 5000}
    with processes(server, 6, (*QUICK, "--cluster-node-timeout", "5000")) as members:
        modules.create(members, **wish)
        master, replica = shards(members)[0]
        for candidate in (replica, master):
            assert candidate.ask("CLUSTER", "FAILOVER") == "OK"
            modules.succeed(("cluster_replicas",), members, **wish)
            assert servers_say.is_master(candidate)
        assert modules.succeed(FAILOVER, members, **wish, to=[replica.endpoint])[0].changed
        assert servers_say.is_master(replica)
        assert_no_election_failed(members)


def test_masters_are_spread_over_hosts(server: Server) -> None:
    with processes(server, 6, QUICK, hosts=HOSTS) as members:
        create(members)
        spread = modules.succeed(FAILOVER, members, **WISH, choose="spread")
        assert not spread[0].changed
        together = {host: [m for m in members if m.host == host] for host in HOSTS}
        crowded = next(pair for pair in together.values() if sum(map(servers_say.is_master, pair)) == 1)
        hand_over(members, next(member for member in crowded if not servers_say.is_master(member)))
        (result,) = modules.succeed(FAILOVER, members, **WISH, choose="spread")
        assert len(result.plan) == 1
        assert {member.host for member in members if servers_say.is_master(member)} == set(HOSTS)
        servers_say.assert_converged(members, 3, 1)


def test_away_from_a_member(server: Server) -> None:
    with processes(server, 9, QUICK) as members:
        create(members, replicas=2)
        master, _first, second = shards(members)[2]
        second.ask("CONFIG", "SET", "cluster-replica-no-failover", "yes")
        wish = {**WISH, "replicas": 2, "away_from": [master.endpoint]}
        (result,) = modules.succeed(FAILOVER, members, **wish)
        assert result.changed
        assert not servers_say.is_master(master)
        assert not servers_say.is_master(second)
        assert not modules.succeed(FAILOVER, members, **wish)[0].changed
        assert "cluster-replica-no-failover" in modules.refuse(
            "cluster_failover", members, **{**WISH, "wait_timeout": 60}, replicas=2, to=[second.endpoint]
        )


REFUSED: dict[str, Any] = {**WISH, "wait_timeout": 3, "redis_timeout": 1}


def test_a_replica_that_stands_still_is_not_asked(server: Server) -> None:
    with processes(server, 6, QUICK) as members:
        create(members)
        master, replica = shards(members)[0]
        replica.send_signal(signal.SIGSTOP)
        try:
            message = modules.refuse("cluster_failover", members, **REFUSED, to=[replica.endpoint])
        finally:
            replica.send_signal(signal.SIGCONT)
        assert message.startswith(f"Cannot reach {replica.endpoint}: ")
        assert servers_say.is_master(master)
        assert hand_over(members, replica).changed


def test_a_replica_without_its_link_is_not_asked(server: Server) -> None:
    """Its master asks for a password that it does not have, so its link, once cut, stays down."""
    with processes(server, 6, QUICK) as members:
        create(members)
        master, replica = shards(members)[0]
        replica.ask("CONFIG", "SET", "masterauth", "wrong")
        replica.ask("CONFIG", "SET", "masteruser", "nobody")
        replica.ask("CLIENT", "KILL", "TYPE", "master")
        message = modules.refuse("cluster_failover", members, **REFUSED, to=[replica.endpoint])
        assert message == (
            f"Cannot begin '{replica.endpoint} takes over from {master.endpoint}' within 3 s: {replica.endpoint}: its "
            "link to the master is down; mend that and run again, see 'cluster_info'."
        )
        assert servers_say.is_master(master)


def test_a_name_that_nobody_has_is_refused_at_once(server: Server) -> None:
    with processes(server, 6, QUICK) as members:
        create(members)
        message = modules.refuse("cluster_failover", members, **WISH, to=["127.0.0.9:1"])
        assert message.startswith("Cannot hand over to or from 127.0.0.9:1: no member has that name; there are ")


@sweeps.swept(("redis", False), ("valkey", True))
def test_killed_at_each_step(server: Server, amid: bool) -> None:
    """The same servers for all kills; each rerun ends what the killed run began."""
    with processes(server, 9, QUICK) as members:
        create(members, replicas=2)
        for batch in count(1):
            assert batch < MOST_BATCHES
            wish = {**WISH, "replicas": 2, "to": [shards(members)[batch % 3][1].endpoint]}
            if not modules.killed(FAILOVER, members, batch, amid=amid, **wish):
                break
            modules.succeed(FAILOVER, members, **wish)
            servers_say.assert_converged(members, 3, 2)
            assert shards(members)[batch % 3][0].endpoint == wish["to"][0]
        assert batch > 2, "a run has two batches at least, the introductions and the failover"
        assert_no_election_failed(members)
