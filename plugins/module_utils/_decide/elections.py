# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which elections there were, and how long the next one has to wait for them. Pure; PRIVATE to the collection.

Two rules of Redis (cluster.c; seen with 7.0.15 to 8.6.3, not with Valkey 8.1.1 and 9.1.2):
a) Nobody votes twice against the same master within two node timeouts: the second candidate is told OK, and the
   writes of its shard stand still for 5 s while it waits for votes.
b) A candidate that was elected within the last four node timeouts (at least 4 s) takes that old election for the new
   one: it wins with a stale epoch, is demoted again, and writes stand still for 5 s.
To fail over to another replica and back to the former master at once is within both rules.

When an election was is in no table. What is known of them:
1. Those that the collection asked for itself are recorded, with the current epoch of the cluster, which grows with
   each election. While it is still the recorded one, the record is complete.
2. Otherwise there may have been others (a node failed, a person, a pod's own hand-over) at any time until the record
   was begun. They count unless the servers prove that there was none in that time: a master without a second
   replication id was never promoted, and a replica whose link to its master is older than the time in question has
   seen no change of master in it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace

from ansible_collections.k8sredis.core.plugins.module_utils._model import Node, View

KEPT = 3600.0
"""Seconds for which an election is recorded; four node timeouts are less with every sensible setting."""

DEFAULT_NODE_TIMEOUT = 15000
FREE_OF_BOTH = (8, 1)
"""Valkey from this version on begins each election anew (valkey#1305, #1356)."""

NEVER = "0" * 40
"""The second replication id of a server that was never promoted."""

AGE = re.compile(r"\bage=([0-9]+)")


@dataclass(frozen=True)
class Election:
    """``candidate`` was to take over from ``master`` (node ids); ``at`` in Unix time."""

    candidate: str
    master: str
    at: float


@dataclass(frozen=True)
class Record:
    """All elections since ``since``, as long as the current epoch of the cluster is ``epoch``."""

    epoch: int
    since: float
    elections: tuple[Election, ...] = ()


def current_epoch(view: View) -> int:
    return max((node.number("cluster_current_epoch") for node in view.answering), default=0)


def brought_up_to_date(record: Record | None, view: View, now: float) -> Record:
    """The same record while it is complete; else one that begins now and keeps the elections that are known."""
    epoch = current_epoch(view)
    if record is not None and record.epoch == epoch:
        return record
    known = record.elections if record else ()
    return Record(epoch, now, tuple(one for one in known if now - one.at < KEPT))


def added(record: Record, candidate: Node, master: Node, now: float) -> Record:
    """With an election that is about to be asked for."""
    return replace(record, elections=(*record.elections, Election(candidate.id, master.id, now)))


def after_own(record: Record, view: View, now: float) -> Record:
    """The election that was added last has taken place. It has made the epoch grow by one; more is somebody else's."""
    if current_epoch(view) == record.epoch + 1:
        return replace(record, epoch=record.epoch + 1)
    return brought_up_to_date(record, view, now)


def seconds_left(record: Record, candidate: Node, master: Node, now: float, link_age: float | None = None) -> float:
    """How long to wait before this candidate may be elected. ``link_age``: seconds for which it has been linked to
    its master; None when it does not tell."""
    if _is_free_of_both(candidate) and _is_free_of_both(master):
        return 0.0
    again, against = windows(candidate)
    ends = [one.at + again for one in record.elections if one.candidate == candidate.id]
    ends += [one.at + against for one in record.elections if one.master == master.id]
    if master.info.get("master_replid2", NEVER) != NEVER and not _was_promoted_by_us(master, record):
        ends.append(_unknown_until(record, again, now, link_age))
    # Clocks of two controllers differ: an election that is recorded for the future was a moment ago.
    return max(0.0, *(min(end - now, again) for end in ends)) if ends else 0.0


def _was_promoted_by_us(master: Node, record: Record) -> bool:
    """What was before that election had to be over before it was asked for."""
    return any(one.candidate == master.id and one.at >= record.since for one in record.elections)


def _unknown_until(record: Record, window: float, now: float, link_age: float | None) -> float:
    ends = [record.since + window]
    if link_age is not None:
        ends.append(now + window - link_age)
    return min(ends)


def windows(node: Node) -> tuple[float, float]:
    """Seconds after which the same candidate may be elected again, and anybody against the same master."""
    told = (node.settings or {}).get("cluster-node-timeout", "")
    timeout = (int(told) if told.isdecimal() else DEFAULT_NODE_TIMEOUT) / 1000
    return max(4 * timeout, 4.0), 2 * timeout


def _is_free_of_both(node: Node) -> bool:
    numbers = node.info.get("valkey_version", "0").split(".")[:2]
    return tuple(int(number) for number in numbers if number.isdecimal()) >= FREE_OF_BOTH


def link_age(client_list: object) -> float | None:
    """Of the reply to CLIENT LIST TYPE master; None when there is no such link, or no right to ask."""
    found = AGE.search(client_list) if isinstance(client_list, str) else None
    return float(found[1]) if found else None


def text(record: Record) -> str:
    """For an annotation."""
    elections = [[one.candidate, one.master, round(one.at, 1)] for one in record.elections]
    return json.dumps({"epoch": record.epoch, "since": round(record.since, 1), "elections": elections})


def parsed(annotation: str) -> Record | None:
    """None for what is no record: it is then begun anew."""
    try:
        found = json.loads(annotation)
        elections = tuple(Election(str(one[0]), str(one[1]), float(one[2])) for one in found["elections"])
        return Record(int(found["epoch"]), float(found["since"]), elections)
    except (ValueError, TypeError, KeyError, IndexError):
        return None
