# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How far a replica is behind its master. Pure; PRIVATE to the collection.

Offsets are read at different moments and a master that is written to goes on meanwhile, so a difference alone
proves nothing. Two numbers say what a replica has at least of all that its master had: its own offset, and the one
that the master knows of it, which is in the same reply as the master's and up to a second old (a replica
acknowledges once a second). What is missing even by the better of the two counts as behind only when it is more
than the master sent in the last seconds.
"""

from __future__ import annotations

import re

from ansible_collections.k8sredis.core.plugins.module_utils._model import Node

MAXIMUM_LAG = 1024 * 1024
"""Bytes a replica may be behind and still count as in sync."""

FAILOVER_LAG = 64 * 1024
"""The same for the moment before a failover: a network that carries 10 MB/s makes it up within 10 ms."""

SECONDS_SENT = 2
"""The second between two acknowledgements, and one for a busy machine."""

REPLICA_LINE = re.compile(r"slave[0-9]+")


def bytes_behind(replica: Node, master: Node) -> int:
    """0 when the replica keeps up."""
    return beyond(MAXIMUM_LAG, replica, master)


def bytes_to_catch_up(replica: Node, master: Node) -> int:
    """0 when a planned failover to the replica takes no longer than it must: the writes of the master stand still
    until the replica has all of them."""
    return beyond(FAILOVER_LAG, replica, master)


def beyond(limit: int, replica: Node, master: Node) -> int:
    """Bytes that the replica is behind, 0 when these are no more than the limit and what is on its way."""
    behind = master.number("master_repl_offset") - max(
        replica.number("slave_repl_offset"), _acknowledged(replica, master)
    )
    return behind if behind > limit + SECONDS_SENT * _sent_each_second(master) else 0


def _acknowledged(replica: Node, master: Node) -> int:
    """What the master's INFO says of this replica: ``slave0:ip=10.0.0.2,port=6379,state=online,offset=14,lag=0``.

    0 when it does not name it, and until the first acknowledgement.
    """
    for name, text in master.info.items():
        if REPLICA_LINE.fullmatch(name):
            told = dict(field.split("=", 1) for field in text.split(",") if "=" in field)
            if (told.get("ip"), told.get("port")) == (replica.member.host, str(replica.member.port)):
                return _whole(told.get("offset", ""))
    return 0


def _sent_each_second(master: Node) -> int:
    """Bytes to all its replicas together; the servers tell KiB with two decimals."""
    return _whole(master.info.get("instantaneous_output_repl_kbps", "").split(".")[0]) * 1024


def _whole(text: str) -> int:
    return int(text) if text.isdecimal() else 0
