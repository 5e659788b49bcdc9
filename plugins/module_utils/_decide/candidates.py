# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who may take over from a master without losing anything. Pure; PRIVATE to the collection.

CLUSTER FAILOVER stops the master's writes until the candidate has them all, so nothing is lost by it; what can go wrong
is that it takes long, or that the candidate is not elected, and then writes stand still for 5 s for nothing.
"""

from __future__ import annotations

from ansible_collections.k8sredis.core.plugins.module_utils._decide import health, replication, table
from ansible_collections.k8sredis.core.plugins.module_utils._model import Entry, Node, View


def of(master: Node, view: View) -> list[Node]:
    """Those that follow it by their own table, in order."""
    return sorted((node for node in view.answering if node.myself.master_id == master.id), key=in_order)


def in_order(node: Node) -> tuple[int, int, str]:
    return (node.member.shard or 0, node.member.ordinal or 0, node.name)


def barred(candidate: Node, master: Node) -> str:
    """Why it must not take over as things are, in words; waiting does not change that. Empty when it may."""
    if candidate.member.shard != master.member.shard:
        return f"it is of shard {candidate.member.shard} and replicates shard {master.member.shard}"
    if "nofailover" in candidate.myself.flags:
        return "it is set to cluster-replica-no-failover"
    if _is_older(candidate, master):
        # A master of a newer version feeds an older replica what that may not understand.
        return f"it runs {health.version(candidate)}, older than {health.version(master)} of {master.name}"
    return ""


def lacking(candidate: Node, master: Node, view: View) -> str:
    """What it still lacks to take over at once, in words; time may bring it. Empty when nothing."""
    if not candidate.answers:
        return candidate.error
    if candidate.myself.master_id != master.id:
        return f"it does not replicate {master.name}"
    if not _is_listed(candidate, master, view):
        return f"{master.name} or a majority of the masters does not hold it for a replica of {master.name} yet"
    if candidate.info.get("master_link_status") != "up":
        return f"its link to {master.name} is down"
    if candidate.number("master_sync_in_progress") or candidate.number("loading"):
        return "its data is not complete yet"
    behind = replication.bytes_to_catch_up(candidate, master)
    return f"it is {behind} bytes behind {master.name}" if behind else ""


def _is_listed(candidate: Node, master: Node, view: View) -> bool:
    """A master that does not list it answers its request for a pause with silence, and 5 s are lost (rule c of
    redis#1305): the table of the master counts, and those of the voters."""
    voters = serving(view)
    agree = [voter for voter in voters if _follows(voter.entries.get(candidate.id), master)]
    return _follows(master.entries.get(candidate.id), master) and len(agree) * 2 > len(voters)


def _follows(entry: Entry | None, master: Node) -> bool:
    return entry is not None and not entry.is_master and entry.master_id == master.id and not entry.is_failing


def serving(view: View) -> list[Node]:
    """The masters that serve slots, in order; they are the voters."""
    found = [node for node in view.answering if node.myself.is_master and table.own_slots(node)]
    return sorted(found, key=lambda node: (node.member.shard or 0, table.own_slots(node), node.name))


def _is_older(candidate: Node, master: Node) -> bool:
    """By the branch: patch releases of one write the same format. Also one of the other family: neither reads what
    the other writes."""
    own_family, own_number = _version(candidate)
    family, number = _version(master)
    return own_family != family or own_number[:2] < number[:2]


def _version(node: Node) -> tuple[str, tuple[int, ...]]:
    family, _space, number = health.version(node).partition(" ")
    return family, tuple(int(part) for part in number.split(".") if part.isdecimal())
