# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts of redis.conf and live.conf."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._decide import configuration, names
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.decide.declarations import GOOD, wish

BOOT = """\
port 6379
cluster-port 16379
protected-mode yes
dir /data
cluster-enabled yes
cluster-config-file nodes.conf
aclfile /etc/k8sredis/auth/users.acl
appendonly yes
cluster-allow-replica-migration no
include /usr/local/etc/redis/live.conf
"""
LIVE = """\
cluster-node-timeout 5000
cluster-require-full-coverage no
cluster-preferred-endpoint-type ip
save ""
repl-diskless-sync-delay 0
repl-backlog-size 51mb
client-output-buffer-limit "replica 153mb 76mb 120"
"""


def test_the_texts_of_a_plain_declaration() -> None:
    """The text of redis.conf names its ConfigMap: a change of it makes a new one for every instance."""
    texts = configuration.configuration(GOOD)
    assert (texts.boot, texts.live) == (BOOT, LIVE)
    assert names.names(GOOD, texts.boot).boot == "shop-boot-92ea41b068"


def added(given: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Lines that a declaration adds to both texts."""
    texts = configuration.configuration(wish(**given))
    boot = [line for line in texts.boot.splitlines() if line not in BOOT.splitlines()]
    return boot, [line for line in texts.live.splitlines() if line not in LIVE.splitlines()]


@pytest.mark.parametrize(
    ("given", "boot", "live"),
    [
        ({"port": 7000, "bus_port": 17000}, ["port 7000", "cluster-port 17000"], []),
        ({"persistence": "rdb"}, ["appendonly no"], ['save "3600 1 300 100 60 10000"']),
        ({"persistence": "none"}, ["appendonly no"], []),
        ({"node_timeout": 9000}, [], ["cluster-node-timeout 9000"]),
        (
            {"require_full_coverage": True, "preferred_endpoint_type": "hostname"},
            [],
            ["cluster-require-full-coverage yes", "cluster-preferred-endpoint-type hostname"],
        ),
        ({"config": {"io-threads": 4, "hz": 20}}, ["io-threads 4"], ["hz 20"]),
        ({"config": {"a-brand-new-directive": "x y"}}, ['a-brand-new-directive "x y"'], []),
        (
            {"config": {"Save": ["60 1", "1 100"]}, "persistence": "rdb"},
            ["appendonly no"],
            ['save "60 1"', 'save "1 100"'],
        ),
        ({"config": {"repl-diskless-sync-delay": 5}}, [], ["repl-diskless-sync-delay 5"]),
        (
            {"config": {"client-output-buffer-limit": "pubsub 1mb 1mb 1"}},
            [],
            ['client-output-buffer-limit "pubsub 1mb 1mb 1"'],
        ),
        (
            {"resources": {"limits": {"memory": "128Mi"}}},
            [],
            ["repl-backlog-size 6mb", 'client-output-buffer-limit "replica 19mb 9mb 120"'],
        ),
        (
            {"resources": {"limits": {"memory": "16Gi"}}},
            [],
            ["repl-backlog-size 64mb", 'client-output-buffer-limit "replica 2457mb 1228mb 120"'],
        ),
        (
            {"resources": {"limits": {"memory": "10Mi"}}},
            [],
            ["repl-backlog-size 1mb", 'client-output-buffer-limit "replica 16mb 8mb 120"'],
        ),
        (
            {"resources": {}},
            [],
            ["repl-backlog-size 64mb", 'client-output-buffer-limit "replica 512mb 256mb 120"'],
        ),
    ],
)
def test_what_a_setting_adds(given: dict[str, Any], boot: list[str], live: list[str]) -> None:
    assert added(given) == (boot, live)


def test_a_directive_of_the_user_replaces_ours() -> None:
    texts = configuration.configuration(wish(config={"Repl-Backlog-Size": "1gb", "repl-diskless-sync-delay": 3}))
    lines = [line for line in texts.live.splitlines() if line.startswith("repl-")]
    assert lines == ["repl-backlog-size 1gb", "repl-diskless-sync-delay 3"]


def test_our_limit_comes_before_the_users() -> None:
    """Each line sets one class, the last one wins."""
    texts = configuration.configuration(wish(config={"client-output-buffer-limit": "replica 1gb 1gb 60"}))
    assert [line for line in texts.live.splitlines() if line.startswith("client-")] == [
        'client-output-buffer-limit "replica 153mb 76mb 120"',
        'client-output-buffer-limit "replica 1gb 1gb 60"',
    ]


@pytest.mark.parametrize(
    ("given", "derived"),
    [
        ({}, True),
        ({"config": {"MaxMemory": "1gb"}}, False),
        ({"config": {"maxmemory-policy": 1}}, True),
        ({"resources": {}}, False),
        ({"resources": {"limits": {"cpu": 1}}}, False),
        ({"resources": {"limits": {"memory": "0"}}}, False),
    ],
)
def test_maxmemory_is_derived_from_a_limit_unless_given(given: dict[str, Any], derived: bool) -> None:
    assert configuration.derives_maxmemory(wish(**given)) is derived


@pytest.mark.parametrize(
    ("config", "seconds"),
    [
        ({}, 0),
        ({"repl-diskless-sync-delay": 5}, 5),
        ({"Repl-Diskless-Sync-Delay": "7"}, 7),
        ({"repl-diskless-sync-delay": []}, 0),
    ],
)
def test_the_delay_before_a_full_synchronisation(config: dict[str, Any], seconds: int) -> None:
    assert configuration.replica_sync_delay(wish(config=config)) == seconds


def split_arguments(line: bytes) -> list[bytes] | None:
    """The servers' own reading of a line (sdssplitargs in sds.c); None where they refuse it."""
    words: list[bytes] = []
    position = 0
    while True:
        while position < len(line) and line[position : position + 1].isspace():
            position += 1
        if position >= len(line):
            return words
        word, position = _word(line, position)
        if word is None:
            return None
        words.append(word)


def _word(line: bytes, position: int) -> tuple[bytes | None, int]:
    word = b""
    while position < len(line) and not line[position : position + 1].isspace():
        byte = line[position : position + 1]
        if byte == b'"':
            return _quoted(line, position + 1)
        if byte == b"'":
            return None, position
        word += byte
        position += 1
    return word, position


def _quoted(line: bytes, position: int) -> tuple[bytes | None, int]:
    escapes = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"a": b"\a"}
    word = b""
    while position < len(line):
        byte, after = line[position : position + 1], line[position + 1 : position + 2]
        if byte == b'"':
            end = position + 1
            return (word, end) if end == len(line) or line[end : end + 1].isspace() else (None, end)
        if byte == b"\\" and after == b"x":
            word += bytes.fromhex(line[position + 2 : position + 4].decode())
            position += 4
        elif byte == b"\\":
            word += escapes.get(after, after)
            position += 2
        else:
            word += byte
            position += 1
    return None, position


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_each_value_is_one_argument_of_one_line(value: str) -> None:
    line = f"name {configuration.quoted(value)}"
    assert line.isascii()
    assert line.isprintable()
    assert split_arguments(line.encode()) == [b"name", value.encode()]


@given(st.dictionaries(st.sampled_from(["hz", "io-threads", "syslog-ident"]), st.text(max_size=20)))
def test_no_value_adds_a_line(config: dict[str, str]) -> None:
    texts = configuration.configuration(wish(config=config))
    lines = (texts.boot + texts.live).split("\n")[:-1]
    ours = (BOOT + LIVE).split("\n")[:-1]
    assert sorted(line.split(" ")[0] for line in lines) == sorted([*config, *(line.split(" ")[0] for line in ours)])


@pytest.mark.parametrize(
    ("given", "delay"), [({}, 0), ({"Repl-Diskless-Sync-Delay": 5}, 5), ({"repl-diskless-sync-delay": [3, "7"]}, 7)]
)
def test_the_delay_that_a_run_keeps_is_the_one_that_the_file_says(given: dict[str, Any], delay: int) -> None:
    assert configuration.replica_sync_delay(wish(config=given)) == delay
