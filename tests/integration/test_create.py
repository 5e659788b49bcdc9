# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster is made from servers that know nothing of each other; check mode tells it before and changes nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration import clients, modules, servers_say
from tests.loopback import processes
from tests.servers import Server

WISH: dict[str, Any] = {"node_timeout": 5000, "replica_sync_delay": 3}


@pytest.mark.parametrize(("shards", "replicas"), [(3, 1), (3, 2), (3, 0)], ids=["3x1", "3x2", "3x0"])
def test_create(server: Server, shards: int, replicas: int) -> None:
    wish = {**WISH, "shards": shards, "replicas": replicas}
    with processes(server, shards * (replicas + 1)) as members:
        before = servers_say.picture(members)
        servers_say.forget_commands(members)
        foreseen = modules.succeed(modules.CREATE, members, check=True, **wish)
        assert servers_say.writes(members) == set()
        assert servers_say.picture(members) == before

        done = modules.create(members, **wish)
        servers_say.assert_converged(members, shards, replicas)
        assert {servers_say.setting(member, "cluster-node-timeout") for member in members} == {"5000"}
        assert {servers_say.setting(member, "repl-diskless-sync-delay") for member in members} == {"3"}
        assert [result.plan for result in foreseen] == [result.plan for result in done]
        assert [result.changed for result in done] == [True, True, replicas > 0]

        _assert_nothing_to_do(members, wish)


def _assert_nothing_to_do(members: list[Any], wish: dict[str, Any]) -> None:
    before = servers_say.picture(members)
    servers_say.forget_commands(members)
    for check in (True, False):
        for result in modules.succeed(modules.CREATE, members, check=check, **wish):
            assert not result.changed
            assert result.plan == []
    assert servers_say.writes(members) == set()
    assert servers_say.picture(members) == before


def test_hosts_share_the_masters_and_no_replica_is_beside_its_master(server: Server) -> None:
    with processes(server, 6, hosts=("127.0.0.1", "127.0.0.2", "127.0.0.3")) as members:
        modules.create(members, **WISH, shards=3, replicas=1)
        servers_say.assert_converged(members, 3, 1)
        table = servers_say.table(members[0])
    hosts = {node_id: line.address.split(":")[0] for node_id, line in table.items()}
    masters = [node_id for node_id, line in table.items() if line.master == "-"]
    assert len({hosts[node_id] for node_id in masters}) == 3
    assert not [node_id for node_id, line in table.items() if hosts.get(line.master) == hosts[node_id]]


def test_a_client_writes_and_reads_in_every_shard(server: Server) -> None:
    with processes(server, 6) as members:
        modules.create(members, **WISH, shards=3, replicas=1)
        written = clients.write(members[-1])
        assert clients.read(members[0], written) == written
        assert all(int(member.ask("DBSIZE")) > 0 for member in members if servers_say.is_master(member))
