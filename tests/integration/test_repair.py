# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What takes a person's word is refused without it, names what it is about, and is done with it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from typing import Any

from redis import Redis

from tests.integration import modules, servers_say, sweeps
from tests.loopback import Process, processes
from tests.servers import Server

SUITES = ("trixie",)

SETTINGS = ("--cluster-allow-replica-migration", "no")
WISH: dict[str, Any] = {"shards": 3, "node_timeout": 2000, "replica_sync_delay": 0, "wait_timeout": 60}
SLOT, TAG = 0, "{3560}"
"""A hash tag whose slot that is."""


def repair(members: Sequence[Process], **options: Any) -> modules.Result:
    (result,) = modules.run(["cluster_repair"], members, **{**WISH, **options})
    assert "Traceback" not in result.output
    return result


@sweeps.one_server()
def test_slots_of_a_lost_shard_are_given_out_as_empty_only_by_name(server: Server) -> None:
    with processes(server, 3, SETTINGS) as members:
        modules.create(members, replicas=0, **WISH)
        lost = next(each for each in members if slots_of(each) == "5461-10921")
        lost.kill()
        shutil.rmtree(lost.directory)
        lost.directory.mkdir()
        lost.start()
        lost.wait_until_open()
        refused = repair(members, replicas=0)
        assert refused.failed
        assert "Cannot bring back the slots 5461-10921: nobody serves them" in refused.message
        wrong = repair(members, replicas=0, assign_empty="5461-10920")
        assert wrong.failed
        assert "lost are 5461-10921; name exactly these" in wrong.message
        done = repair(members, replicas=0, assign_empty="5461-10921")
        assert not done.failed, done.message
        assert slots_of(lost) == "5461-10921"
        modules.succeed(["cluster_forget"], members, ghosts=True, replicas=0, **WISH)
        servers_say.assert_converged(members, 3, 0)
        assert not repair(members, replicas=0).changed


def test_a_replica_takes_over_without_a_majority(server: Server) -> None:
    with processes(server, 6, SETTINGS) as members:
        modules.create(members, replicas=1, **WISH)
        masters = [each for each in members if servers_say.is_master(each)]
        living = next(each for each in members if each not in masters and master_of(each, members) is masters[0])
        refused = repair(members, replicas=1, takeover=living.endpoint)
        assert refused.failed
        assert "hand over by 'cluster_failover', which loses nothing" in refused.message
        heirs = [each for each in members if each not in masters and master_of(each, members) is not masters[2]]
        for master in masters[:2]:
            master.kill()
        until(lambda: "cluster_state:fail" in masters[2].ask("CLUSTER", "INFO"))
        foreseen = repair(members, replicas=1, takeover=heirs[0].endpoint, check=True)
        assert "CLUSTER FAILOVER TAKEOVER" in foreseen.plan[0]
        done = repair(members, replicas=1, takeover=heirs[0].endpoint)
        assert not done.failed, done.message
        assert servers_say.is_master(heirs[0])
        # With it there is a majority again, which elects the other one.
        until(lambda: all("cluster_state:ok" in each.ask("CLUSTER", "INFO") for each in [masters[2], *heirs]))


def test_the_keys_of_one_member_win(server: Server) -> None:
    with processes(server, 3, SETTINGS) as members:
        modules.create(members, replicas=0, **WISH)
        owner = next(each for each in members if slots_of(each).startswith("0-"))
        one, other = (each for each in members if each is not owner)
        for importing in (one, other):
            importing.ask("CLUSTER", "SETSLOT", str(SLOT), "IMPORTING", servers_say.own_id(owner))
            asking_set(importing, f"{TAG}both", importing.endpoint)
            asking_set(importing, f"{TAG}{importing.port}", "own")
        owner.ask("SET", f"{TAG}owner", "kept")
        refused = repair(members, replicas=0)
        assert refused.failed
        assert f"slot {SLOT}: {owner.endpoint} serves it" in refused.message
        assert f"{one.endpoint} has 2 keys" in refused.message
        wrong = repair(members, replicas=0, winner=owner.endpoint)
        assert wrong.failed
        done = repair(members, replicas=0, winner=one.endpoint)
        assert not done.failed, done.message
        found = {key: one.ask("GET", key) for key in (f"{TAG}both", f"{TAG}{other.port}", f"{TAG}owner")}
        assert found == {f"{TAG}both": one.endpoint, f"{TAG}{other.port}": "own", f"{TAG}owner": "kept"}
        assert sum(int(each.ask("DBSIZE")) for each in members) == 4
        assert not repair(members, replicas=0).changed


def asking_set(member: Process, key: str, value: str) -> None:
    with Redis(host=member.host, port=member.port, single_connection_client=True) as client:
        client.execute_command("ASKING")
        client.set(key, value)


def slots_of(member: Process) -> str:
    return ",".join(servers_say.table(member)[servers_say.own_id(member)].slots)


def master_of(replica: Process, members: Sequence[Process]) -> Process:
    wanted = servers_say.table(replica)[servers_say.own_id(replica)].master
    return next(each for each in members if servers_say.own_id(each) == wanted)


def until(true: Callable[[], bool], within: float = 60.0) -> None:
    deadline = time.monotonic() + within
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)
