# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a replica is behind its master."""

from __future__ import annotations

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._decide import replication
from ansible_collections.k8sredis.core.plugins.module_utils._model import Member, Node
from ansible_collections.k8sredis.core.plugins.module_utils._observe import parse

from tests.unit.observe.test_parse import VERSIONS, reply

MIB = 1024 * 1024
HEAD = 500 * MIB


def behind(own: int, *, told: str = "", sent: str = "0.00", host: str = "10.0.0.2") -> int:
    """Of a replica whose own offset is that, while the master has written HEAD bytes."""
    replica = Node(Member("b", host), info={"role": "slave", "slave_repl_offset": str(own)})
    info = {"role": "master", "master_repl_offset": str(HEAD), "instantaneous_output_repl_kbps": sent}
    return replication.bytes_behind(
        replica, Node(Member("a", "10.0.0.1"), info={**info, **({"slave0": told} if told else {})})
    )


def line(offset: int, host: str = "10.0.0.2") -> str:
    return f"ip={host},port=6379,state=online,offset={offset},lag=0,type=replica"


KEEPS_UP = [
    ("a mebibyte", behind(HEAD - MIB)),
    ("read after the master", behind(HEAD + 70 * MIB)),
    ("read long before the master, which knows better", behind(HEAD - 70 * MIB, told=line(HEAD - MIB))),
    ("just synchronised, nothing acknowledged yet", behind(HEAD, told=line(0))),
    ("a second's worth of 40 MiB/s", behind(HEAD - 40 * MIB, told=line(HEAD - 45 * MIB), sent="40960.17")),
    ("IPv6", behind(0, told=line(HEAD, "fd00::2"), host="fd00::2")),
]
IS_BEHIND = [
    ("more than a mebibyte", behind(HEAD - MIB - 1), MIB + 1),
    ("by both", behind(HEAD - 70 * MIB, told=line(HEAD - 60 * MIB)), 60 * MIB),
    ("more than is sent in seconds", behind(HEAD - 82 * MIB, sent="40960.17"), 82 * MIB),
    ("the line is of another replica", behind(HEAD - 70 * MIB, told=line(HEAD, "10.0.0.3")), 70 * MIB),
    ("the line is of no replica", behind(HEAD - 70 * MIB, told="?,ip,offset=x"), 70 * MIB),
    ("the line has no number", behind(HEAD - 70 * MIB, told="ip=10.0.0.2,port=6379,offset=-1"), 70 * MIB),
]


@pytest.mark.parametrize("bytes_", [row[1] for row in KEEPS_UP], ids=[row[0] for row in KEEPS_UP])
def test_keeps_up(bytes_: int) -> None:
    assert bytes_ == 0


@pytest.mark.parametrize(("bytes_", "seen"), [row[1:] for row in IS_BEHIND], ids=[row[0] for row in IS_BEHIND])
def test_is_behind(bytes_: int, seen: int) -> None:
    assert bytes_ == seen


@pytest.mark.parametrize("version", VERSIONS)
def test_captured_replies(version: str) -> None:
    """The master's word alone is enough: the replica's own offset is taken away, the master's is moved on."""
    master, replica = (parse.info(reply(version, f"info-{role}")) for role in ("master", "replica"))
    there = Node(Member("b", "127.0.0.1", int(replica["tcp_port"])), info={**replica, "slave_repl_offset": "0"})
    acknowledged = int(master["slave0"].split("offset=")[1].split(",")[0])
    for head, seen in ((acknowledged + MIB, 0), (acknowledged + MIB + 1, MIB + 1)):
        told = {**master, "master_repl_offset": str(head)}
        assert replication.bytes_behind(there, Node(Member("a", "127.0.0.1"), info=told)) == seen
    rate = {**master, "master_repl_offset": str(2 * MIB), "instantaneous_output_repl_kbps": "1024.00"}
    assert replication.bytes_behind(there, Node(Member("a", "127.0.0.1"), info=rate)) == 0
