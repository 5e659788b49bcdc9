# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which server is to take over from a master that Sentinels watch. Pure; PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ansible_collections.k8sredis.core.plugins.module_utils._decide import sentinel_health, table, watched
from ansible_collections.k8sredis.core.plugins.module_utils._model import Node, Plan, Refused, Retryable, Step
from ansible_collections.k8sredis.core.plugins.module_utils._model_sentinel import Sentinel, Watch

REASON_NAMED = "is to be the master"
REASON_AWAY = "its master is to be master no longer"

NEVER = 0
"""The replica-priority of a server that Sentinels never make master."""

PREFERRED = 1
"""That of the one they are to choose: the lowest wins, then the largest offset, then the smallest run id
(sentinel.c, sentinelSelectSlave)."""


def plan(watch: Watch, to: str, away_from: Collection[str]) -> Plan:
    """One failover, or nothing when the master is where it is asked to be. Raises Refused for what cannot be meant, and
    Retryable while servers and Sentinels do not all say the same.

    ``away_from``: servers of which none is to be master."""
    _refuse_unknown(watch, to, away_from)
    found = sentinel_health.disagreement(watch)
    master = watched.agreed(watch)
    if found is not None or master is None:
        why = found.text if found else "no majority of the Sentinels names one of the servers"
        raise Retryable(f"Cannot hand the master of {watch.master_name} over: {why}; see 'sentinel_info', run again.")
    if master.name == to or (not to and master.name not in away_from):
        return Plan()
    candidate = watch.server(to) if to else best(watch, master, away_from)
    if candidate is None:
        raise Refused(f"Cannot hand {master.name} over: no replica of it may be master; give one a replica-priority.")
    if priority(candidate) == NEVER:
        raise Refused(
            f"Cannot make {candidate.name} the master: its replica-priority is 0, by which it never is; set another."
        )
    reason = REASON_NAMED if to else REASON_AWAY
    return Plan((Step("failover", candidate.name, f"{candidate.name} takes over from {master.name}", reason),))


def _refuse_unknown(watch: Watch, to: str, away_from: Collection[str]) -> None:
    known = {server.name for server in watch.servers} | watch.leaving
    strange = [name for name in (to, *away_from) if name and name not in known]
    if strange:
        raise unknown(watch, strange[0])


def unknown(watch: Watch, name: str) -> Refused:
    return Refused(
        f"Cannot hand over to or from {name}: no server has that name; there are "
        f"{table.joined((server.name for server in watch.servers), most=12)}."
    )


def best(watch: Watch, master: Node, but: Collection[str] = ()) -> Node | None:
    """On another host than the master, if there is one; then the one that lacks least, then the first by name. None of
    those that are to leave, and none of ``but``."""

    def worth(replica: Node) -> tuple[bool, int, str]:
        return (
            watched.host(replica.member) == watched.host(master.member),
            watched.behind(master, replica),
            replica.name,
        )

    stay = [each for each in watched.replicas_of(watch, master) if each.name not in {*watch.leaving, *but}]
    able = [each for each in stay if priority(each) != NEVER]
    return min(able, key=worth, default=None)


def priority(server: Node) -> int:
    """As it announces it itself; 100 is the servers' default."""
    text = (server.settings or {}).get("replica-priority", "100")
    return int(text) if text.isdecimal() else 100


def priorities(watch: Watch, candidate: Node) -> Mapping[str, int]:
    """What replicas must announce for a time, by name, so that Sentinels choose the candidate and no other."""
    others = [each for each in watch.answering if not watched.is_master(each) and each is not candidate]
    if not others or all(priority(each) == NEVER or priority(each) > priority(candidate) for each in others):
        return {}
    wished = {candidate.name: PREFERRED} if priority(candidate) != PREFERRED else {}
    return wished | {each.name: PREFERRED + 1 for each in others if priority(each) == PREFERRED}


def not_seen(watch: Watch, wished: Mapping[str, int]) -> str:
    """Which Sentinel has not yet seen such priorities: they ask replicas for them every 10 s; empty when all have."""
    for sentinel in watch.watching:
        for name, number in wished.items():
            seen = _announced(watch, sentinel, name)
            if seen != number:
                return f"{sentinel.name} still has replica-priority {seen} of {name} instead of {number}"
    return ""


def _announced(watch: Watch, sentinel: Sentinel, name: str) -> int:
    server = watch.server(name)
    peer = watched.peer(sentinel, server) if server else None
    return peer.number("slave-priority") if peer else -1


def unproven(watch: Watch, candidate: str, former: str) -> str:
    """What is still missing for the failover to be over for everybody; empty when it is."""
    found = sentinel_health.disagreement(watch)
    if found is not None:
        return found.text
    master = watched.agreed(watch)
    if master is None or master.name != candidate:
        return f"the Sentinels name {master.name if master else 'no master'}, not {candidate}"
    return "" if watch.server(former) in list(watched.replicas_of(watch, master)) else f"{former} does not follow yet"
