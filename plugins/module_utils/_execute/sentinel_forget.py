# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lets Sentinels forget who is gone, one Sentinel at a time. PRIVATE to the collection.

1. Look, and decide from what was seen alone (sentinel_forgetting in _decide). What passes, such as a failover that is
   under way, is waited for.
2. SENTINEL RESET on the first of them.
3. Look until it knows the master, every replica and every other Sentinel again, and nobody else, and has its quorum. It
   hears of them within some seconds: Sentinels say every 2 s through the master that they are there, and ask the
   master for its replicas every 10 s.
4. Begin at 1 again for the next one. None left: the end.
Killed at any point, the next run begins at 1. A Sentinel that has been reset learns the rest without anybody.
"""

from __future__ import annotations

from functools import partial

from ansible_collections.k8sredis.core.plugins.module_utils._decide import sentinel_forgetting as decide
from ansible_collections.k8sredis.core.plugins.module_utils._execute.watching import Watching
from ansible_collections.k8sredis.core.plugins.module_utils._model import Fatal, Retryable, Step
from ansible_collections.k8sredis.core.plugins.module_utils._model_sentinel import Watch
from ansible_collections.k8sredis.core.plugins.module_utils._observe.redis import is_error


def forget(watching: Watching, timeout: float) -> Watch:
    """``timeout``: seconds of each wait by itself."""
    while True:
        watch, step = watching.decided(decide.plan, timeout)
        if step is None:
            return watch
        watching.guard()
        _reset(watching, watch, step)
        watching.done.append(step)
        deed = f"{step.subject} knows those who are there, and nobody else"
        watching.prove(partial(decide.unproven, name=step.subject), timeout, deed)


def _reset(watching: Watching, watch: Watch, step: Step) -> None:
    sentinel = next(each for each in watch.sentinels if each.name == step.subject)
    (reply,) = watching.tell(sentinel, *step.commands)
    if isinstance(reply, Retryable):
        raise Retryable(f"Cannot tell whether '{step.text}' was done: it broke off ({reply}); run again.")
    if is_error(reply):
        raise Fatal(f"Cannot bring about '{step.text}': it answered '{reply}'; see the rights of the user.")
