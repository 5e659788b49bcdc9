# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster comes together again by its keepers alone, and never with another one."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from redis.crc import key_slot
from redis.exceptions import RedisError

from tests.integration.instance import NODE_TIMEOUT, Instance, Member, instance
from tests.integration.pod_process import eventually
from tests.servers import Server

SUITES = ("trixie",)


def stop(made: Instance) -> None:
    for member in made.members.values():
        member.end()


def keep(made: Instance) -> None:
    for member in made.members.values():
        member.keep()


def ids(made: Instance) -> set[str]:
    return {member.id for member in made.members.values()}


def known(made: Instance) -> set[str]:
    """Every id that any member has in its table."""
    return {line[0] for member in made.members.values() for line in member.sees()}


def past_the_node_timeout() -> None:
    time.sleep(1.5 * NODE_TIMEOUT / 1000)


@pytest.mark.parametrize("late", [False, True])
def test_all_pods_at_new_addresses(server: Server, shell: str, tmp_path: Path, late: bool) -> None:
    """``late``: when everybody holds everybody for failing already, which without keepers stays so for ever."""
    with instance(server, shell, tmp_path / "shop", replicas=2 if shell == "dash" else 1) as made:
        before = ids(made)
        stop(made)
        for member in made.members.values():
            member.move()
        made.start()
        if late:
            past_the_node_timeout()
            assert not made.is_healthy()
        keep(made)
        assert eventually(made.is_healthy), made.trouble()
        assert known(made) == before
        assert [member.stop_keeping() for member in made.members.values()] == [0] * len(made.members)


def test_a_healthy_cluster_is_left_alone(server: Server, shell: str, tmp_path: Path) -> None:
    with instance(server, shell, tmp_path / "shop") as made:
        keep(made)
        past_the_node_timeout()
        assert "".join(member.keeper_log for member in made.members.values()) == ""


def test_writes_wait_while_others_hold_a_master_for_failing(server: Server, shell: str, tmp_path: Path) -> None:
    """As of one that came back late: its replica would be elected while clients write to it."""
    with instance(server, shell, tmp_path / "shop", persistence="aof") as made:
        master, replica, other = made["shop-0-0"], made["shop-0-1"], made["shop-1-0"]
        former, key = master.id, next(f"{{{n}}}" for n in range(1000) if key_slot(str(n).encode()) < 5461)
        replica.kill()
        master.kill()
        assert eventually(lambda: "fail" in flags_of(other, former)), made.trouble()
        master.keep()
        master.start()
        assert eventually(lambda: "Writes wait" in master.keeper_log), made.trouble()
        assert eventually(lambda: is_written(master, key)), made.trouble()
        assert "fail" not in flags_of(other, former)
        assert eventually(lambda: "Writes go on: OK" in master.keeper_log), made.trouble()


def flags_of(member: Member, node_id: str) -> list[str]:
    return next(line[2].split(",") for line in member.sees() if line[0] == node_id)


def is_written(member: Member, key: str) -> bool:
    try:
        return bool(member.ask("SET", key, "1", user="default") == "OK")
    except RedisError:  # it waits for longer than the client, or says that its cluster is down
        return False


def test_instances_whose_addresses_were_swapped_never_merge(server: Server, shell: str, tmp_path: Path) -> None:
    """The worst case: the same passwords, and names that still lead to the addresses of former times for a while."""
    with instance(server, shell, tmp_path / "one") as one, instance(server, shell, tmp_path / "two") as two:
        two_at_ones_port(one, two)
        before = {made: ids(made) for made in (one, two)}
        here, there = list(one.members.values()), list(two.members.values())
        addresses = [(mine.address, other.address) for mine, other in zip(here, there, strict=True)]
        stop(one)
        stop(two)
        for mine, other, (former, latter) in zip(here, there, addresses, strict=True):
            mine.move(latter)
            other.move(former)
            one.resolve(mine.hostname, former)  # a name service that has not heard of it yet
            two.resolve(other.hostname, latter)
        for made in (one, two):
            made.start()
            keep(made)
        past_the_node_timeout()
        for made in (one, two):
            assert known(made) == before[made]
            assert "Met" not in "".join(member.keeper_log for member in made.members.values())
        for mine, other in zip(here, there, strict=True):
            one.resolve(mine.hostname, mine.address)
            two.resolve(other.hostname, other.address)
        for made in (one, two):
            assert eventually(made.is_healthy), made.trouble()
            assert known(made) == before[made]


def two_at_ones_port(one: Instance, two: Instance) -> None:
    """As in Kubernetes, where every instance has the same port: else an address could not be the other's."""
    stop(two)
    two.port = one.port
    for member in two.members.values():
        member.move()
    two.start()
    keep(two)
    assert eventually(two.is_healthy), two.trouble()
    for member in two.members.values():
        member.stop_keeping()
        member.forget_log()


def test_a_pod_that_nobody_knows_by_name_is_left_alone(server: Server, tmp_path: Path) -> None:
    with instance(server, "dash", tmp_path / "shop") as made:
        gone = made["shop-0-1"]
        gone.kill()
        made.resolve(gone.hostname, "")
        keep(made)
        past_the_node_timeout()
        assert eventually(lambda: any("fail" in line[2] for line in made["shop-0-0"].sees()))
        assert "".join(member.keeper_log for member in made.members.values()) == ""
