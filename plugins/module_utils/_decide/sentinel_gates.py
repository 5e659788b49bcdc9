# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What must be so before a pod with a server or a Sentinel may go. Pure; PRIVATE to the collection.

``refusal`` names what waiting does not change, ``shut`` what time may bring. Both are asked again for every pod.
"""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.k8sredis.core.plugins.module_utils._decide import (
    restart_gates,
    sentinel_failover,
    sentinel_health,
    watched,
)
from ansible_collections.k8sredis.core.plugins.module_utils._decide.restart_gates import Limits
from ansible_collections.k8sredis.core.plugins.module_utils._decide.rollout import BROKEN, MASTER, SENTINEL, Turn
from ansible_collections.k8sredis.core.plugins.module_utils._model import Node
from ansible_collections.k8sredis.core.plugins.module_utils._model_sentinel import Watch

OWN_TROUBLE = frozenset({"link_down", "follows_another"})
"""What a replica may lack that restarts itself: it is not counted on."""


def refusal(watch: Watch, turn: Turn, limits: Limits) -> str:
    """Why this pod must not go as things are, and what to do, in words; empty when it may."""
    server = watch.server(turn.pod)
    if server is None:
        return ""
    found = [*_memory(watch, limits), *_last_copy(watch, server)]
    if turn.kind != BROKEN and len(watch.answering) == len(watch.servers):
        found += [*_least_replicas(watch, server, limits), *_successor(watch, server, turn, limits)]
    return next(iter(found), "")


def _memory(watch: Watch, limits: Limits) -> Iterator[str]:
    for other in watch.answering:
        used = other.number("used_memory")
        if limits.maxmemory and used > limits.maxmemory:
            yield (
                f"{other.name} uses {used} bytes, more than the {limits.maxmemory} of maxmemory that it would have "
                "then; delete data, or declare more memory"
            )


def _last_copy(watch: Watch, server: Node) -> Iterator[str]:
    """Nobody but itself has the data."""
    others = [
        one for one in watch.answering if one is not server and (watched.is_master(one) or watched.is_linked(one))
    ]
    lost = server.member.volatile or restart_gates.keeps_nothing(server)
    if not others and lost and server.member.ever_ran and (server.keys or not server.answers):
        yield "its data ends with the pod and no other server has it; add a replica first"


def _least_replicas(watch: Watch, server: Node, limits: Limits) -> Iterator[str]:
    """Whoever goes: one replica less."""
    told = (server.settings or {}).get(restart_gates.LEAST_REPLICAS, "0")
    least, left = int(told) if told.isdecimal() else 0, len(watch.servers) - 2
    if left < least and not limits.accept_interruption:
        yield (
            f"{restart_gates.LEAST_REPLICAS} is {least} and {max(0, left)} replicas would be left meanwhile, so the "
            "master would refuse writes; add a replica, or declare a smaller number for the restart"
        )


def _successor(watch: Watch, server: Node, turn: Turn, limits: Limits) -> Iterator[str]:
    if turn.kind != MASTER or limits.accept_interruption or sentinel_failover.best(watch, server):
        return
    yield (
        "it is the master and no replica may take over; add one or give one a replica-priority, or accept that nobody "
        "can write until it is back (accept_interruption)"
    )


def shut(watch: Watch, turn: Turn, limits: Limits) -> str:
    """Why it may not go now, in words; empty when it may."""
    process = watch.process(turn.pod)
    if process is None:
        return f"{turn.pod} is not there"
    if turn.kind == BROKEN:
        if process.answers:
            return f"{turn.pod} has come up meanwhile"
        return f"{turn.pod} loads its data" if "LOADING" in process.error.upper() else _votes(watch, turn)
    for check in sentinel_health.AGREEMENT:
        for finding in check(watch):
            if not (turn.kind != SENTINEL and finding.subject == turn.pod and finding.code in OWN_TROUBLE):
                return finding.text
    return _votes(watch, turn) or _lag(watch, turn, limits)


def _votes(watch: Watch, turn: Turn) -> str:
    """While the Sentinel of a pod is gone the others must still be a majority of all, and reach the quorum by
    themselves; unless they cannot elect anybody with it either."""
    sentinel, number = watch.sentinel(turn.pod), len(watch.sentinels)
    if sentinel is None or not sentinel.answers:
        return ""
    left = sum(each.answers for each in watch.sentinels) - 1
    quorum = max((each.master.number("quorum") for each in watch.watching if each.master), default=0)
    least = max(number // 2 + 1, quorum)
    if left < least <= left + 1:
        return f"{left} of {number} Sentinels would be left, and nobody could be elected meanwhile"
    return ""


def _lag(watch: Watch, turn: Turn, limits: Limits) -> str:
    master = watched.agreed(watch)
    if turn.kind == SENTINEL or master is None:
        return ""
    for replica in watched.replicas_of(watch, master):
        behind = watched.behind(master, replica)
        if replica.name != turn.pod and behind > limits.max_lag:
            return f"{replica.name} is {behind} bytes behind {master.name}, allowed are {limits.max_lag} (max_lag)"
    return ""


def unproven(watch: Watch) -> str:
    """What is still missing after a restart for the next one to begin; empty when nothing is."""
    found = sentinel_health.disagreement(watch)
    return found.text if found else ""
