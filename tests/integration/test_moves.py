# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Slots of a live cluster move, to new masters, by weights, by keys and by bytes; nothing that is stored is lost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration import modules, moving, servers_say
from tests.integration.moving import Data, Writer
from tests.loopback import Process, processes
from tests.servers import Server
from tests.servers.suites import SOURCES

SUITES = ("trixie", "experimental", "valkey-sid")

WISH: dict[str, Any] = {**moving.WISH, "node_timeout": 15000}
"""Nobody is to be elected, however long a busy machine takes to move a large key."""

SIX = {**WISH, "shards": 6}

NEWEST = {("redis", "experimental"), ("valkey", "sid")}
"""Those that move slots atomically."""

WITH_ATOMIC = [source for source in SOURCES if (source.family, source.suite) in NEWEST]

OFFSET = 40
"""Every so many slots one with keys."""

FUNCTIONS = """#!lua name=shop
redis.register_function{function_name='seven', callback=function() return 7 end, flags={'no-writes'}}
"""


def engine_of(server: Server) -> str:
    """What engine=auto must choose."""
    if server.version_key >= ((9,) if server.family == "valkey" else (8, 4)):
        return "migrateslots" if server.family == "valkey" else "migration"
    return "setslot"


def big_hash_fields(server: Server) -> int:
    return 1_000_000 if (server.family, server.suite) == ("redis", "trixie") else 100_000


class Stored(Data):
    """Of every kind, beside plain keys."""

    OTHERS = 3 + 20

    def fill_others(self, member: Process, fields: int) -> None:
        self.fields = fields
        with moving.client(member) as talk:
            for first in range(1, fields + 1, 250_000):
                last = min(first + 249_999, fields)
                script = f"for i = {first}, {last} do redis.call('HSET', KEYS[1], i, 'v' .. i) end"
                talk.eval(script, 1, moving.key(HASH_SLOT))
            stream = moving.key(STREAM_SLOT)
            self.entries = [talk.xadd(stream, {"n": number}) for number in range(50)]
            talk.xgroup_create(stream, "readers", "0")
            self.read = talk.xreadgroup("readers", "one", {stream: ">"}, count=7)
            talk.zadd(moving.key(ZSET_SLOT), {f"member {number}": number / 7 for number in range(300)})
            for number in range(20):
                assert talk.set(moving.key(TTL_SLOT, number), b"mortal", px=3_600_000 + number)

    def assert_others_there(self, member: Process) -> None:
        with moving.client(member) as talk:
            assert talk.hlen(moving.key(HASH_SLOT)) == self.fields
            asked = [1, 2, self.fields // 2, self.fields]
            assert talk.hmget(moving.key(HASH_SLOT), asked) == [b"v%d" % number for number in asked]
            stream = moving.key(STREAM_SLOT)
            assert [entry for entry, _fields in talk.xrange(stream)] == self.entries
            assert talk.xpending(stream, "readers")["pending"] == 7
            (group,) = talk.xinfo_groups(stream)
            assert group["last-delivered-id"] == self.entries[6]
            scores = dict(talk.zrange(moving.key(ZSET_SLOT), 0, -1, withscores=True))
            assert scores == {b"member %d" % number: pytest.approx(number / 7) for number in range(300)}
            left = [talk.pttl(moving.key(TTL_SLOT, number)) for number in range(20)]
        assert all(3_000_000 < milliseconds <= 3_600_000 + 20 for milliseconds in left), left


HASH_SLOT, STREAM_SLOT, ZSET_SLOT, TTL_SLOT = 5000, 10000, 16000, 5100
"""Slots that go to new masters."""


@pytest.fixture
def wide(server: Server) -> Iterator[list[Process]]:
    """Three shards serve, three more have come; masters of the first first, then those of the others."""
    with processes(server, 12, moving.OPTIONS) as members:
        modules.create(members[:6], **WISH)
        modules.succeed(["cluster_meet", "cluster_replicas"], members, **SIX)
        masters = [member for member in members if servers_say.is_master(member)]
        masters.sort(key=lambda member: (servers_say.slots_of(member) or [99999])[0])
        yield [*masters, *(member for member in members if member not in masters)]


def test_live(wide: list[Process], server: Server) -> None:
    assert_live(wide, server, "auto")


@pytest.mark.parametrize("server", WITH_ATOMIC, indirect=True, ids=str)
def test_live_one_by_one(wide: list[Process], server: Server) -> None:
    assert_live(wide, server, "setslot")


def assert_live(wide: list[Process], server: Server, engine: str) -> None:
    """Three shards to six under writes; again; by weights; and all that is stored is there each time."""
    data = Stored()
    data.fill(wide[0], range(0, servers_say.ALL_SLOTS, OFFSET))
    data.fill_others(wide[0], big_hash_fields(server))
    for master in wide[:3]:
        master.ask("FUNCTION", "LOAD", FUNCTIONS)
    options = {**SIX, "engine": engine}

    moving.await_rest(wide)
    before = servers_say.picture(wide)
    servers_say.forget_commands(wide)
    (foreseen,) = modules.succeed(["cluster_slots"], wide, check=True, **options)
    assert servers_say.writes(wide) <= ASKED
    assert servers_say.picture(wide) == before
    assert foreseen.values["engine"] == (engine if engine == "setslot" else engine_of(server))
    assert sum(move["slots"] for move in foreseen.values["moves"]) == 8191
    assert not foreseen.values["finished"]

    with Writer(wide[0], range(0, servers_say.ALL_SLOTS, 200)) as writer:
        (done,) = modules.succeed(["cluster_slots"], wide, **options)
    writer.assert_nothing_lost()
    assert done.values["finished"]
    assert moved(done) == moved(foreseen)
    assert sorted(moving.slots_held(wide[:6])) == [2730, 2730, 2731, 2731, 2731, 2731]
    counters = len(writer.acknowledged)
    assert_kept(wide, data, counters)
    assert {master.ask("FCALL_RO", "seven", "0") for master in wide[:6]} == {7}

    before = servers_say.picture(wide)
    for again in modules.succeed(["cluster_slots", "cluster_slots"], wide, **options):
        assert (again.changed, again.plan, again.values["progress"]) == (False, [], "nothing to move")
    assert servers_say.picture(wide) == before

    weights = {wide[0].endpoint: 2, wide[4].endpoint: 0.5}
    modules.succeed(["cluster_slots"], wide, **options, weights=weights)
    share = servers_say.ALL_SLOTS / 6.5
    for number, held in enumerate(moving.slots_held(wide[:6])):
        assert abs(held - share * {0: 2, 4: 0.5}.get(number, 1)) <= 1
    assert_kept(wide, data, counters)
    (again,) = modules.succeed(["cluster_slots"], wide, **options, weights=weights)
    assert not again.changed


def moved(result: modules.Result) -> list[str]:
    """Without the numbers of keys, which the writer changes meanwhile."""
    return [text.split(": ")[0] for text in result.plan if " gives " in text]


ASKED = {
    *("acl|whoami", "acl|dryrun", "acl|list", "cluster|countkeysinslot", "cluster|getkeysinslot", "cluster|slot-stats"),
    *("command|info", "eval_ro", "memory|usage", "cluster|getslotmigrations", "cluster|migration", "function|list"),
}
"""What a plan asks; scripts that read are written as the commands that they call, too."""


def assert_kept(members: list[Process], data: Stored, counters: int = 0) -> None:
    servers_say.assert_agreed(members, 6, 1)
    data.assert_all_there(members[0])
    data.assert_others_there(members[0])
    data.assert_nothing_else(members, data.OTHERS + counters)
    data.assert_on_replicas(members)


def test_empty(wide: list[Process]) -> None:
    assert_empty_slots_move(wide, "auto")


@pytest.mark.parametrize("server", WITH_ATOMIC, indirect=True, ids=str)
def test_empty_one_by_one(wide: list[Process]) -> None:
    assert_empty_slots_move(wide, "setslot")


def assert_empty_slots_move(wide: list[Process], engine: str) -> None:
    (done,) = modules.succeed(["cluster_slots"], wide, **SIX, engine=engine)
    assert done.values["finished"]
    servers_say.assert_agreed(wide, 6, 1)
    assert sorted(moving.slots_held(wide[:6])) == [2730, 2730, 2731, 2731, 2731, 2731]


@pytest.mark.parametrize("balance_by", ["keys", "bytes"])
def test_balance_by_load(server: Server, balance_by: str) -> None:
    """All keys are in the slots of one master, a few of them large."""
    with moving.cluster(server, node_timeout=15000) as members:
        data = Data()
        data.fill(members[0], range(1000), each=2)
        data.fill(members[0], range(1000, 1010), each=1, size=20_000)
        options = {**WISH, "balance_by": balance_by}
        first, again = modules.succeed(["cluster_slots", "cluster_slots"], members, **options)
        assert first.changed
        assert not again.changed
        servers_say.assert_agreed(members, 3, 1)
        data.assert_all_there(members[0])
        data.assert_on_replicas(members)
        keys = [int(member.ask("DBSIZE")) for member in members[:3]]
        if balance_by == "keys":
            # A slot weighs one more than its keys, so that empty ones are shared out too.
            weights = [held + number for held, number in zip(moving.slots_held(members[:3]), keys, strict=True)]
            assert max(weights) - min(weights) <= sum(weights) / 3 * 0.1
        else:
            loads = [memory_of(member) for member in members[:3]]
            large = 21_000  # No slot could help where only large keys are left to move.
            assert max(loads) - sum(loads) / 3 <= sum(loads) / 3 * 0.05 + large


def memory_of(member: Process) -> int:
    """Of all its keys."""
    with moving.direct(member) as talk:
        pipeline = talk.pipeline(transaction=False)
        for name in talk.keys("*"):
            pipeline.memory_usage(name)
        return sum(pipeline.execute())


BIG_SLOT = 5461
"""The first one to move."""


def test_large_key_is_refused_before_anything_is_opened(server: Server) -> None:
    with moving.cluster(server, node_timeout=15000) as members:
        data = Data()
        data.fill(members[0], range(5461, 5470))
        with moving.client(members[0]) as talk:
            talk.set(moving.key(BIG_SLOT), b"x" * 3_000_000)
        options = {**WISH, "engine": "setslot", "weights": moving.shares(members, 20)}
        moving.await_replicas(members)
        servers_say.forget_commands(members)
        message = modules.refuse("cluster_slots", members, **options, large_key=2_000_000)
        assert message.startswith(
            f"Cannot move slot {BIG_SLOT} of {members[1].endpoint}: its key '{moving.key(BIG_SLOT).decode()}' has 3"
        )
        assert message.endswith("set allow_large_keys, or make it smaller.")
        assert servers_say.writes(members) <= ASKED
        assert servers_say.open_slots(members) == {}

        (done,) = modules.succeed(["cluster_slots"], members, **options, large_key=2_000_000, allow_large_keys=True)
        assert "is moved alone; its master answers nobody meanwhile" in str(done.values.get("warnings"))
        servers_say.assert_agreed(members, 3, 1)
        data.assert_all_there(members[0])
        with moving.client(members[0]) as talk:
            assert talk.strlen(moving.key(BIG_SLOT)) == 3_000_000


def refused(members: list[Process], **options: Any) -> str:
    """The message of a run that must not have opened or changed anything."""
    moving.await_replicas(members)
    servers_say.forget_commands(members)
    message = modules.refuse("cluster_slots", members, **{**WISH, **options})
    assert servers_say.writes(members) <= ASKED
    assert servers_say.open_slots(members) == {}
    return message


def test_refusals(server: Server) -> None:
    """Each of them before anything is opened; one cluster for all."""
    with moving.cluster(server, node_timeout=15000) as members:
        data = Data()
        data.fill(members[0], range(5461, 5561), each=1, size=20_000)
        weights = moving.shares(members, 200)
        target = members[0]

        used = int(servers_say.info(target, "memory")["used_memory"])
        target.ask("CONFIG", "SET", "maxmemory", str(used + 500_000))
        message = refused(members, weights=weights)
        assert message.startswith("Cannot move ")
        assert f"MiB to {target.endpoint}: {target.endpoint} would use " in message
        assert message.endswith(
            "more than memory_percent (75); give it more memory, add shards, or raise memory_percent."
        )
        target.ask("CONFIG", "SET", "maxmemory", "0")

        for member in members:
            member.ask("ACL", "SETUSER", "mover", "on", ">secret", "~*", "&*", "+@all")
        login = {"redis_username": "mover", "redis_password": "secret", "weights": weights}
        rights = [("setslot", "cluster|setslot", "CLUSTER SETSLOT"), ("setslot", "migrate", "MIGRATE host")]
        if engine_of(server) == "migration":
            rights.append(("auto", "cluster|migration", "CLUSTER MIGRATION"))
        if engine_of(server) == "migrateslots":
            rights.append(("auto", "cluster|migrateslots", "CLUSTER MIGRATESLOTS"))
        for engine, right, words in rights:
            for member in members:
                member.ask("ACL", "SETUSER", "mover", f"-{right}")
            message = refused(members, **login, engine=engine)
            assert f"user 'mover' may not run {words} there" in message or f"'{right}'" in message
            assert message.endswith(("; give it the right.", "; give the user the right."))
            for member in members:
                member.ask("ACL", "SETUSER", "mover", f"+{right}")

        (done,) = modules.succeed(["cluster_slots"], members, **{**WISH, **login})
        assert done.values["finished"]
        data.assert_all_there(members[0])


def test_a_new_master_must_be_like_the_others(wide: list[Process]) -> None:
    new = wide[3:6]
    for member in new:
        member.ask("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    message = refused(wide, **SIX)
    assert message.endswith(
        f"its maxmemory-policy is 'allkeys-lru', that of {wide[0].endpoint} is 'noeviction'; make them alike first."
    )
    for member in new:
        member.ask("CONFIG", "SET", "maxmemory-policy", "noeviction")

    new[1].ask("ACL", "SETUSER", "stranger", "on", "nopass")
    message = refused(wide, **SIX)
    assert message.startswith(f"Cannot move slots to {new[1].endpoint}: its users stranger are not those of ")
    new[1].ask("ACL", "DELUSER", "stranger")

    new[2].ask("FUNCTION", "LOAD", FUNCTIONS.replace("shop", "other"))
    wide[0].ask("FUNCTION", "LOAD", FUNCTIONS)
    message = modules.run(["cluster_slots"], wide, **SIX)[0].message
    assert f"Cannot move slots to {new[2].endpoint}: it has other functions than " in message
    assert servers_say.open_slots(wide) == {}
