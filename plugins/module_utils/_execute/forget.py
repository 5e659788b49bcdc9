# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Members leave a cluster. PRIVATE to the collection.

1. Look at every member. Decide who goes from that very look, and refuse what is unsafe: slots, keys, replicas that
   stay, ids that are alive elsewhere (_decide/forgetting.py). Nobody to go: the end.
2. While the members that stay do not agree with each other, wait: a node that is failing or in handshake may be part
   of an election, or carry an id back.
3. CLUSTER FORGET on all that stay, at once and in one pipeline each, replicas before masters. A server that forgot an
   id refuses for 60 s to learn it again by gossip; up to Redis 7.0 nobody tells the others, so all must be told within
   that time, here within one round trip.
4. Look again. What is still, or again, known goes back to 2. A run that is killed here leaves members that some know
   and some do not; the next run looks at them the same way.
5. CLUSTER RESET HARD on those that left, when no member that stays knows them any more and they hold nothing. Earlier,
   a member that still knows one would find another id at its address. A replica with its master's keys is only
   forgotten; Valkey from 8.1 on then meets the others again, one node timeout after they dropped it, unless its pod
   has ended. What that leaves is a ghost, which a second run with ``ghosts`` takes away.
6. Watch for a little longer than half the node timeout, within which every member has heard from every other: a
   handshake that was on its way at 3 shows its id only when it is done.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ansible_collections.k8sredis.core.plugins.module_utils._decide import departure, forgetting, health, settings
from ansible_collections.k8sredis.core.plugins.module_utils._execute import converge, wait
from ansible_collections.k8sredis.core.plugins.module_utils._execute.session import Session
from ansible_collections.k8sredis.core.plugins.module_utils._model import (
    Fatal,
    Plan,
    Retryable,
    Step,
    View,
    Wish,
)
from ansible_collections.k8sredis.core.plugins.module_utils._observe.redis import is_error

TICK = 0.1
"""Seconds between two looks; the servers' own clock ticks as often."""

UNKNOWN_NODE = "unknown node"
"""How a server begins its answer when it does not know an id (any more), after 'ERR'."""


def leave(session: Session, wish: Wish, timeout: float, ghosts: bool) -> View:
    """The leaving members, and with ``ghosts`` the ids of nobody, are gone from every table."""
    converge.answers(session, timeout)
    farewell = _Farewell(session, wish, ghosts)
    seen = wait.until(farewell.look, lambda seen: seen.complete, timeout, TICK, session.clock)
    if not seen.complete:
        raise Retryable(
            f"Cannot let members leave within {timeout:.0f} s: {seen.open}; see 'cluster_info' and run again."
        )
    return session.observe()


@dataclass(frozen=True)
class _Seen:
    complete: bool
    open: str = ""
    """What is in the way, or still watched."""


class _Farewell:
    """What it remembers only spares waiting; nothing depends on it."""

    def __init__(self, session: Session, wish: Wish, ghosts: bool) -> None:
        self._session = session
        self._wish = wish
        self._ghosts = ghosts
        self._quiet_since: float | None = None
        self._undecided_since: float | None = None

    def look(self) -> _Seen:
        view = self._session.observe_all()
        plan, undecided = self._plan(view)
        if undecided:
            return _Seen(False, undecided)
        if plan.changed:
            return _Seen(False, self._disagreement(view) or self._act(view, plan))
        quiet_for = self._session.clock.now() - (self._quiet_since or 0.0)
        return _Seen(
            self._quiet_since is None or quiet_for >= settings.gossip_round(view, self._wish), "gossip is not over yet"
        )

    def _plan(self, view: View) -> tuple[Plan, str]:
        try:
            plan = forgetting.plan(view, self._wish, self._ghosts)
        except Retryable as error:
            now = self._session.clock.now()
            self._undecided_since = now if self._undecided_since is None else self._undecided_since
            if now - self._undecided_since > converge.PATIENCE:
                raise
            return Plan(), str(error)
        self._undecided_since = None
        return plan, ""

    def _disagreement(self, view: View) -> str:
        found = health.findings(departure.remaining(view, self._wish), health.CONVERGENCE)
        return found[0].text if found else ""

    def _act(self, view: View, plan: Plan) -> str:
        """Forgets; resets only when there is nothing to forget any more."""
        forget = [step for step in plan.steps if step.kind == forgetting.FORGET]
        self._quiet_since = self._session.clock.now()
        if forget:
            _forget(self._session, view, forget)
        else:
            self._session.execute(view, plan)
        return "members were told a moment ago"


def _forget(session: Session, view: View, steps: list[Step]) -> None:
    replies = session.tell(view, {step.subject: step.commands for step in steps})
    session.done += [step for step in steps if step not in session.done]
    for step in steps:
        refused = next((reply for reply in replies[step.subject] if is_error(reply) and not _is_unknown(reply)), None)
        if isinstance(refused, Retryable):
            raise Retryable(f"Cannot tell whether '{step.text}' was done: it broke off ({refused}); run again.")
        if refused is not None:
            raise Fatal(f"Cannot bring about '{step.text}': it answered '{refused}'; see 'cluster_info'.")


def _is_unknown(reply: Any) -> bool:
    """From Redis 7.2 on the news may be there before the command."""
    return str(reply).lower().removeprefix("err ").startswith(UNKNOWN_NODE)
