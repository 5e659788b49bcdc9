# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A master that is killed and back before the node timeout does not take its replica's data with it."""

from __future__ import annotations

import contextlib
import os
import re
import signal
from functools import partial
from pathlib import Path

import pytest
from redis.crc import key_slot

from tests.integration.instance import Instance, Member, instance
from tests.integration.pod_process import eventually
from tests.servers import Server

SUITES = ("trixie",)
WRITES = 500
TAGS = [next(str(n) for n in range(1000) if key_slot(str(n).encode()) * 3 // 16384 == shard) for shard in range(3)]
"""Of keys of each shard."""


def write(member: Member, first: int, last: int) -> int:
    """How many of these WAIT acknowledged."""
    tag = TAGS[int(member.name.split("-")[1])]
    for number in range(first, last):
        assert member.ask("SET", f"{{{tag}}}{number}", str(number), user="default") == "OK"
    assert eventually(lambda: followed(member))
    return last - first


def followed(member: Member) -> bool:
    """What WAIT 1 asks: every replica has acknowledged as much as the master has sent."""
    told = dict(line.split(":", 1) for line in member.ask("INFO", "replication").splitlines() if ":" in line)
    replicas = [text for name, text in told.items() if name.startswith("slave") and name[5:].isdigit()]
    offsets = [int(text.split("offset=")[1].split(",")[0]) for text in replicas]
    return bool(offsets) and min(offsets) >= int(told["master_repl_offset"])


def snapshot(member: Member) -> None:
    """What is there now is in a snapshot; what comes later is not."""
    member.ask("CONFIG", "SET", "save", "1 1")
    file = member.pod.place("/data/dump.rdb")
    assert eventually(file.exists)
    member.ask("CONFIG", "SET", "save", "3600 1")


def killed_and_back(made: Instance, persistence: str) -> tuple[Member, Member, int]:
    """The master of the first shard and its replica, and how many keys were acknowledged; the master is on its way."""
    master, replica = made["shop-0-0"], made["shop-0-1"]
    written = write(master, 0, 10)
    if persistence == "rdb":
        snapshot(master)
    written += write(master, 10, WRITES)
    master.kill()
    master.start()
    return master, replica, written


def says(member: Member, words: str) -> bool:
    return words in member.log


@pytest.mark.parametrize("persistence", ["none", "rdb"])
def test_what_was_acknowledged_survives(server: Server, shell: str, tmp_path: Path, persistence: str) -> None:
    with instance(server, shell, tmp_path / "shop", persistence=persistence) as made:
        master, replica, written = killed_and_back(made, persistence)
        assert eventually(replica.is_master), made.trouble()
        assert eventually(lambda: made.is_healthy() and not master.is_master()), made.trouble()
        assert (replica.ask("DBSIZE"), master.ask("DBSIZE")) == (written, written)
        assert "Waiting to start shop-0-0: its replica shop-0-1 has newer data" in master.log
        assert "shop-0-0 starts." in master.log
        assert not master.pod.place("/run/redis/gate").exists()


@pytest.mark.parametrize("persistence", ["none", "rdb"])
def test_without_the_gate_it_is_lost(server: Server, tmp_path: Path, persistence: str) -> None:
    """So the test above can fail."""
    with instance(server, "dash", tmp_path / "shop", persistence=persistence) as made:
        made["shop-0-0"].pod.environment["PERSISTENCE"] = "aof"
        master, replica, written = killed_and_back(made, persistence)
        assert eventually(lambda: master.answers() and replica.is_linked()), made.trouble()
        assert eventually(lambda: int(replica.ask("DBSIZE")) < written), made.trouble()


def test_a_replica_that_does_not_know_the_slots(server: Server, shell: str, tmp_path: Path) -> None:
    """As one that the next ping of its master would have told."""
    with instance(server, shell, tmp_path / "shop", node_timeout=60000) as made:
        master, replica = made["shop-0-0"], made["shop-0-1"]
        write(master, 0, 10)
        master.kill()
        replica.ask("CLUSTER", "DELSLOTSRANGE", "0", "5460")
        assert slots_of(replica, master.hostname) == []
        master.start()
        assert eventually(lambda: "Waiting to start shop-0-0: its replica shop-0-1 has newer data" in master.log), (
            made.trouble()
        )
        assert not master.answers()


def test_a_replica_that_knows_a_part_of_the_slots_as_moved(server: Server, shell: str, tmp_path: Path) -> None:
    """Killed while a batch of slots, also its first one, went to another shard."""
    with instance(server, shell, tmp_path / "shop", node_timeout=60000) as made:
        master, replica, other = made["shop-0-0"], made["shop-0-1"], made["shop-1-0"]
        write(master, 0, 10)
        master.kill()
        other.ask("CLUSTER", "BUMPEPOCH")
        other.ask("CLUSTER", "SETSLOT", "0", "NODE", other.id)
        assert eventually(lambda: slots_of(replica, master.hostname) == ["1-5460"]), made.trouble()
        master.start()
        assert eventually(lambda: "Waiting to start shop-0-0" in master.log), made.trouble()


def slots_of(member: Member, hostname: str) -> list[str]:
    """Of another one, in the eyes of this one."""
    return next(line[8:] for line in member.sees() if f",{hostname}" in line[1])


def test_a_majority_of_masters_that_waits(server: Server, shell: str, tmp_path: Path) -> None:
    """Nobody can vote: they wait, say so, are not killed for it, and a takeover ends it."""
    with instance(server, shell, tmp_path / "shop") as made:
        held = [made["shop-0-0"], made["shop-1-0"]]
        for member in held:
            write(member, 0, 10)
        for member in held:
            member.kill()
        for member in held:
            member.start()
        for member in held:
            assert eventually(partial(says, member, "nobody can be elected")), made.trouble()
            assert member.pod.run("probe", "startup").returncode == 0
            assert member.pod.run("probe", "liveness").returncode == 0
            ready = member.pod.run("probe", "readiness")
            assert ready.returncode == 1
            assert "2 of 3 masters do not answer, so nobody can be elected" in ready.stdout
            assert not member.answers()
        for shard in (0, 1):
            made[f"shop-{shard}-1"].ask("CLUSTER", "FAILOVER", "TAKEOVER")
        assert eventually(made.is_healthy), made.trouble()
        assert made["shop-0-1"].ask("DBSIZE") == 10
        assert made["shop-0-0"].ask("DBSIZE") == 10


def test_nobody_to_wait_for(server: Server, shell: str, tmp_path: Path) -> None:
    """All servers gone at once: replicas without data, or not there at all."""
    with instance(server, shell, tmp_path / "shop") as made:
        write(made["shop-0-0"], 0, 10)
        for member in made.members.values():
            member.kill()
        made["shop-0-0"].start()
        assert eventually(made["shop-0-0"].answers), made.trouble()
        made["shop-1-1"].start()
        assert eventually(made["shop-1-1"].answers), made.trouble()
        made["shop-1-0"].start()
        assert eventually(made["shop-1-0"].answers), made.trouble()
        assert "Waiting to start" not in made["shop-0-0"].log + made["shop-1-0"].log


def test_a_master_that_was_told_to_end_has_saved_all(server: Server, shell: str, tmp_path: Path) -> None:
    """Its snapshot is as new as its replica, so it starts at once and nobody is elected."""
    with instance(server, shell, tmp_path / "shop", persistence="rdb", node_timeout=15000) as made:
        master = made["shop-0-0"]
        written = write(master, 0, 50)
        master.kill(signal.SIGTERM)
        master.start()
        assert eventually(master.answers), made.trouble()
        assert master.is_master()
        assert master.ask("DBSIZE") == written
        assert "Waiting to start" not in master.log


def test_the_gate_ends_with_the_pod(server: Server, shell: str, tmp_path: Path) -> None:
    with instance(server, shell, tmp_path / "shop", node_timeout=60000) as made:
        write(made["shop-0-0"], 0, 10)
        master = made["shop-0-0"]
        master.kill()
        master.start()
        assert eventually(lambda: "Waiting to start" in master.log), made.trouble()
        assert master.prestop().wait(timeout=10) == 0
        assert master.told_to_end() == 143


def cut_short(member: Member) -> None:
    path = member.pod.place("/data/nodes.conf")
    path.write_text(path.read_text(encoding="utf-8")[:-120], encoding="utf-8")


def test_a_table_that_is_cut_short(server: Server, shell: str, tmp_path: Path) -> None:
    """The pod of a replica starts empty, with what it had put aside; that of a master waits for another one."""
    with instance(server, shell, tmp_path / "shop", persistence="aof") as made:
        write(made["shop-0-0"], 0, 10)
        replica, former = made["shop-0-1"], made["shop-0-1"].id
        replica.kill()
        cut_short(replica)
        replica.start()
        assert eventually(replica.answers), made.trouble()
        assert "is cut short, and shop-0-0 serves the slots of its shard" in replica.log
        assert replica.id != former
        assert replica.ask("DBSIZE") == 0
        (aside,) = replica.pod.place("/data").glob("aside-*")
        assert {path.name for path in aside.iterdir()} >= {"nodes.conf", "appendonlydir"}

        master = made["shop-1-0"]
        master.kill()
        cut_short(master)
        master.start()
        assert master.ended() == 1
        assert (
            "Cannot start shop-1-0: its nodes.conf is cut short, and no other pod of its shard serves the slots; "
            "wait until one does, or put back a whole nodes.conf.\n"
        ) in master.log
        assert not list(master.pod.place("/data").glob("aside-*"))
        assert eventually(made["shop-1-1"].is_master), made.trouble()
        assert eventually(lambda: "cluster_state:ok" in made["shop-1-1"].ask("CLUSTER", "INFO"))
        master.start()
        assert eventually(master.answers), made.trouble()


def test_a_table_of_zeros_is_cut_short_too(server: Server, shell: str, tmp_path: Path) -> None:
    """What a file system may leave of a file that was never written out."""
    with instance(server, shell, tmp_path / "shop", shards=1, replicas=1) as made:
        replica = made["shop-0-1"]
        replica.kill()
        replica.pod.place("/data/nodes.conf").write_bytes(bytes(512))
        replica.start()
        assert eventually(replica.answers), made.trouble()
        assert "is cut short" in replica.log


def test_a_replica_of_another_shard_than_its_master(server: Server, shell: str, tmp_path: Path) -> None:
    """As in the table of a server that was killed before its replica's new shard reached it."""
    named = not server.version.startswith("7.0.")  # Redis names shards since 7.2
    with instance(server, shell, tmp_path / "shop", persistence="aof") as made:
        for member in (made["shop-0-0"], made["shop-1-1"]):
            before = member.id
            member.kill()
            path = member.pod.place("/data/nodes.conf")
            table = path.read_text(encoding="utf-8")
            assert ("shard-id=" in table) is named
            path.write_text(other_shards_of_replicas(table) if named else table, encoding="utf-8")
            member.start()
            assert eventually(member.answers), made.trouble()
            assert member.id == before
            assert ("had another shard than its master" in member.log) is named
        assert eventually(made.is_healthy), made.trouble()


def other_shards_of_replicas(table: str) -> str:
    lines = enumerate(table.splitlines(keepends=True))
    return "".join(other_shard(line, number) if "slave " in line else line for number, line in lines)


def other_shard(line: str, number: int) -> str:
    changed = re.sub("shard-id=[0-9a-f]{40}", f"shard-id={number:040x}", line)
    assert changed != line
    return changed


def test_no_password_is_said(server: Server, tmp_path: Path) -> None:
    with instance(server, "dash", tmp_path / "shop") as made:
        write(made["shop-0-0"], 0, 10)
        master = made["shop-0-0"]
        master.kill()
        master.start()
        assert eventually(lambda: "Waiting to start" in master.log), made.trouble()
        seen = "".join(arguments())
        assert "keeper-secret" not in master.log + seen


def arguments() -> list[str]:
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            found.append((entry / "cmdline").read_text(errors="replace") if int(entry.name) != os.getpid() else "")
    return found
