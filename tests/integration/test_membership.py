# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Members join a live cluster and leave it again: nobody is known who left, and no key is lost."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import count
from typing import Any

from tests.integration import clients, modules, moving, servers_say, sweeps
from tests.loopback import Process, processes
from tests.servers import Server, available

TIMES: dict[str, Any] = {"node_timeout": 2000, "replica_sync_delay": 0, "wait_timeout": 60}

JOIN: tuple[tuple[str, dict[str, Any]], ...] = (
    ("cluster_meet", {}),
    ("cluster_slots", {"move": False}),
    ("cluster_replicas", {}),
)

SUITES = ("trixie",)

GOSSIP_FORGIVES = 60
"""Seconds for which servers refuse to learn a forgotten id again."""

BATCHES = 2
"""FORGET on all who stay, RESET on all who leave."""

MOST_BATCHES = 30
"""A run that sends more than this does not end."""


def scale_out(members: Sequence[Process], shards: int, replicas: int) -> list[modules.Result]:
    wish = {**TIMES, "shards": shards, "replicas": replicas}
    return [modules.succeed([name], members, **wish, **options)[0] for name, options in JOIN]


@contextmanager
def grown(server: Server, replicas: int = 1) -> Iterator[tuple[list[Process], list[Process]]]:
    """Three shards with data and three without slots: those that stay, and those that joined and are to leave."""
    half = 3 * (replicas + 1)
    with processes(server, 2 * half) as members:
        modules.create(members[:half], **TIMES, shards=3, replicas=replicas)
        scale_out(members, 6, replicas)
        yield members[:half], members[half:]


def forget(stay: Sequence[Process], leave: Sequence[Process], replicas: int = 1, **options: Any) -> modules.Result:
    (result,) = modules.run(["cluster_forget"], [*stay, *leave], **parting(leave, replicas), **options)
    return result


def parting(leave: Sequence[Process], replicas: int = 1) -> dict[str, Any]:
    return {**TIMES, "shards": 3, "replicas": replicas, "leaving": [one.endpoint for one in leave]}


def assert_gone(stay: Sequence[Process], leave: Sequence[Process]) -> None:
    for process in stay:
        assert set(servers_say.table(process)) == {servers_say.own_id(one) for one in stay}
    for process in leave:
        assert len(servers_say.table(process)) == 1
        assert process.ask("DBSIZE") == 0


def test_shards_join_without_slots_and_leave_again(server: Server) -> None:
    with grown(server) as (stay, leave):
        written = clients.write(stay[0])
        moving.await_rest([*stay, *leave])
        everyone = servers_say.table(stay[0])
        assert all(servers_say.table(process) == everyone for process in [*stay, *leave])
        masters = {node_id: line for node_id, line in everyone.items() if line.master == "-"}
        assert len(masters) == 6
        assert sum(not line.slots for line in masters.values()) == 3
        assert sorted(line.master for line in everyone.values() if line.master != "-") == sorted(masters)

        servers_say.forget_commands([*stay, *leave])
        foreseen = forget(stay, leave, check=True)
        assert foreseen.changed
        assert servers_say.writes([*stay, *leave]) == set()
        done = forget(stay, leave)
        assert done.plan == foreseen.plan
        assert_gone(stay, leave)
        servers_say.assert_converged(stay, 3, 1)
        assert clients.read(stay[-1], written) == written

        again = forget(stay, leave)
        assert (again.changed, again.plan) == (False, [])
        wish = {name: value for name, value in parting(leave).items() if name != "wait_timeout"}
        info = modules.succeed(["cluster_info"], [*stay, *leave], **wish)[0]
        assert info.values["cluster"]["healthy"]
        assert info.values["cluster"]["in_order"]
        assert "leaving" in info.findings


def test_nobody_comes_back_when_gossip_may_bring_him() -> None:
    """On every version that is there, side by side, for they all have to be waited for."""
    with ExitStack() as kept:
        parted = [kept.enter_context(grown(server)) for server in available()]
        for stay, leave in parted:
            forget(stay, leave)
        deadline = time.monotonic() + GOSSIP_FORGIVES + 30
        while time.monotonic() < deadline:
            for stay, leave in parted:
                assert_gone(stay, leave)
            time.sleep(3)


@sweeps.one_server()
def test_replicas_leave_with_data_and_are_taken_back(server: Server) -> None:
    """They are not reset: their copy is nobody else's business. When wished again they join with their old id."""
    with processes(server, 9) as members:
        modules.create(members[:6], **TIMES, shards=3, replicas=1)
        written = clients.write(members[0])
        scale_out(members, 3, 2)
        servers_say.assert_converged(members, 3, 2)
        stay, leave = members[:6], members[6:]
        ids = {servers_say.own_id(process) for process in leave}
        assert forget(stay, leave).changed
        assert {servers_say.own_id(process) for process in leave} == ids
        assert all(int(process.ask("DBSIZE")) > 0 for process in leave)

        # As their pods are: ended, and made again over the same data. One of Valkey from 8.1 on that lived for a node
        # timeout after it was forgotten has met the others again by itself; the second run is for that.
        for process in leave:
            process.kill()
        modules.succeed(["cluster_forget"], stay, **TIMES, shards=3, replicas=1, ghosts=True)
        servers_say.assert_converged(stay, 3, 1)
        for process in leave:
            process.start()
            process.wait_until_open()
        scale_out(members, 3, 2)
        servers_say.assert_converged(members, 3, 2)
        assert {servers_say.own_id(process) for process in leave} == ids
        assert clients.read(members[-1], written) == written


def test_shards_that_left_come_back_as_new_ones(server: Server) -> None:
    with grown(server, 0) as (stay, leave):
        forget(stay, leave, 0)
        scale_out([*stay, *leave], 6, 0)
        table = servers_say.table(leave[0])
        assert set(table) == {servers_say.own_id(process) for process in [*stay, *leave]}
        assert len({line.epoch for line in table.values()}) == 6


@sweeps.swept(("redis", True), ("valkey", False))
def test_killed_at_each_step(server: Server, amid: bool) -> None:
    """Back and forth on the same servers, each time killed one step later."""
    with grown(server) as (stay, leave):
        for batch in count(1):
            if not modules.killed(["cluster_forget"], [*stay, *leave], batch, amid=amid, **parting(leave)):
                break
            # In between everybody else goes on as if nobody were leaving.
            for name, options in JOIN:
                (result,) = modules.succeed([name], [*stay, *leave], **parting(leave), **options)
                assert not result.changed, result.plan
            forget(stay, leave)
            assert_gone(stay, leave)
            scale_out([*stay, *leave], 6, 1)
            assert batch < MOST_BATCHES
        assert batch > BATCHES, "it was killed too seldom to prove anything"
        assert_gone(stay, leave)


def refused(stay: Sequence[Process], leave: Sequence[Process]) -> str:
    moving.await_rest([*stay, *leave])
    before = servers_say.picture([*stay, *leave])
    message = modules.refuse("cluster_forget", [*stay, *leave], **parting(leave, 0))
    assert servers_say.picture([*stay, *leave]) == before
    return message


def test_who_serves_slots_is_refused(server: Server) -> None:
    with processes(server, 4) as members:
        modules.create(members, **TIMES, shards=4, replicas=0)
        assert refused(members[:3], members[3:]) == (
            f"Cannot let {members[3].endpoint} leave: it serves 4096 slots; move them to members that stay."
        )


def test_who_is_still_replicated_is_refused(server: Server) -> None:
    with processes(server, 4) as members:
        modules.create(members[:3], **TIMES, shards=3, replicas=0)
        with processes(server, 1) as (extra,):
            modules.succeed(["cluster_meet"], [*members, extra], **TIMES, shards=5, replicas=0)
            members[3].ask("CLUSTER", "REPLICATE", servers_say.own_id(extra))
            message = modules.run(
                ["cluster_forget"], [*members, extra], **TIMES, shards=4, replicas=0, leaving=[extra.endpoint]
            )[0].message
    seen = f"is replicated by {members[3].endpoint}"
    assert message == f"Cannot let {extra.endpoint} leave: it {seen}; attach that to a master that stays."


def test_a_ghost_goes_only_when_that_is_wished(server: Server) -> None:
    with grown(server, 0) as (stay, leave):
        for process in leave:
            process.kill()
        _wait_until_failed(stay, 3)
        for ghosts in (False, True):
            (result,) = modules.succeed(["cluster_forget"], stay, **TIMES, shards=3, replicas=0, ghosts=ghosts)
            assert result.changed is ghosts
        servers_say.assert_converged(stay, 3, 0)


def _wait_until_failed(stay: Sequence[Process], number: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        failed = [sum("fail" in line.flags for line in servers_say.table(process).values()) for process in stay]
        if set(failed) == {number}:
            return
        time.sleep(0.1)
    raise AssertionError(f"they do not hold {number} for failed")
