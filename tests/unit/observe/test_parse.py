# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replies as values: captured ones of every version, the odd ones, and the round trip."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._decide import table
from ansible_collections.k8sredis.core.plugins.module_utils._model import SLOTS, Entry, Fatal, Node, OpenSlot
from ansible_collections.k8sredis.core.plugins.module_utils._observe import parse
from ansible_collections.k8sredis.core.plugins.module_utils._observe.redis import OBSERVED_SETTINGS
from hypothesis import given
from hypothesis import strategies as some

from tests.unit.decide.views import member
from tests.unit.stand_ins.cluster import nodes_line

REPLIES = Path(__file__).parents[1] / "fixtures" / "replies"
VERSIONS = sorted(folder.name for folder in REPLIES.iterdir() if folder.is_dir())
REQUIRED = {"redis-7.0.15", "redis-8.0.2", "valkey-8.1.1"}

ONE, TWO = "1" * 40, "2" * 40


def reply(version: str, name: str) -> str:
    text = (REPLIES / version / f"{name}.txt").read_bytes().decode()
    # Servers end the lines of INFO and CLUSTER INFO in CRLF; the files are kept without, as all text here.
    return text.replace("\n", "\r\n") if "info" in name else text


def nodes(version: str, name: str) -> tuple[Entry, ...]:
    return parse.cluster_nodes(reply(version, f"nodes-{name}"))


def only(entries: tuple[Entry, ...], flag: str) -> Entry:
    found = [entry for entry in entries if flag in entry.flags]
    assert len(found) == 1, f"{len(found)} entries with {flag}"
    return found[0]


def test_replies_of_the_required_versions_are_captured() -> None:
    assert set(VERSIONS) >= REQUIRED


@pytest.mark.parametrize("version", VERSIONS)
class TestCaptured:
    def test_every_file_of_a_version_is_there(self, version: str) -> None:
        assert sorted(path.name for path in (REPLIES / version).iterdir()) == sorted(
            path.name for path in (REPLIES / "redis-7.0.15").iterdir()
        )

    def test_fresh_node_knows_only_itself(self, version: str) -> None:
        (entry,) = nodes(version, "fresh")
        assert (sorted(entry.flags), entry.master_id, entry.epoch, entry.slots) == (["master", "myself"], "", 0, ())
        assert (entry.host, entry.bus_port - entry.port, entry.connected) == ("127.0.0.1", 10000, True)

    @pytest.mark.parametrize("name", ["master", "replica"])
    def test_complete_cluster(self, version: str, name: str) -> None:
        entries = nodes(version, name)
        masters = [entry for entry in entries if entry.is_master]
        replicas = [entry for entry in entries if "slave" in entry.flags]
        assert sorted(entry.slots for entry in masters) == [((0, 5460),), ((5461, 10922),), ((10923, 16383),)]
        assert sorted(entry.master_id for entry in replicas) == sorted(entry.id for entry in masters)
        assert only(entries, "myself").is_master == (name == "master")
        assert all(entry.connected and not entry.is_failing for entry in entries)

    def test_master_and_replica_tell_of_the_same_nodes(self, version: str) -> None:
        one, other = nodes(version, "master"), nodes(version, "replica")
        assert {(e.id, e.port, e.slots, e.epoch) for e in one} == {(e.id, e.port, e.slots, e.epoch) for e in other}

    def test_handshake_with_a_silent_node(self, version: str) -> None:
        entry = only(nodes(version, "handshake"), "handshake")
        assert (entry.in_handshake, entry.connected, entry.is_master) == (True, False, False)

    @pytest.mark.parametrize("direction", ["migrating", "importing"])
    def test_open_slots(self, version: str, direction: str) -> None:
        entries = nodes(version, direction)
        peers = {peer.id for peer in entries if peer.slots} - {only(entries, "myself").id}
        found = only(entries, "myself").open_slots
        assert [(one.slot, one.direction) for one in found] == [(0, direction), (1, direction)]
        assert {one.peer_id for one in found} < peers
        assert sum(table.count(entry.slots) for entry in entries) == SLOTS

    def test_host_name(self, version: str) -> None:
        entries = nodes(version, "hostname")
        assert [entry.hostname for entry in entries if entry.hostname] == [
            "redis-0-0.redis-nodes.web.svc.cluster.local"
        ]
        assert all(entry.host == "127.0.0.1" for entry in entries)

    def test_suspected_nodes(self, version: str) -> None:
        suspected = [entry for entry in nodes(version, "suspected") if "fail?" in entry.flags]
        assert [(entry.is_failing, entry.is_master) for entry in suspected] == [(True, True)] * 2

    def test_failed_node(self, version: str) -> None:
        entry = only(nodes(version, "failed"), "fail")
        assert (entry.is_failing, entry.connected, entry.host) == (True, False, "127.0.0.1")

    def test_node_without_an_address(self, version: str) -> None:
        entry = only(nodes(version, "noaddr"), "noaddr")
        assert (entry.is_failing, entry.host, entry.port, entry.bus_port) == (True, "", 0, 0)

    def test_lines_are_read_completely(self, version: str) -> None:
        for path in (REPLIES / version).glob("nodes-*.txt"):
            for line in path.read_text().splitlines():
                words = line.split()
                words[4] = "0"  # the time of the last PING, which nobody needs
                words[2] = ",".join(sorted(words[2].split(",")))
                again = nodes_line(parse.cluster_nodes_line(line)).split()
                again[2] = ",".join(sorted(again[2].split(",")))
                assert again == words

    def test_cluster_info(self, version: str) -> None:
        fresh, complete = (parse.info(reply(version, f"cluster-info-{name}")) for name in ("fresh", "ok"))
        assert (fresh["cluster_state"], fresh["cluster_known_nodes"]) == ("fail", "1")
        assert (complete["cluster_state"], complete["cluster_slots_assigned"]) == ("ok", "16384")

    @pytest.mark.parametrize(("name", "role"), [("master", "master"), ("replica", "slave")])
    def test_info(self, version: str, name: str, role: str) -> None:
        fields = parse.info(reply(version, f"info-{name}"))
        family, _dash, number = version.partition("-")
        assert (fields["role"], fields["loading"], Node(member("shop-0-0"), info=fields).keys) == (role, "0", 1)
        assert fields[f"{family}_version"] == number
        assert not [key for key in fields if key.startswith("#") or key != key.strip()]
        assert not [value for value in fields.values() if value.endswith("\r")]

    def test_config_get(self, version: str) -> None:
        settings = parse.pairs(reply(version, "config-get").split("\n")[:-1])
        assert set(settings) == set(OBSERVED_SETTINGS)
        assert (settings["appendonly"], settings["save"], settings["cluster-node-timeout"]) == ("no", "", "1000")


LINES = [
    (
        "a replica without flags to speak of",
        f"{ONE} 10.0.0.1:6379@16379 noflags - 0 0 0 connected",
        Entry(ONE, "10.0.0.1", 6379, 16379, "", frozenset(), "", 0, 0, True),
    ),
    (
        "IPv6",
        f"{ONE} fd00::7:6379@16379 master - 0 12 3 connected 5",
        Entry(ONE, "fd00::7", 6379, 16379, "", frozenset({"master"}), "", 12, 3, True, ((5, 5),)),
    ),
    (
        "IPv6 without an address yet",
        f"{ONE} :6379@16379 myself,master - 0 0 0 connected",
        Entry(ONE, "", 6379, 16379, "", frozenset({"myself", "master"}), "", 0, 0, True),
    ),
    (
        "a host name and a shard id",
        f"{ONE} 10.0.0.1:6379@16379,redis-0-0.web,shard-id=abc slave {TWO} 0 0 0 disconnected",
        Entry(ONE, "10.0.0.1", 6379, 16379, "redis-0-0.web", frozenset({"slave"}), TWO, 0, 0, False),
    ),
    (
        "a shard id and no host name",
        f"{ONE} 10.0.0.1:6379@16379,,shard-id=abc slave {TWO} 0 0 0 connected",
        Entry(ONE, "10.0.0.1", 6379, 16379, "", frozenset({"slave"}), TWO, 0, 0, True),
    ),
    (
        "only a shard id",
        f"{ONE} 10.0.0.1:6379@16379,shard-id=abc slave {TWO} 0 0 0 connected",
        Entry(ONE, "10.0.0.1", 6379, 16379, "", frozenset({"slave"}), TWO, 0, 0, True),
    ),
    (
        "ranges, single slots and open slots",
        f"{ONE} 10.0.0.1:6379@16379 master - 0 0 1 connected 0-5 7 9-10 [7->-{TWO}] [11-<-{TWO}]",
        Entry(
            ONE,
            "10.0.0.1",
            6379,
            16379,
            "",
            frozenset({"master"}),
            "",
            0,
            1,
            True,
            ((0, 5), (7, 7), (9, 10)),
            (OpenSlot(7, "migrating", TWO), OpenSlot(11, "importing", TWO)),
        ),
    ),
]


@pytest.mark.parametrize(("line", "entry"), [row[1:] for row in LINES], ids=[row[0] for row in LINES])
def test_line(line: str, entry: Entry) -> None:
    assert parse.cluster_nodes_line(line) == entry


def test_empty_lines_of_a_reply_are_passed_over() -> None:
    line = f"{ONE} 10.0.0.1:6379@16379 master - 0 0 0 connected"
    assert [entry.id for entry in parse.cluster_nodes(f"{line}\n\n{line.replace(ONE, TWO)}\r\n")] == [ONE, TWO]


def test_half_a_line_is_refused_with_what_it_was() -> None:
    with pytest.raises(Fatal) as failure:
        parse.cluster_nodes_line(f"{ONE} 10.0.0.1:6379@16379 master -")
    assert str(failure.value) == (
        f"Cannot read a line of CLUSTER NODES: '{ONE} 10.0.0.1:6379@16379 master -' has fewer than eight fields."
    )


def test_info_of_values_with_colons_and_of_no_value() -> None:
    assert parse.info("# Server\r\nexecutable:C:/redis\r\n\r\nos:\r\nno colon\r\n") == {
        "executable": "C:/redis",
        "os": "",
    }


ids = some.text("0123456789abcdef", min_size=40, max_size=40)
hosts = some.one_of(
    some.ip_addresses(v=4).map(str), some.ip_addresses(v=6).map(str), some.sampled_from(["", "redis.example"])
)
slots = some.sets(some.integers(0, SLOTS - 1), max_size=30).map(table.as_ranges)
open_slots = some.lists(
    some.builds(OpenSlot, some.integers(0, SLOTS - 1), some.sampled_from(["migrating", "importing"]), ids), max_size=3
)
flags = some.sets(some.sampled_from(["myself", "master", "slave", "fail?", "fail", "handshake", "noaddr"]))
ports = some.integers(0, 65535)
entries = some.builds(
    Entry,
    id=ids,
    host=hosts,
    port=ports,
    bus_port=ports,
    hostname=some.sampled_from(["", "redis-0-0.nodes.web.svc.cluster.local"]),
    flags=flags.map(frozenset),
    master_id=some.one_of(some.just(""), ids),
    pong_received=some.integers(0, 2**53),
    epoch=some.integers(0, 2**63),
    connected=some.booleans(),
    slots=slots,
    open_slots=open_slots.map(tuple),
)


@given(some.lists(entries, max_size=5))
def test_what_is_written_is_read_again(written: list[Entry]) -> None:
    text = "".join(f"{nodes_line(entry)}\n" for entry in written)
    assert parse.cluster_nodes(text) == tuple(written)
