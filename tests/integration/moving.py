# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clusters whose slots move, and what is stored in them: written before, judged afterwards."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from typing import Any

from redis import Redis
from redis.crc import key_slot
from redis.exceptions import RedisError

from tests.chaos.redis_py import Cluster
from tests.integration import modules, servers_say
from tests.loopback import Process, processes
from tests.servers import Server

NODE_TIMEOUT = 2000
"""Milliseconds: so long a failover takes at least."""

OPTIONS = ("--appendonly", "yes", "--repl-diskless-sync-delay", "0")

OWN_ADDRESS = ("--bind-source-addr", "{host}", "--protected-mode", "no")
"""Up to Redis 7.0, protected mode takes 127.0.0.2 for another machine."""

WISH: dict[str, Any] = {
    "shards": 3,
    "replicas": 1,
    "node_timeout": NODE_TIMEOUT,
    "replica_sync_delay": 0,
    "wait_timeout": 60,
}


@contextmanager
def cluster(server: Server, node_timeout: int = NODE_TIMEOUT, hosts: Sequence[str] = ()) -> Iterator[list[Process]]:
    """Three masters in the order of their slots, then their replicas in the same order. With ``hosts`` each talks to
    the others from its own address, as a pod does."""
    options = (*OPTIONS, *(OWN_ADDRESS if hosts else ()))
    with processes(server, 6, options, hosts or ("127.0.0.1",)) as members:
        modules.create(members, **{**WISH, "node_timeout": node_timeout})
        masters = [member for member in members if servers_say.is_master(member)]
        masters.sort(key=servers_say.slots_of)
        yield [*masters, *(one for master in masters for one in members if follows(one, master))]


def follows(member: Process, master: Process) -> bool:
    return servers_say.table(member)[servers_say.own_id(member)].master == servers_say.own_id(master)


def shares(members: Sequence[Process], more: int = 0) -> dict[str, int]:
    """Weights of the three first members that are numbers of slots: the first one gets ``more`` than its share, each
    of the others half of it less."""
    half = more // 2
    return dict(
        zip((member.endpoint for member in members[:3]), (5461 + 2 * half, 5461 - half, 5462 - half), strict=True)
    )


@cache
def _tags() -> dict[int, str]:
    found: dict[int, str] = {}
    for number in count():
        found.setdefault(key_slot(str(number).encode()), str(number))
        if len(found) == servers_say.ALL_SLOTS:
            return found
    raise AssertionError("no end")


def key(slot: int, number: int = 0) -> bytes:
    """A name of that slot."""
    return b"{%s}:%d" % (_tags()[slot].encode(), number)


@contextmanager
def client(member: Process) -> Iterator[Any]:
    with Cluster(host=member.host, port=member.port, **member.access) as found:
        yield found


@contextmanager
def direct(member: Process) -> Iterator[Any]:
    """One server itself; replies are bytes."""
    with Redis(host=member.host, port=member.port, protocol=2, **member.access) as found:
        yield found


@dataclass
class Data:
    """What was written."""

    strings: dict[bytes, bytes] = field(default_factory=dict)

    def fill(self, member: Process, slots: Iterable[int], each: int = 2, size: int = 20) -> None:
        """``each`` keys in each of these slots, with names and values that are no text."""
        new = {
            b"\x00\xfe\r\n %s" % key(slot, number): b"\xff%d/%d".ljust(size, b".") % (slot, number)
            for slot in slots
            for number in range(each)
        }
        with client(member) as talk:
            for name, value in new.items():
                assert talk.set(name, value)
        self.strings.update(new)

    def assert_all_there(self, member: Process) -> None:
        with client(member) as talk:
            wrong = {name: found for name, value in self.strings.items() if (found := talk.get(name)) != value}
        assert wrong == {}

    def assert_nothing_else(self, members: Sequence[Process], others: int = 0) -> None:
        """Each key on one master; deleting what was moved takes some servers a moment."""
        masters = [member for member in members if servers_say.is_master(member)]
        wait_until(
            lambda: sum(int(master.ask("DBSIZE")) for master in masters) == len(self.strings) + others,
            "the number of keys is wrong",
        )

    def assert_on_replicas(self, members: Sequence[Process]) -> None:
        """Each replica has the keys of its master, of the values a sample."""
        for master in filter(servers_say.is_master, members):
            for replica in (one for one in members if follows(one, master)):
                _assert_same_keys(master, replica)


def _assert_same_keys(master: Process, replica: Process) -> None:
    with direct(master) as here, direct(replica) as there:
        there.execute_command("READONLY")
        wait_until(lambda: sorted(here.keys("*")) == sorted(there.keys("*")), f"{replica.endpoint} lacks keys")
        sample = [name for name in here.keys("*") if here.type(name) == b"string"][:50]
        assert [there.get(name) for name in sample] == [here.get(name) for name in sample]


def await_replicas(members: Sequence[Process]) -> None:
    """Each replica has executed what its master has been told so far."""
    for master in filter(servers_say.is_master, members):
        told = int(servers_say.info(master, "replication")["master_repl_offset"])
        for replica in (one for one in members if follows(one, master)):
            wait_until(
                lambda replica=replica, told=told: (  # type: ignore[misc]
                    int(servers_say.info(replica, "replication")["slave_repl_offset"]) >= told
                ),
                f"{replica.endpoint} is behind",
            )


def await_rest(members: Sequence[Process]) -> None:
    """Nothing changes by itself any more: replicas are up to date, and all tables of nodes are the same.

    The epochs are what comes last, and nothing waits for them. A node tells its own in what it sends itself, and it may
    be long before it sends something to a certain other one: what others tell of it makes a ping unnecessary."""
    await_replicas(members)

    def agreed() -> bool:
        first, *rest = (servers_say.table(member) for member in members)
        return all(table == first for table in rest)

    wait_until(agreed, "the members' tables of nodes differ")


class Writer:
    """An application that counts: INCR over all shards, one at a time, until the block ends."""

    def __init__(self, member: Process, slots: Sequence[int]) -> None:
        self._member = member
        self._names = [b"counter %s" % key(slot) for slot in slots]
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.acknowledged = dict.fromkeys(self._names, 0)
        self.errors: list[str] = []

    def __enter__(self) -> Writer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        with client(self._member) as talk:
            while not self._stop.is_set():
                for name in self._names:
                    try:
                        self.acknowledged[name] = talk.incr(name)
                    except RedisError as error:
                        self.errors.append(str(error))

    def assert_nothing_lost(self) -> None:
        assert self.errors == []
        assert min(self.acknowledged.values()) > 0, "it never wrote"
        with client(self._member) as talk:
            assert {name: int(talk.get(name)) for name in self._names} == self.acknowledged


def slots_held(members: Sequence[Process]) -> list[int]:
    """How many slots each of them serves."""
    return [len(servers_say.slots_of(member)) for member in members]


def wait_until(done: Callable[[], bool], words: str = "waited in vain", seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, words
        time.sleep(0.05)


def stop(members: Sequence[Process], number: int) -> None:
    for member in members:
        member.send_signal(number)


def restart(*members: Process) -> None:
    for member in members:
        member.start()
    for member in members:
        member.wait_until_open()


def is_failed_over(members: Sequence[Process], former: Process, heir: Process) -> bool:
    """Whether all members but the former master see the heir as master."""
    heir_id = servers_say.own_id(heir)
    return all(servers_say.table(one)[heir_id].master == "-" for one in members if one is not former)
