# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lets every Sentinel watch the same master, or none of them. PRIVATE to the collection.

1. Look, and decide from what was seen alone.
2. Tell the Sentinels, one after the other. One that refuses ends the run; those before it stay as they are told.
3. Look until every server and every Sentinel says the same: Sentinels meet through the master within 2 s, and ask it
   for its replicas every 10 s.
A run that is killed is taken up at 1 by the next.
"""

from __future__ import annotations

from ansible_collections.k8sredis.core.plugins.module_utils._decide import sentinel_monitor as decide
from ansible_collections.k8sredis.core.plugins.module_utils._decide.sentinel_monitor import Monitor
from ansible_collections.k8sredis.core.plugins.module_utils._execute.watching import Watching
from ansible_collections.k8sredis.core.plugins.module_utils._model import Fatal, Plan, Retryable, Step
from ansible_collections.k8sredis.core.plugins.module_utils._model_sentinel import Watch
from ansible_collections.k8sredis.core.plugins.module_utils._observe.redis import is_error


def watch_it(watching: Watching, wish: Monitor, timeout: float) -> Watch:
    """Every Sentinel watches the master as wished; ``timeout`` for the proof."""
    watch = watching.observe()
    _tell(watching, watch, decide.present(watch, wish))
    deed = f"every Sentinel watches {watch.master_name}"
    return watching.prove(lambda seen: decide.missing(seen, wish), timeout, deed)


def forget_it(watching: Watching, _timeout: float) -> Watch:
    """No Sentinel watches the master; SENTINEL REMOVE is done when it is answered."""
    watch = watching.observe()
    _tell(watching, watch, decide.absent(watch))
    return watching.observe()


def _tell(watching: Watching, watch: Watch, plan: Plan) -> None:
    sentinels = {sentinel.name: sentinel for sentinel in watch.sentinels}
    for step in plan.steps:
        watching.guard()
        replies = watching.tell(sentinels[step.subject], *step.commands)
        refused = next((reply for reply in replies if is_error(reply)), None)
        if refused is not None:
            raise _failed(step, refused)
        watching.done.append(step)


def _failed(step: Step, reply: object) -> Retryable | Fatal:
    if isinstance(reply, Retryable):
        return Retryable(f"Cannot tell whether '{step.text}' was done: it broke off ({reply}); run again.")
    return Fatal(f"Cannot bring about '{step.text}': it answered '{reply}'; see the rights of the user.")
