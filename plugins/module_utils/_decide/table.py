# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Questions about the tables of a view that several decisions share. Pure; PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address

from ansible_collections.k8sredis.core.plugins.module_utils._model import Entry, Member, Node, SlotRange, View


def same_address(entry: Entry, member: Member) -> bool:
    """Whether a table entry points to where the member is now."""
    # Equal texts first: this is asked a million times for a thousand nodes.
    return entry.port == member.port and same_host(entry.host, member.host)


def same_host(one: str, other: str) -> bool:
    """IPv6 addresses have several spellings."""
    return one == other or _canonical(one) == _canonical(other)


def _canonical(host: str) -> str:
    try:
        return str(ip_address(host))
    except ValueError:
        return host


def known_ids(node: Node) -> set[str]:
    """Ids in a node's table. An entry in handshake has a random id of its own, so it says nothing."""
    return {entry.id for entry in node.table if not entry.in_handshake}


def strangers(node: Node, view: View) -> list[Entry]:
    """Entries whose id none of the view's members has."""
    ours = view.by_id
    return [entry for entry in node.table if not entry.in_handshake and entry.id not in ours]


def own_slots(node: Node) -> tuple[SlotRange, ...]:
    """Slots that a node says it serves itself."""
    return node.myself.slots


def count(ranges: Iterable[SlotRange]) -> int:
    return sum(last - first + 1 for first, last in ranges)


def slots_of(ranges: Iterable[SlotRange]) -> set[int]:
    return {slot for first, last in ranges for slot in range(first, last + 1)}


def as_ranges(slots: Iterable[int]) -> tuple[SlotRange, ...]:
    """Slots as the fewest ranges, in order."""
    ranges: list[SlotRange] = []
    for slot in sorted(slots):
        if ranges and ranges[-1][1] == slot - 1:
            ranges[-1] = (ranges[-1][0], slot)
        else:
            ranges.append((slot, slot))
    return tuple(ranges)


def range_text(ranges: Iterable[SlotRange]) -> str:
    """For people: ``0-5460, 9000``."""
    return ", ".join(f"{first}-{last}" if last > first else str(first) for first, last in ranges) or "none"


def is_fresh(node: Node) -> bool:
    """Knows nobody, serves nothing, holds nothing: a node that a MEET cannot hurt."""
    return len(known_ids(node)) == 1 and not own_slots(node) and node.keys == 0


def highest_epoch(view: View) -> int:
    return max((entry.epoch for node in view.answering for entry in node.table), default=0)


def is_new_cluster(view: View) -> bool:
    """Empty, no failover ever happened and no replica is in sync yet: only then may server settings be changed for a
    moment. An empty cluster that gets further shards is live.

    Epochs of a new cluster are the ones that joining sets, at most one per node.
    """
    empty = all(node.keys == 0 and node.info.get("master_link_status") != "up" for node in view.answering)
    return empty and len(view.answering) == len(view.nodes) and highest_epoch(view) <= len(view.nodes)


def joined(names: Iterable[str], most: int = 4) -> str:
    """A list for a sentence, shortened: ``a, b, c, d and 3 more``."""
    every = list(names)
    shown = ", ".join(every[:most])
    return f"{shown} and {len(every) - most} more" if len(every) > most else shown
