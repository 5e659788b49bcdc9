# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""In which order pods with servers and Sentinels are restarted, and why. Pure; PRIVATE to the collection.

1. Pods that do not run: they serve nobody.
2. The replicas, then the master, after it has handed over. The replicas are the newer ones by then: a master of a newer
   version could not feed an older replica (the format of a full synchronisation grows).
3. The Sentinels. Their votes are needed for the failover before.
A pod with a server and a Sentinel goes once, as its server.
Those that are to leave are not restarted before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ansible_collections.k8sredis.core.plugins.module_utils._decide import rollout, watched
from ansible_collections.k8sredis.core.plugins.module_utils._decide.rollout import (
    BROKEN,
    MASTER,
    REPLICA,
    SENTINEL,
    Bounds,
    Rollout,
    Turn,
    Wanted,
)
from ansible_collections.k8sredis.core.plugins.module_utils._model import Member, Node
from ansible_collections.k8sredis.core.plugins.module_utils._model_sentinel import Sentinel, Watch

ORDER = (BROKEN, REPLICA, MASTER, SENTINEL)


def members(watch: Watch) -> list[Member]:
    """One for each pod."""
    return [processes[0].member for processes in watch.pods.values()]


def due(watch: Watch, wished: Mapping[str, Wanted], requested: Mapping[str, str]) -> list[Turn]:
    """All of them, in order."""
    return sorted(_turns(watch, wished, requested), key=lambda turn: (ORDER.index(turn.kind), turn.pod))


def _turns(watch: Watch, wished: Mapping[str, Wanted], requested: Mapping[str, str]) -> Iterator[Turn]:
    for name, processes in watch.pods.items():
        reason = rollout.why(processes[0].member, wished.get(name), requested)
        if reason and name not in watch.leaving:
            yield Turn(name, _kind(watch, processes[0]), reason)


def _kind(watch: Watch, process: Node | Sentinel) -> str:
    if not process.answers and process.member.ready is not True:
        return BROKEN
    if isinstance(process, Sentinel):
        return SENTINEL
    leads = watched.is_master(process) or watched.agreed(watch) is process
    return MASTER if leads else REPLICA


def rolled(watch: Watch, wished: Mapping[str, Wanted], requested: Mapping[str, str], bounds: Bounds) -> Rollout:
    turns = due(watch, wished, requested)
    already = rollout.done(members(watch), wished, requested, {turn.pod for turn in turns})
    return rollout.bounded(turns, bounds, already)
