# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who takes over from a master that is gone for good, when the Sentinels elect nobody. Pure; PRIVATE to the collection.

After an outage of all, no server with an append-only file knows how much it has compared to others, so those that
start without their master have replica-priority 0 and are never elected. Somebody has to say whose data goes on:

1. A person names the master that is given up, and the server that takes over. What the former alone has is lost, so
   nothing is chosen here.
2. The master that is given up is the one that the Sentinels name, and nobody reaches it: not we, and not more than half
   of all Sentinels. One that only we do not reach may be written to.
3. The other server answers, and is a replica of it, or of nobody.
4. No failover is under way, nobody else is master, and every Sentinel answers that is needed for a majority.
"""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.k8sredis.core.plugins.module_utils._decide import sentinel_health, watched
from ansible_collections.k8sredis.core.plugins.module_utils._decide.sentinel_failover import (
    NEVER,
    PREFERRED,
    priority,
    unknown,
)
from ansible_collections.k8sredis.core.plugins.module_utils._model import Node, Plan, Refused, Retryable, Step
from ansible_collections.k8sredis.core.plugins.module_utils._model_sentinel import Watch

REASON = "the master is given up"

DEFAULT = 100
"""The servers' own replica-priority."""


def plan(watch: Watch, to: str, given_up: str) -> Plan:
    """One take-over, or nothing where it was done. Raises Refused and Retryable as a planned failover does."""
    candidate, former = (_server(watch, name) for name in (to, given_up))
    if candidate is former:
        raise Refused(f"Cannot give {given_up} up for itself: name another server that is to take over.")
    master = watched.agreed(watch)
    if master is candidate and watched.is_master(candidate):
        return Plan()
    if master is not former:
        raise Refused(
            f"Cannot give {given_up} up: {_named(master)}; to change a master that is there, leave 'given_up' out."
        )
    _refuse_if_it_lives(watch, former)
    why = _not_now(watch, candidate, former)
    if why:
        raise Retryable(f"Cannot let {to} take over from {given_up}: {why}; see 'sentinel_info', run again.")
    text = f"{to} takes over from {given_up}, which is given up with what it alone has"
    return Plan((Step("takeover", to, text, REASON),))


def _server(watch: Watch, name: str) -> Node:
    server = watch.server(name)
    if server is None:
        raise unknown(watch, name)
    return server


def _named(master: Node | None) -> str:
    return f"the Sentinels name {master.name}" if master else "no majority of the Sentinels names one of the servers"


def _refuse_if_it_lives(watch: Watch, former: Node) -> None:
    if former.answers:
        raise Refused(f"Cannot give {former.name} up: it answers; hand over by a planned failover, without 'given_up'.")
    down = [each for each in watch.watching if each.master and each.master.flags & sentinel_health.DOWN]
    if 2 * len(down) <= len(watch.sentinels):
        raise Retryable(
            f"Cannot give {former.name} up: it does not answer here, but only {len(down)} of {len(watch.sentinels)} "
            "Sentinels miss it, so clients may reach it; see 'sentinel_info', and run again when more than half do."
        )


def _not_now(watch: Watch, candidate: Node, former: Node) -> str:
    if not candidate.answers:
        return f"{candidate.name}: {candidate.error}"
    other = next(iter(watched.masters(watch)), None)
    if other is not None:
        return f"{other.name} is master"
    if watched.followed(watch, candidate) not in (former, None):
        return f"{candidate.name} follows another one"
    found = next(iter(sentinel_health.failover_under_way(watch)), None)
    return f"{found.subject} {found.seen}" if found else ""


def priorities(watch: Watch, candidate: Node) -> Mapping[str, int]:
    """By name, so that the Sentinels can choose nobody else. The former master may be back meanwhile, and keeps its."""
    others = [each for each in watch.answering if each is not candidate and priority(each) == PREFERRED]
    return {candidate.name: PREFERRED} | {each.name: PREFERRED + 1 for each in others}


def afterwards(watch: Watch, changed: Mapping[str, int]) -> Mapping[str, int]:
    """What they get back. One that was never to be elected has its data in common with all others then."""
    former = {each.name: priority(each) for each in watch.answering if each.name in changed}
    return {name: number if number != NEVER else DEFAULT for name, number in former.items()}


def unproven(watch: Watch, candidate: str) -> str:
    """What is still missing for it to be the master of all who answer; empty when it is."""
    master = watched.agreed(watch)
    if master is None or master.name != candidate or not watched.is_master(master):
        return f"the Sentinels name {master.name if master else 'no master'}"
    for server in watch.answering:
        if server is not master and (watched.followed(watch, server) is not master or not watched.is_linked(server)):
            return f"{server.name} is not in sync with it"
    return ""
