# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Moves that broke off, wherever and through whatever: one plain run ends them, forward, and nothing is lost."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest

from tests.integration import modules, moving, network, servers_say, sweeps
from tests.integration.modules import Result, Running
from tests.integration.moving import WISH, Data, key
from tests.loopback import Process, processes
from tests.servers import Server
from tests.servers.suites import SOURCES

MORE = 4
"""Slots that come to the first master and go again: two from each of the others."""

MOVING = [*range(5458, 5466), *range(16380, 16384)]
"""Those around the ends of ranges: what moves is among them."""

ONE_OF_EACH_FAMILY = [source for source in SOURCES if source.suite == "trixie"]
NEWEST = [source for source in SOURCES if source not in ONE_OF_EACH_FAMILY and source.suite != "bookworm"]

NAMES = [str(source) for source in SOURCES]

# Each way of counting keys and of telling replicas of open slots; all others in the long sweeps.
FEW = [
    pytest.param(source, marks=() if source.suite in ("trixie", "experimental") else pytest.mark.chaos)
    for source in SOURCES
]
of_each_kind = pytest.mark.parametrize("server", FEW, indirect=True, ids=NAMES)
TRIXIE = [pytest.param(source, marks=() if source in ONE_OF_EACH_FAMILY else pytest.mark.chaos) for source in SOURCES]
of_each_family = pytest.mark.parametrize("server", TRIXIE, indirect=True, ids=NAMES)
of_one = sweeps.one_server()

PHASES = {"importing": "IMPORTING", "migrating": "MIGRATING", "keys": "MIGRATE", "close": "NODE"}
"""The first batch of each, by a word in it."""


@pytest.fixture
def cluster(server: Server) -> Iterator[list[Process]]:
    with moving.cluster(server) as members:
        yield members


def stored(member: Process, each: int = 3) -> Data:
    data = Data()
    data.fill(member, MOVING, each)
    data.fill(member, range(0, servers_say.ALL_SLOTS, 500), 1)
    return data


def assert_healed(members: list[Process], data: Data, more: int, **options: Any) -> Result:
    """One plain run ends it, with the slots where they are wished."""
    wish = {**WISH, "weights": moving.shares(by_slots(members), more), **options}
    (done,) = modules.succeed(["cluster_slots"], members, **wish)
    assert done.values["finished"]
    servers_say.assert_agreed(members, 3, 1)
    assert moving.slots_held(by_slots(members)) == [5461 + more, 5461 - more // 2, 5462 - more // 2]
    data.assert_all_there(members[0])
    data.assert_nothing_else(members)
    return done


def by_slots(members: Sequence[Process]) -> list[Process]:
    """The masters now, by the slots that they serve: the order stays over failovers."""
    masters = [member for member in members if servers_say.is_master(member) and servers_say.slots_of(member)]
    return sorted(masters, key=lambda member: servers_say.slots_of(member)[0])


def sweep(server: Server, amid: bool, step: int, **options: Any) -> int:
    """The run is killed at a batch, later each time, on one cluster; how often it was."""
    with moving.cluster(server) as members:
        data = stored(members[0])
        for number, batch in enumerate(count(1 + amid, step)):
            more = MORE * ((number + 1) % 2)
            wish = {**WISH, **options, "weights": moving.shares(by_slots(members), more)}
            if not modules.killed(["cluster_slots"], members, batch, amid=amid, **wish):
                data.assert_on_replicas(members)
                return number
            assert_healed(members, data, more, **options)
    raise AssertionError("no end")


@sweeps.swept(("redis", False), ("valkey", True))
def test_run_killed(server: Server, amid: bool) -> None:
    """At each other batch, in halves or whole."""
    assert sweep(server, amid, 2) >= 5


@pytest.mark.parametrize("server", NEWEST, indirect=True, ids=str)
def test_run_killed_newest(server: Server) -> None:
    assert sweep(server, False, 1, engine="auto") >= 2


@pytest.mark.chaos
@pytest.mark.parametrize("engine", ["auto", "setslot"])
@pytest.mark.parametrize("amid", [False, True], ids=["after-a-batch", "amid-a-batch"])
def test_run_killed_at_every_batch(server: Server, amid: bool, engine: str) -> None:
    assert sweep(server, amid, 1, engine=engine) >= (1 if engine == "auto" else 2)


KEYS_EACH = 80
"""Of a slot that moves: more than go in one batch."""


def break_off(members: list[Process], phase: str, more: int = MORE, **options: Any) -> tuple[Process, Process]:
    """Kills a run at the first batch of a phase; the source and the target of the move that it was at."""
    masters = by_slots(members)
    wish = {**WISH, "engine": "setslot", "weights": moving.shares(masters, more), **options}
    assert modules.killed(["cluster_slots"], members, 1, amid=False, having=PHASES[phase], **wish)
    opened = servers_say.open_slots(members)
    target = next((one for one in masters if "-<-" in str(opened.get(one.endpoint))), None)
    source = next((one for one in masters if "->-" in str(opened.get(one.endpoint))), None)
    if phase == "importing":
        assert target is not None
        assert source is None
        peer = opened[target.endpoint][0].split("-<-")[1].rstrip("]")
        source = next(one for one in masters if servers_say.own_id(one) == peer)
    assert source is not None, "nothing was left open"
    return source, target or masters[0]


def replica_of(members: Sequence[Process], master: Process) -> Process:
    return next(member for member in members if moving.follows(member, master))


def kill_and_restart(_members: list[Process], victim: Process) -> None:
    victim.kill()
    moving.restart(victim)


def kill_and_fail_over(members: list[Process], victim: Process) -> None:
    """The replica is elected; then the old one comes back, as its replica."""
    heir = replica_of(members, victim)
    victim.kill()
    moving.wait_until(lambda: moving.is_failed_over(members, victim, heir), "nobody was elected")
    moving.restart(victim)
    # Until it has heard of its heir it calls itself the master of the same slots.
    moving.wait_until(lambda: not servers_say.is_master(victim), "the former master does not follow")
    # It follows whoever took its last slot, and that may be the target of a move that was over before it came back
    # (Redis 8.6, every other time). The phase after this one, cluster_replicas, puts that right in a converge.
    if not moving.follows(victim, heir):
        victim.ask("CLUSTER", "REPLICATE", servers_say.own_id(heir))
        moving.wait_until(lambda: moving.follows(victim, heir), "the former master does not follow its heir")


SERVER_DEATHS = {"restarted": kill_and_restart, "failed-over": kill_and_fail_over}


def server_deaths(
    server: Server, how: Callable[[list[Process], Process], None], phases: Sequence[str], **options: Any
) -> None:
    with moving.cluster(server) as members:
        data = stored(members[0], KEYS_EACH)
        for number, (phase, who) in enumerate((phase, who) for phase in phases for who in ("source", "target")):
            more = MORE * ((number + 1) % 2)
            source, target = break_off(members, phase, more, **options)
            how(members, source if who == "source" else target)
            assert_healed(members, data, more, engine="setslot", **options)


@pytest.mark.parametrize("server", ONE_OF_EACH_FAMILY, indirect=True, ids=str)
@pytest.mark.parametrize("how", SERVER_DEATHS)
def test_server_killed_with_the_run(server: Server, how: str) -> None:
    server_deaths(server, SERVER_DEATHS[how], ["keys"])


@pytest.mark.parametrize("server", [s for s in SOURCES if s.suite == "experimental"], indirect=True, ids=str)
def test_promoted_replica_that_hides_its_keys(server: Server) -> None:
    """Redis since 8.4 counts no key in a slot that its node neither serves nor imports."""
    server_deaths(server, kill_and_fail_over, ["keys"])


@pytest.mark.chaos
@pytest.mark.parametrize("how", SERVER_DEATHS)
def test_server_killed_in_every_phase(server: Server, how: str) -> None:
    server_deaths(server, SERVER_DEATHS[how], list(PHASES))


ATOMIC = [
    source for source in SOURCES if source.suite == "experimental" or (source.family, source.suite) == ("valkey", "sid")
]
STARTS = {"redis": "IMPORT", "valkey": "MIGRATESLOTS"}
"""A word of the command that starts a migration."""


@pytest.mark.parametrize("server", ATOMIC, indirect=True, ids=str)
@pytest.mark.parametrize("how", SERVER_DEATHS)
def test_server_killed_in_an_atomic_move(server: Server, how: str) -> None:
    """The first master: when slots come to it, and when they go again."""
    with moving.cluster(server) as members:
        data = stored(members[0], KEYS_EACH)
        for more in (MORE, 0):
            masters = by_slots(members)
            wish = {**WISH, "engine": "auto", "weights": moving.shares(masters, more)}
            start = STARTS[server.family]
            assert modules.killed(["cluster_slots"], members, 1, amid=False, having=start, **wish)
            SERVER_DEATHS[how](members, masters[0])
            assert_healed(members, data, more)


def keys_in(member: Process, slots: Sequence[int]) -> int:
    return sum(int(member.ask("CLUSTER", "COUNTKEYSINSLOT", str(slot))) for slot in slots)


SLOWLY = {"engine": "setslot", "keys_per_second": 100}


def begin_slowly(members: list[Process], **options: Any) -> Running:
    """A run that has moved some keys, and takes a while for the others."""
    wish = {**WISH, **SLOWLY, "weights": moving.shares(members, MORE), **options}
    running = Running(["cluster_slots"], members, **wish)
    moving.wait_until(lambda: bool(some_moved(members)), "no key moves")
    return running


def some_moved(members: list[Process]) -> int:
    """Keys at the target in slots that it does not serve yet."""
    mine = set(servers_say.slots_of(members[0]))
    return keys_in(members[0], [slot for slot in MOVING if slot not in mine])


@of_each_family
@pytest.mark.parametrize("who", ["source", "target"])
def test_server_killed_while_the_run_goes_on(server: Server, who: str) -> None:
    """The run itself waits until it is back, and goes on. Nobody is elected, however long that takes."""
    with moving.cluster(server, node_timeout=15000) as members:
        data = stored(members[0], KEYS_EACH)
        running = begin_slowly(members, node_timeout=15000)
        kill_and_restart(members, source_of_a_move(members) if who == "source" else members[0])
        done = running.result()
        assert not done.failed, done.message
        assert done.values["finished"]
        assert not assert_healed(members, data, MORE, node_timeout=15000).changed


ADDRESSES = [f"127.0.0.{number}" for number in range(11, 17)]


@of_one
@pytest.mark.parametrize("who", ["source", "target"])
def test_member_cut_off_for_a_moment(server: Server, who: str) -> None:
    """For less than the node timeout: the run waits, and goes on."""
    with network.own_network(), moving.cluster(server, 10000, ADDRESSES) as members:
        data = stored(members[0], KEYS_EACH)
        running = begin_slowly(members, node_timeout=10000, redis_timeout=2)
        with network.cut_off(members[0] if who == "target" else source_of_a_move(members)):
            time.sleep(3)
        done = running.result()
        assert not done.failed, done.message
        assert done.values["finished"]
        assert not assert_healed(members, data, MORE, node_timeout=10000).changed


@of_one
@pytest.mark.parametrize("who", ["source", "target"])
def test_member_cut_off_until_another_took_over(server: Server, who: str) -> None:
    """It lives, and takes itself for the master until it hears of the others again."""
    with network.own_network(), moving.cluster(server, hosts=ADDRESSES) as members:
        data = stored(members[0], KEYS_EACH)
        running = begin_slowly(members, redis_timeout=2, wait_timeout=8)
        victim = members[0] if who == "target" else source_of_a_move(members)
        others = [member for member in members if member is not victim]
        heir = replica_of(members, victim)
        with network.cut_off(victim):
            moving.wait_until(lambda: moving.is_failed_over(others, victim, heir), "nobody was elected")
            assert running.result().failed
        moving.wait_until(lambda: moving.follows(victim, heir), "it does not follow the new master")
        assert_healed(members, data, MORE)


def source_of_a_move(members: Sequence[Process]) -> Process:
    opened = servers_say.open_slots(members)
    return next(one for one in members if "->-" in str(opened.get(one.endpoint)))


@of_each_family
def test_run_told_to_end(cluster: list[Process]) -> None:
    """SIGTERM: what is begun is finished, what is left is said, nothing stays open."""
    data = stored(cluster[0], KEYS_EACH * 2)
    running = begin_slowly(cluster)
    running.send_signal(signal.SIGTERM)
    result = running.result()
    assert result.failed
    assert re.fullmatch(
        r"Cannot go on moving slots: the process was told to end; what was begun is finished, \d+ slots are left, run "
        r"again\.",
        result.message,
    )
    assert result.changed
    assert servers_say.open_slots(cluster) == {}
    servers_say.assert_agreed(cluster, 3, 1)
    data.assert_all_there(cluster[0])
    assert_healed(cluster, data, MORE)


@of_each_family
def test_slices(cluster: list[Process]) -> None:
    data = stored(cluster[0], KEYS_EACH)
    wish = {**WISH, "keys_per_second": 150, "slice_seconds": 0.3, "weights": moving.shares(cluster, MORE)}
    progress = []
    for _slice in range(20):
        (done,) = modules.succeed(["cluster_slots"], cluster, **wish)
        servers_say.assert_agreed(cluster, 3, 1)
        progress.append(done.values["progress"])
        if done.values["finished"]:
            break
        assert re.fullmatch(
            r"\d+ slots with \d+ keys moved in \d+\.\d s \(\w+\), \d+ keys/s; \d+ slots left, about \d+ s to go",
            progress[-1],
        )
        assert sum(move["slots"] for move in done.values["moves"]) > 0
    assert len(progress) > 1, progress
    assert progress[-1].endswith(", none left")
    assert not assert_healed(cluster, data, MORE).changed


@of_one
def test_target_hangs(server: Server) -> None:
    """The source answers again after the time that one MIGRATE may take; the next run goes on."""
    with moving.cluster(server, node_timeout=60000) as members:
        data = stored(members[0], KEYS_EACH)
        patient = {"node_timeout": 60000, "wait_timeout": 8, "redis_timeout": 2}
        running = begin_slowly(members, **patient)
        members[0].send_signal(signal.SIGSTOP)
        result = running.result()
        assert result.failed
        assert members[0].endpoint in result.message
        assert result.message.endswith("run again.") or "run again" in result.message, result.message
        for member in members[1:3]:
            moving.wait_until(lambda member=member: bool(member.ask("PING")), "a source is blocked")  # type: ignore[misc]
        members[0].send_signal(signal.SIGCONT)
        assert_healed(members, data, MORE, node_timeout=60000)


@of_one
def test_new_master_dies_before_it_serves_a_slot(server: Server) -> None:
    """Nobody is elected in its place, and only it knows what was moved to it: its slots stay open until it is back."""
    with processes(server, 4, moving.OPTIONS) as members:
        wish = {**WISH, "replicas": 0, "wait_timeout": 60}
        modules.create(members[:3], **wish)
        wish = {**wish, "shards": 4}
        modules.succeed(["cluster_meet", "cluster_replicas"], members, **wish)
        wish = {**wish, "engine": "setslot"}
        data = Data()
        data.fill(members[0], range(4000, 5461), 3)
        new = members[3]
        running = Running(["cluster_slots"], members, **wish, keys_per_second=200)
        moving.wait_until(lambda: int(new.ask("DBSIZE")) > 20 and not servers_say.slots_of(new), "no key moves")
        opened = servers_say.open_slots(members)
        (source,) = [one for one in members if "->-" in str(opened.get(one.endpoint))]
        new.kill()
        looked = looks(source)
        moving.wait_until(lambda: looks(source) >= looked + 20, "the run looks no more")
        assert servers_say.open_slots([source]) == {source.endpoint: opened[source.endpoint]}
        moving.restart(new)
        done = running.result()
        assert not done.failed, done.message
        assert done.values["finished"]
        servers_say.assert_agreed(members, 4, 0)
        data.assert_all_there(members[0])


def looks(member: Process) -> int:
    """How often somebody asked it for its table; each question of this test is one, too."""
    stats = servers_say.info(member, "commandstats")["cmdstat_cluster|nodes"]
    return int(stats.split(",")[0].removeprefix("calls="))


# Leftovers of other tools, by raw commands. SLOT is served by the second master, and has keys there.

SLOT = 5461
NUMBER = 6


@dataclass
class Place:
    """Who takes part in a move by hand."""

    source: Process
    target: Process
    third: Process

    def opens(self) -> None:
        self.imports(self.target)
        self.source.ask("CLUSTER", "SETSLOT", str(SLOT), "MIGRATING", servers_say.own_id(self.target))

    def imports(self, member: Process) -> None:
        member.ask("CLUSTER", "SETSLOT", str(SLOT), "IMPORTING", servers_say.own_id(self.source))

    def closes(self, member: Process) -> None:
        member.ask("CLUSTER", "SETSLOT", str(SLOT), "STABLE")

    def moves(self, number: int, target: Process | None = None) -> None:
        """So many of the keys."""
        target = target or self.target
        with moving.direct(self.source) as talk:
            names = talk.execute_command("CLUSTER", "GETKEYSINSLOT", SLOT, number)
            answer = talk.execute_command("MIGRATE", target.host, target.port, "", 0, 5000, "KEYS", *names)
        assert answer == b"OK"

    def forgets(self) -> None:
        """The source says no more that it serves the slot."""
        self.source.ask("CLUSTER", "DELSLOTS", str(SLOT))


def only_importing(place: Place) -> None:
    place.imports(place.target)


def importing_with_keys(place: Place) -> None:
    place.opens()
    place.moves(2)
    place.closes(place.source)


def only_migrating(place: Place) -> None:
    place.opens()
    place.closes(place.target)


def in_the_middle(place: Place) -> None:
    place.opens()
    place.moves(3)


def emptied(place: Place) -> None:
    place.opens()
    place.moves(NUMBER)


def target_closed(place: Place) -> None:
    place.opens()
    place.moves(NUMBER)
    place.target.ask("CLUSTER", "SETSLOT", str(SLOT), "NODE", servers_say.own_id(place.target))


def a_third_imports(place: Place) -> None:
    in_the_middle(place)
    place.imports(place.third)


def nobody_serves_it_and_the_source_has_the_keys(place: Place) -> None:
    place.forgets()


def nobody_serves_it_and_the_target_has_the_keys(place: Place) -> None:
    place.opens()
    place.moves(NUMBER)
    place.forgets()


LEFTOVERS = [
    only_importing,
    importing_with_keys,
    only_migrating,
    in_the_middle,
    emptied,
    target_closed,
    a_third_imports,
    nobody_serves_it_and_the_source_has_the_keys,
    nobody_serves_it_and_the_target_has_the_keys,
]


@of_each_kind
def test_leftovers(cluster: list[Process]) -> None:
    """One cluster for all: each ends with the slots even and every key there."""
    data = Data()
    data.fill(cluster[0], [SLOT], NUMBER)
    data.fill(cluster[0], range(0, servers_say.ALL_SLOTS, 500), 1)
    for leave in LEFTOVERS:
        target, source, third = by_slots(cluster)
        if SLOT not in servers_say.slots_of(source):
            source, target = target, source
        leave(Place(source, target, third))
        (done,) = modules.succeed(["cluster_slots"], cluster, **WISH)
        assert done.values["finished"], leave.__name__
        servers_say.assert_agreed(cluster, 3, 1)
        assert {5461, 5462} >= set(moving.slots_held(by_slots(cluster))), leave.__name__
        data.assert_all_there(cluster[0])
        data.assert_nothing_else(cluster)


def two_have_keys(place: Place) -> None:
    importing_with_keys(place)
    place.imports(place.third)
    place.moves(1, place.third)


def nobody_serves_it_and_two_have_keys(place: Place) -> None:
    in_the_middle(place)
    place.forgets()


UNDECIDED: list[tuple[Callable[[Place], None], str, tuple[int, int, int]]] = [
    (two_have_keys, "{source} serves it", (2, 0, 1)),
    (nobody_serves_it_and_two_have_keys, "nobody serves it", (3, 3, 0)),
]
"""Keys of the target, the source, the third one as they are told; of the source only where it does not serve."""


@of_each_kind
@pytest.mark.parametrize(("leave", "owner", "keys"), UNDECIDED, ids=[row[0].__name__ for row in UNDECIDED])
def test_undecided(
    cluster: list[Process], leave: Callable[[Place], None], owner: str, keys: tuple[int, int, int]
) -> None:
    """Said with the slot, the members and their keys; everything stays as it was."""
    if leave is nobody_serves_it_and_two_have_keys and cluster[0].server.family == "valkey":
        return  # Half a second later its target serves the slot, by its own decision.
    data = Data()
    data.fill(cluster[0], [SLOT], NUMBER)
    target, source, third = cluster[:3]
    leave(Place(source, target, third))
    moving.await_replicas(cluster)
    before = picture(cluster)
    (refused,) = modules.run(["cluster_slots"], cluster, **WISH)
    assert refused.failed
    told = sorted(zip((target.endpoint, source.endpoint, third.endpoint), keys, strict=True))
    words = ", ".join(f"{endpoint} has {number} keys" for endpoint, number in told)
    assert refused.message == (
        f"Cannot tell where these slots belong: slot {SLOT}: {owner.format(source=source.endpoint)}, {words}; look at "
        "the keys, and say which side is right with the playbook redis_cluster_repair."
    )
    assert picture(cluster) == before


def picture(members: Sequence[Process]) -> dict[str, Any]:
    return {
        member.endpoint: (servers_say.slots_of(member), member.ask("DBSIZE"), servers_say.open_slots([member]))
        for member in members
    }


@of_each_kind
def test_lost_slot(cluster: list[Process]) -> None:
    """Nobody serves it and nobody has a key of it: a person must say that it is to be empty."""
    target, source, third = cluster[:3]
    Place(source, target, third).forgets()
    moving.await_replicas(cluster)
    before = picture(cluster)
    (refused,) = modules.run(["cluster_slots"], cluster, **WISH)
    assert refused.message == (
        f"Cannot bring back the slots {SLOT}: nobody serves them and no member has a key of them; bring back the "
        "members that had them, or give them out as empty with the playbook redis_cluster_repair."
    )
    assert picture(cluster) == before


@of_each_family
def test_other_tool_killed(cluster: list[Process], server: Server) -> None:
    """The servers' own tool, in the middle of a reshard."""
    data = stored(cluster[0], KEYS_EACH)
    data.fill(cluster[0], range(5461, 5500), 20)
    tool = subprocess.Popen(
        [
            *("setpriv", "--pdeathsig", "KILL", "--", *server.command(f"{server.family}-cli")),
            *("--cluster", "reshard", cluster[0].endpoint, "--cluster-yes", "--cluster-pipeline", "1"),
            *("--cluster-from", servers_say.own_id(cluster[1]), "--cluster-to", servers_say.own_id(cluster[0])),
            *("--cluster-slots", "40"),
        ],
        stdout=subprocess.DEVNULL,
        env={key: value for key, value in os.environ.items() if "PASSWORD" not in key},
    )
    moving.wait_until(lambda: some_moved(cluster) > 0 or tool.poll() is not None, "it moves nothing")
    tool.kill()
    tool.wait()
    (done,) = modules.succeed(["cluster_slots"], cluster, **WISH)
    assert done.values["finished"]
    servers_say.assert_agreed(cluster, 3, 1)
    assert {5461, 5462} >= set(moving.slots_held(cluster[:3]))
    data.assert_all_there(cluster[0])
    data.assert_nothing_else(cluster)


CONFLICT = key(SLOT, 99)


def on_both_sides(place: Place) -> None:
    """The key has other values on the two sides."""
    place.opens()
    with moving.direct(place.target) as talk:
        pipeline = talk.pipeline(transaction=False)
        pipeline.execute_command("ASKING")
        pipeline.execute_command("SET", CONFLICT, b"of the target")
        assert pipeline.execute()[1] in (True, b"OK")


@of_each_kind
@pytest.mark.parametrize("winner", ["source", "target"])
def test_conflict(cluster: list[Process], winner: str) -> None:
    data = Data()
    data.fill(cluster[0], [SLOT], NUMBER)
    with moving.client(cluster[0]) as talk:
        talk.set(CONFLICT, b"of the source")
    target, source, third = cluster[:3]
    on_both_sides(Place(source, target, third))
    (refused,) = modules.run(["cluster_slots"], cluster, **WISH)
    assert refused.failed
    assert refused.message == (
        f"Cannot move key '{CONFLICT.decode()}' of slot {SLOT}: {source.endpoint} and {target.endpoint} both have it "
        "with different values, so a failover came between; look at both and say which is right by conflict_winner "
        "(source or target)."
    )
    (done,) = modules.succeed(["cluster_slots"], cluster, **WISH, conflict_winner=winner)
    assert done.values["finished"]
    servers_say.assert_agreed(cluster, 3, 1)
    with moving.client(cluster[0]) as talk:
        assert talk.get(CONFLICT) == b"of the %s" % winner.encode()
    data.assert_all_there(cluster[0])
    data.assert_nothing_else(cluster, 1)


@of_each_kind
def test_no_conflict_where_the_source_has_lived_on(cluster: list[Process]) -> None:
    """A MIGRATE whose answer was lost: the source's copy is the one that clients went on to change."""
    data = stored(cluster[0])
    source, target = break_off(cluster, "migrating")
    text = servers_say.open_slots([target])[target.endpoint][0]
    slot = int(text.split("-")[0].lstrip("["))
    name = b"\x00\xfe\r\n %s" % key(slot, 0)
    with moving.direct(target) as talk:
        pipeline = talk.pipeline(transaction=False)
        pipeline.execute_command("ASKING")
        pipeline.execute_command("SET", name, b"stale")
        pipeline.execute()
    assert source is not target
    assert_healed(cluster, data, MORE)
