# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Gives servers that nobody leads their first master. PRIVATE to the collection.

1. Wait until every server and every Sentinel that is to be there runs and answers. When that ends early: arrival.py.
2. Decide from what was seen alone (sentinel_bootstrap in _decide).
3. REPLICAOF NO ONE on the master, REPLICAOF on the others, one after the other.
4. Look until it is master, and all others follow it in sync.
No Sentinel is told of it here: a run that is killed before they are finds one master in the next run and goes on.
"""

from __future__ import annotations

from ansible_collections.k8sredis.core.plugins.module_utils._decide import sentinel_bootstrap as decide
from ansible_collections.k8sredis.core.plugins.module_utils._execute import wait
from ansible_collections.k8sredis.core.plugins.module_utils._execute.arrival import Arrival
from ansible_collections.k8sredis.core.plugins.module_utils._execute.watching import TICK, Watching
from ansible_collections.k8sredis.core.plugins.module_utils._model import Fatal, Retryable, Step
from ansible_collections.k8sredis.core.plugins.module_utils._model_sentinel import Watch
from ansible_collections.k8sredis.core.plugins.module_utils._observe.redis import is_error


def begin(watching: Watching, named: str, timeout: float) -> tuple[Watch, str]:
    """Also the name of the master. ``timeout`` for each wait."""
    watch = everybody(watching, timeout)
    plan, name = decide.plan(watch, named)
    for step in plan.steps:
        watching.guard()
        _do(watching, watch, step)
        watching.done.append(step)
    deed = f"all servers of {watch.master_name} follow {name}"
    return watching.prove(lambda seen: decide.missing(seen, name), timeout, deed), name


def everybody(watching: Watching, timeout: float) -> Watch:
    """Step 1."""

    arrival = Arrival(watching.not_made, watching.clock)
    watch = wait.until(watching.observe, lambda seen: arrival.is_over(seen.processes), timeout, TICK, watching.clock)
    if silence := arrival.silence(watch.processes):
        raise Retryable(f"Cannot reach {silence}; mend that and run again.")
    return watch


def _do(watching: Watching, watch: Watch, step: Step) -> None:
    server = watch.server(step.subject)
    if server is None:
        raise Retryable(f"Cannot do '{step.text}': its pod went meanwhile; run again.")
    for reply in watching.tell(server, *step.commands):
        if isinstance(reply, Retryable):
            raise Retryable(f"Cannot tell whether '{step.text}' was done: it broke off ({reply}); run again.")
        if is_error(reply):
            raise Fatal(f"Cannot bring about '{step.text}': it answered '{reply}'; see the rights of the user.")
