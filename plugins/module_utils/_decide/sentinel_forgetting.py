# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which Sentinels are to forget what is left of former servers and Sentinels. Pure; PRIVATE to the collection.

Sentinels never drop anybody by themselves. A Sentinel that is gone is counted for every majority, so that in the end
nobody can be elected; a replica that is gone is asked for ever. SENTINEL RESET makes a Sentinel forget all but the
master, and it learns of those who are there again through it. While the master is away it would learn nothing, so:

1. Everybody answers and agrees but for what is left, and no failover is under way.
2. What is left is really gone: a Sentinel takes it for dead. One that answers may be somebody's, and one that has just
   gone looks like that until down-after is over: a Sentinel that begins to connect again knows no better. So both are
   waited for.
3. One Sentinel after the other; the others keep quorum and majority meanwhile.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ansible_collections.k8sredis.core.plugins.module_utils._decide import sentinel_health, table, watched
from ansible_collections.k8sredis.core.plugins.module_utils._model import Finding, Plan, Refused, Retryable, Step
from ansible_collections.k8sredis.core.plugins.module_utils._model_sentinel import Sentinel, Watch

REASON_GONE = "it is gone and is counted or asked still"

GHOSTS = frozenset({"ghost_replica", "ghost_sentinel"})

OF_GHOSTS = frozenset({"no_quorum"})
"""What ghosts alone can bring about."""

UNLINKED = "disconnected"
"""Flag of somebody to whom a Sentinel has no connection; whether it is down is only known after down-after."""

PATTERN = re.compile(r"[*?\[\]\\]")
"""SENTINEL RESET takes a pattern, which must not meet other masters."""


def plan(watch: Watch) -> Plan:
    """A step for each Sentinel that knows somebody who is gone."""
    due = [sentinel for sentinel in watch.watching if watched.ghosts(watch, sentinel)]
    if not due:
        return Plan()
    if PATTERN.search(watch.master_name):
        raise Refused(
            f"Cannot let Sentinels forget anybody of {watch.master_name}: SENTINEL RESET would take that name for a "
            "pattern; watch the master under a plain name."
        )
    found = disagreement(watch)
    if found is not None:
        raise Retryable(
            f"Cannot let Sentinels of {watch.master_name} forget anybody: {found.text}; see 'sentinel_info', run again."
        )
    return Plan(tuple(_step(watch, sentinel) for sentinel in due))


def disagreement(watch: Watch) -> Finding | None:
    """What keeps a Sentinel from being reset; ghosts do not."""
    found = (each for check in sentinel_health.AGREEMENT for each in check(watch))
    return next((each for each in found if each.code not in GHOSTS | OF_GHOSTS), None)


def _step(watch: Watch, sentinel: Sentinel) -> Step:
    left = watched.ghosts(watch, sentinel)
    for peer in left:
        where = f"{peer.host}:{peer.port}"
        if not peer.flags & (sentinel_health.DOWN | {UNLINKED}):
            raise Retryable(
                f"Cannot let {sentinel.name} forget {where}: it is none of those that were named, and it answers; find "
                "out whose it is and stop it, or name it."
            )
        if not peer.flags & sentinel_health.DOWN:
            raise Retryable(
                f"Cannot let {sentinel.name} forget {where}: it does not take that for dead yet; run again."
            )
    text = f"{sentinel.name} forgets {table.joined(f'{peer.host}:{peer.port}' for peer in left)}"
    return Step("forget", sentinel.name, text, REASON_GONE, (("SENTINEL", "RESET", watch.master_name),))


def unproven(watch: Watch, name: str) -> str:
    """What is still missing for this Sentinel to know everybody again, and nobody else; empty when nothing is."""
    return next(_missing(watch, name), "")


def _missing(watch: Watch, name: str) -> Iterator[str]:
    found = disagreement(watch)
    if found is not None:
        yield found.text
    sentinel = next((each for each in watch.sentinels if each.name == name), None)
    if sentinel is None or not sentinel.answers:
        yield f"{name} does not answer"
    elif watched.ghosts(watch, sentinel):
        yield f"{name} knows somebody again who is gone"
    elif sentinel.no_quorum:
        yield f"{name} says: {sentinel.no_quorum}"
