# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sets directives on every server that runs, and proves them. PRIVATE to the collection.

1. Look at every member; those that run but do not answer yet get a moment.
2. Refuse what would hurt, before anything is set, also servers of somebody else under this instance's labels.
3. Set all directives of the first member that differs by one CONFIG SET, which takes all or none (servers since 7.0): a
   value that servers refuse is found here, while nothing has changed anywhere.
4. Set them on all others at once.
5. Read again: every member must tell what was wished. A server may answer OK and keep another value, as for an hz of
   1000, and a pod may have been replaced meanwhile.
Who does not run, or does not answer, is named and left out: it reads the file when it starts, and a run looks again at
its end. A run that was killed in between leaves members that the next one compares again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ansible_collections.k8sredis.core.plugins.module_utils._decide import drift, membership
from ansible_collections.k8sredis.core.plugins.module_utils._decide.drift import Difference
from ansible_collections.k8sredis.core.plugins.module_utils._execute import wait
from ansible_collections.k8sredis.core.plugins.module_utils._execute.session import Session
from ansible_collections.k8sredis.core.plugins.module_utils._model import Fatal, Plan, Refused, Retryable, Step, View
from ansible_collections.k8sredis.core.plugins.module_utils._observe.redis import LOGIN_REFUSED, RIGHT_REFUSED, is_error

ANSWERS_WITHIN = 10.0
"""Seconds for servers that run but do not take connections yet. One that loads its data for longer is set at the end of
a run."""


@dataclass(frozen=True)
class Done:
    plan: Plan
    found: tuple[Difference, ...]
    """What differed before, also what only a restart brings."""
    silent: tuple[str, ...]
    """Members that could not be asked."""


def keep(session: Session, wished: Mapping[str, str], maxmemory_at_start: int = 0, *, dry_run: bool = False) -> Done:
    """``session`` must observe the wished directives."""
    view = wait.until(session.observe_all, _all_answer, ANSWERS_WITHIN, 0.5, session.clock)
    _require_an_answer(view)
    membership.refuse_two_clusters(view)
    problems = drift.problems(view, wished, maxmemory_at_start)
    if problems:
        raise Refused("\n".join(problems))
    plan = drift.plan(view, wished)
    if not dry_run:
        for steps in (plan.steps[:1], plan.steps[1:]):
            _set(session, view, steps)
        _prove(session, wished, plan)
    silent = tuple(node.name for node in view.nodes if not node.answers)
    return Done(plan, drift.differences(view, wished), silent)


def _all_answer(view: View) -> bool:
    return all(node.answers or node.member.waiting for node in view.nodes)


def _require_an_answer(view: View) -> None:
    """A login that is refused is no outage, and of servers of which none answers nothing was proven."""
    mute = [node for node in view.nodes if not (node.answers or node.member.waiting)]
    refused = [node for node in mute if node.error.startswith((LOGIN_REFUSED, RIGHT_REFUSED))]
    if refused or (mute and not view.answering):
        node = (refused or mute)[0]
        raise Retryable(f"Cannot read the directives of {node.name}: {node.error}; mend that and run again.")


def _set(session: Session, view: View, steps: tuple[Step, ...]) -> None:
    if not steps:
        return
    replies = session.tell(view, {step.subject: step.commands for step in steps})
    wrong = {step: replies[step.subject][0] for step in steps if is_error(replies[step.subject][0])}
    session.done += [step for step in steps if step not in wrong]
    for step, reply in wrong.items():
        if isinstance(reply, Retryable):
            raise Retryable(
                f"Cannot tell whether '{step.text}' was done: {step.subject} broke off ({reply}); run again."
            )
        raise Refused(
            f"Cannot set '{step.text}': {step.subject} answered '{reply}' and took none of it; correct that directive."
        )


def _prove(session: Session, wished: Mapping[str, str], plan: Plan) -> None:
    if not plan.changed:
        return
    left = [each for each in drift.differences(session.observe_all(), wished) if not each.restart]
    if left:
        raise Fatal(
            f"Cannot prove {left[0].name} on {left[0].node}: it tells '{left[0].seen}', wished is '{left[0].wished}'; "
            "run again, and if it stays so, declare the value that the server keeps."
        )
