# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Gives servers that nobody leads their first master. PRIVATE to the collection.

1. Wait until every server and every Sentinel that is to be there runs and answers. One that is stuck ends the wait.
2. Decide from what was seen alone (sentinel_bootstrap in _decide).
3. REPLICAOF NO ONE on the master, REPLICAOF on the others, one after the other.
4. Look until it is master, and all others follow it in sync.
No Sentinel is told of it here: a run that is killed before they are finds one master in the next run and goes on.
"""

from __future__ import annotations

from ansible_collections.k8sredis.core.plugins.module_utils._decide import sentinel_bootstrap as decide
from ansible_collections.k8sredis.core.plugins.module_utils._execute import wait
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

    def look() -> tuple[Watch, str, bool]:
        watch = watching.observe()
        return watch, *absent(watch)

    watch, missing, stuck = wait.until(look, lambda seen: seen[2] or not seen[1], timeout, TICK, watching.clock)
    if stuck:
        raise Fatal(f"Cannot wait for every pod of {watch.master_name}: {missing}; correct that and run again.")
    if missing:
        raise Retryable(f"Cannot find every pod of {watch.master_name} within {timeout:.0f} s: {missing}; run again.")
    return watch


def absent(watch: Watch) -> tuple[str, bool]:
    """The first that is not there or does not answer, in words, and whether that is likely to last."""
    stuck = next((f"{each.name}: {each.member.waiting}" for each in watch.processes if each.member.stuck), "")
    silent = next((f"{each.name}: {each.error}" for each in watch.processes if not each.answers), "")
    return stuck or silent, bool(stuck)


def _do(watching: Watching, watch: Watch, step: Step) -> None:
    server = watch.server(step.subject)
    if server is None:
        raise Retryable(f"Cannot do '{step.text}': its pod went meanwhile; run again.")
    for reply in watching.tell(server, *step.commands):
        if isinstance(reply, Retryable):
            raise Retryable(f"Cannot tell whether '{step.text}' was done: it broke off ({reply}); run again.")
        if is_error(reply):
            raise Fatal(f"Cannot bring about '{step.text}': it answered '{reply}'; see the rights of the user.")
