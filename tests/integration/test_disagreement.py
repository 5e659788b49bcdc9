# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Members that do not agree with each other, do not answer, or are not where they were."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.integration import clients, modules, servers_say
from tests.loopback import Process, ports, processes
from tests.servers import Server

SUITES = ("trixie", "experimental")

WISH: dict[str, Any] = {
    "shards": 3,
    "replicas": 1,
    "node_timeout": 2000,
    "replica_sync_delay": 0,
    "wait_timeout": 60,
    "redis_timeout": 2,
}


@pytest.fixture
def cluster(server: Server) -> Iterator[list[Process]]:
    """A healthy cluster that keeps its data over restarts; three masters, then their replicas."""
    with processes(server, 6, ["--appendonly", "yes"]) as members:
        modules.create(members, **WISH)
        yield sorted(members, key=servers_say.is_master, reverse=True)


def heal(members: list[Process]) -> modules.Result:
    """What cluster_meet did."""
    done = modules.create(members, **WISH)
    servers_say.assert_converged(members, WISH["shards"], WISH["replicas"])
    return done[0]


def restart(members: list[Process]) -> None:
    for member in members:
        member.start()
    for member in members:
        member.wait_until_open()


def edit_table(member: Process, keep: Callable[[str], bool]) -> None:
    """Of a member that does not run; the file has a line of CLUSTER NODES for each node, and one of ``vars``."""
    path = member.directory / "nodes.conf"
    path.write_text("".join(line for line in path.read_text().splitlines(keepends=True) if keep(line)))


def test_one_table_lacks_a_member(cluster: list[Process]) -> None:
    """Some servers mend that by themselves, and some before the run looks."""
    written = clients.write(cluster[0])
    lost = servers_say.own_id(cluster[-1])
    cluster[0].kill()
    edit_table(cluster[0], lambda line: not line.startswith(lost))
    restart(cluster[:1])
    heal(cluster)
    assert clients.read(cluster[0], written) == written


def test_replica_that_knows_its_master_by_name_only_and_that_nobody_knows(
    cluster: list[Process], server: Server
) -> None:
    """No server mends that; one id in common is what proves that the replica belongs here.

    Valkey since 9.0 would end on the first message of that master, which a run must not bring about."""
    written = clients.write(cluster[0])
    lost = servers_say.own_id(cluster[-1])
    for member in cluster:
        member.kill()
        if member is cluster[-1]:
            edit_table(member, lambda line: "myself" in line or line.startswith("vars"))
        else:
            edit_table(member, lambda line: not line.startswith(lost))
    restart(cluster)
    (seen,) = modules.succeed(["cluster_info"], cluster, shards=3)
    assert "partition" in seen.findings
    assert not seen.values["cluster"]["healthy"]
    if server.family == "valkey" and server.version_key >= (9,):
        servers_say.forget_commands(cluster)
        message = modules.refuse("cluster_meet", cluster, **WISH)
        assert message.startswith(f"Cannot join {cluster[-1].endpoint}: its table has ")
        assert f"and Valkey {server.version} crashes on the first message from such a node" in message
        assert servers_say.writes(cluster) == set()
        cluster[-1].kill()
        for file in cluster[-1].directory.glob("**/*"):  # as advised
            if file.is_file() and file.name != "log":
                file.unlink()
        restart(cluster[-1:])
    (foreseen,) = modules.succeed(["cluster_meet"], cluster, check=True, **WISH)
    assert any("meets" in step for step in foreseen.plan)
    assert heal(cluster).changed
    assert clients.read(cluster[0], written) == written


def test_member_that_does_not_answer(cluster: list[Process]) -> None:
    """Named after a bounded wait; nothing is changed meanwhile, and nothing is left to do when it is back."""
    silent, *others = cluster[::-1]
    silent.send_signal(signal.SIGSTOP)
    servers_say.forget_commands(others)
    message = modules.refuse("cluster_meet", cluster, **{**WISH, "wait_timeout": 4, "redis_timeout": 2})
    assert message.startswith(f"Cannot reach {silent.endpoint}: ")
    assert message.endswith("; mend that and run again.")
    assert servers_say.writes(others) == set()
    (seen,) = modules.succeed(["cluster_info"], cluster, redis_timeout=2)
    assert "unreachable" in seen.findings
    silent.send_signal(signal.SIGCONT)
    assert not heal(cluster).changed


def test_master_that_comes_back_after_its_failover(cluster: list[Process]) -> None:
    """What the servers decided meanwhile is kept: the run only waits until all agree on it."""
    written = clients.write(cluster[0])
    former = cluster[0]
    former.send_signal(signal.SIGSTOP)
    others = cluster[1:]
    _wait_until(lambda: sum(map(servers_say.is_master, others)) == WISH["shards"])
    former.send_signal(signal.SIGCONT)
    results = modules.create(cluster, **WISH)
    assert [result.changed for result in results] == [False] * 3
    servers_say.assert_converged(cluster, WISH["shards"], WISH["replicas"])
    assert not servers_say.is_master(former)
    assert clients.read(former, written) == written


def test_member_that_came_back_at_another_port(cluster: list[Process]) -> None:
    moved = cluster[0]
    written = clients.write(moved)
    with ports() as held:
        moved.kill()
        moved.port = held.take(moved.host)
        restart([moved])
        heal(cluster)
        assert clients.read(moved, written) == written


def test_all_members_at_other_addresses(cluster: list[Process]) -> None:
    """As after a full outage on Kubernetes; the servers alone never find each other again."""
    written = clients.write(cluster[0])
    for member in cluster:
        member.kill()
        member.host = "127.0.0.2"
    restart(cluster)
    (seen,) = modules.succeed(["cluster_info"], cluster)
    assert "wrong_address" in seen.findings
    (foreseen,) = modules.succeed(["cluster_meet"], cluster, check=True, **WISH)
    assert foreseen.changed
    assert heal(cluster).plan == foreseen.plan
    assert clients.read(cluster[-1], written) == written


def _wait_until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not done():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)
