# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger sees nothing where nothing happens, and sees the loss where something is done that loses writes."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.chaos import ledger
from tests.chaos.clients import LIBRARIES, OF_CLUSTERS
from tests.chaos.plan import COUNTER, LIST, Plan, keys, kind_of, slot_of
from tests.chaos.target import Target
from tests.integration import modules, servers_say
from tests.loopback import Process, processes
from tests.servers import Server, available

PASSWORD = "a password that is in no list of processes"
WRITES = 200
"""Of each client: some in each of twelve groups of slots."""

LOGIN = ("--requirepass", PASSWORD, "--masterauth", PASSWORD)


@pytest.fixture(params=["redis", "valkey"])
def one_of_each(request: pytest.FixtureRequest) -> Server:
    return next(one for one in available() if (one.family, one.suite) == (request.param, "trixie"))


def test_calm(server: Server, tmp_path: Path) -> None:
    """Both libraries work with every version, logged in, by a command with other words before it."""
    with processes(server, 3, LOGIN, access={"password": PASSWORD}) as members:
        modules.create(members, shards=3, replicas=0, node_timeout=5000, redis_password=PASSWORD)
        access = {"username": "default", "password": PASSWORD}
        with ledger.running([members[0].endpoint], access, tmp_path, command=["nice"]) as run:
            running = [Path(f"/proc/{process.pid}/cmdline").read_text() for process in run.processes.values()]
            run.mark("half of the time is over")
            run.wait_for_writes(WRITES)
            verdict = run.finish()
    assert len(running) == 2 * len(OF_CLUSTERS)
    assert not [words for words in running if PASSWORD in words]
    assert verdict.clean, verdict
    assert all(one.acknowledged >= run.plan.groups for one in verdict.by_client.values()), verdict
    assert [mark.text for mark in verdict.marks] == ["half of the time is over"]
    assert "half of the time is over" in (tmp_path / "timeline.svg").read_text(encoding="utf-8")


def test_a_replica_that_lags_behind_is_promoted(one_of_each: Server, tmp_path: Path) -> None:
    with processes(one_of_each, 6) as members:
        modules.create(members, shards=3, replicas=1, node_timeout=5000)
        master, replica = _shard(members)
        with ledger.running([members[0].endpoint], {}, tmp_path, replicas=1) as run:
            run.mark("replication stops")
            replica.ask("CONFIG", "SET", "masterauth", "which its master does not take")
            master.ask("CLIENT", "KILL", "TYPE", "replica")
            _wait_until(lambda: servers_say.info(replica, "replication")["master_link_status"] == "down")
            run.wait_for_writes(WRITES)
            run.mark("takeover")
            replica.ask("CLUSTER", "FAILOVER", "TAKEOVER")
            _wait_until(lambda: not servers_say.is_master(master))
            run.wait_for_writes(WRITES)
            verdict = run.finish()
    assert not verdict.clean
    assert all(one.lost > 0 for one in verdict.by_client.values()), verdict
    assert {kind_of(fault) for fault in verdict.account.faults} == {COUNTER, LIST}, verdict
    assert verdict.clean_but_plain_losses, "without a replica WAIT promises nothing"


def test_a_master_forgets_what_its_replica_had(one_of_each: Server, tmp_path: Path) -> None:
    with processes(one_of_each, 6) as members:
        modules.create(members, shards=3, replicas=1, node_timeout=5000)
        master, _replica = _shard(members)
        with ledger.running([members[0].endpoint], {}, tmp_path, replicas=1) as run:
            run.wait_for_writes(WRITES)
            run.mark("all keys are gone")
            master.ask("FLUSHALL")
            run.wait_for_writes(WRITES)
            verdict = run.finish()
    assert verdict.by_client["redis-py"].lost_replicated > 0, verdict
    assert verdict.by_client["glide"].lost > 0
    assert verdict.by_client["glide"].replicated == 0
    assert not verdict.clean_but_plain_losses


def test_a_slot_is_given_away_without_its_keys(one_of_each: Server, tmp_path: Path) -> None:
    with processes(one_of_each, 3) as members:
        modules.create(members, shards=3, replicas=0, node_timeout=5000)
        giver, taker = _by_slots(members)[:2]
        with ledger.running([members[0].endpoint], {}, tmp_path) as run:
            run.mark("the slot is closed")
            slot = str(keys(run.plan, "glide")[0][0].slot)
            taker.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", servers_say.own_id(giver))
            taker.ask("CLUSTER", "SETSLOT", slot, "NODE", servers_say.own_id(taker))
            _wait_until(lambda: giver.ask("CLUSTER", "COUNTKEYSINSLOT", slot) == 0)
            run.wait_for_writes(WRITES)
            verdict = run.finish()
    assert verdict.lost > 0, verdict
    assert {str(slot_of(fault.split(": ")[0])) for fault in verdict.account.faults} == {slot}, verdict


def test_a_killed_client_leaves_its_log(one_of_each: Server, tmp_path: Path) -> None:
    with processes(one_of_each, 3) as members:
        modules.create(members, shards=3, replicas=0, node_timeout=5000)
        with ledger.running([members[0].endpoint], {}, tmp_path, pause=0.002) as run:
            os.kill(run.processes["redis-py-write"].pid, signal.SIGKILL)
            run.processes["redis-py-write"].wait()
            verdict = run.finish()
    assert verdict.gone == ("redis-py-write",)
    assert not verdict.clean
    assert (verdict.lost, verdict.duplicated, verdict.reordered, verdict.account.foreign) == (0, 0, 0, 0), verdict
    assert verdict.by_client["redis-py"].acknowledged > 0


def test_sent_on_to_a_node_without_slots(one_of_each: Server) -> None:
    """As at the start of each move to a new master: redis-py, with its fault mended."""
    with processes(one_of_each, 4) as members:
        *served, new = members
        modules.create(served, shards=3, replicas=0, node_timeout=5000)
        client = LIBRARIES["redis-py"](Target([served[0].endpoint], {}), 0)
        new.ask("CLUSTER", "MEET", served[0].host, str(served[0].port))
        _wait_until(lambda: all(len(servers_say.table(member)) == len(members) for member in members))
        _wait_until(lambda: "cluster_state:ok" in new.ask("CLUSTER", "INFO"))
        key = keys(Plan("run"), "redis-py")[0][0]
        giver = _by_slots(served)[0]
        new.ask("CLUSTER", "SETSLOT", str(key.slot), "IMPORTING", servers_say.own_id(giver))
        giver.ask("CLUSTER", "SETSLOT", str(key.slot), "MIGRATING", servers_say.own_id(new))
        assert [client.increment(key.name) for _turn in range(3)] == [1, 2, 3]
        assert new.ask("CLUSTER", "COUNTKEYSINSLOT", str(key.slot)) == 1


def _shard(members: list[Process]) -> tuple[Process, Process]:
    """A master and its replica."""
    replica = next(member for member in members if not servers_say.is_master(member))
    master = servers_say.table(replica)[servers_say.own_id(replica)].master
    return next(member for member in members if servers_say.own_id(member) == master), replica


def _by_slots(members: list[Process]) -> list[Process]:
    first = {
        member.endpoint: int(servers_say.table(member)[servers_say.own_id(member)].slots[0].split("-")[0])
        for member in members
    }
    return sorted(members, key=lambda member: first[member.endpoint])


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it did not come to it within 60 s"
        time.sleep(0.05)
