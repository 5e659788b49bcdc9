# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lets a server take over from a master that a person has given up. PRIVATE to the collection.

1. Look, and decide from what was seen alone (sentinel_takeover in _decide): nobody reaches the master, and the
   Sentinels elect nobody. Nothing to do: the end.
2. Give the server the lowest replica-priority, and wait until each Sentinel has seen it: when a master is down they
   ask its replicas every second.
3. SENTINEL FAILOVER at one of them, and ask the server for its role until it is master. It follows nobody's word but
   that of the Sentinels: a server that makes itself master is made a replica again.
4. In any case: let the others have their replica-priority back, and the new master that of the servers' default.
5. Prove that a majority of the Sentinels names it, and that all servers that answer follow it, in sync.
Killed at any point, the next run begins at 1. The former master is made a replica by the Sentinels when it comes back.
"""

from __future__ import annotations

from functools import partial

from ansible_collections.k8sredis.core.plugins.module_utils._decide import sentinel_takeover as decide
from ansible_collections.k8sredis.core.plugins.module_utils._execute import sentinel_failover
from ansible_collections.k8sredis.core.plugins.module_utils._execute.watching import Watching
from ansible_collections.k8sredis.core.plugins.module_utils._model import Node, Retryable, Step
from ansible_collections.k8sredis.core.plugins.module_utils._model_sentinel import Watch
from ansible_collections.k8sredis.core.plugins.module_utils._observe.redis import is_error

UNDER_WAY = "INPROG"
"""How a Sentinel answers that fails over already; it can choose nobody else by then."""


def take_over(watching: Watching, to: str, given_up: str, timeout: float) -> Watch:
    """``timeout``: seconds of each wait by itself."""
    watch, step = watching.decided(lambda seen: decide.plan(seen, to, given_up), timeout)
    if step is None:
        return watch
    candidate = next(server for server in watch.servers if server.name == to)
    watching.guard()
    wished = decide.priorities(watch, candidate)
    try:
        sentinel_failover.set_priorities(watching, watch, wished)
        sentinel_failover.await_priorities(watching, wished, step)
        watching.guard()
        _fail_over(watching, watch, candidate, step, timeout)
        watching.done.append(step)
    finally:
        sentinel_failover.set_priorities(watching, watch, decide.afterwards(watch, wished), strict=False)
    return watching.prove(partial(decide.unproven, candidate=to), timeout, f"{to} is the master for everybody")


def _fail_over(watching: Watching, watch: Watch, candidate: Node, step: Step, timeout: float) -> None:
    (reply,) = watching.tell(watch.watching[0], ("SENTINEL", "FAILOVER", watch.master_name))
    if is_error(reply) and UNDER_WAY not in str(reply):
        raise Retryable(f"Cannot do '{step.text}': {watch.watching[0].name} answered '{reply}'; run again.")
    sentinel_failover.await_promotion(watching, candidate, step, timeout)
