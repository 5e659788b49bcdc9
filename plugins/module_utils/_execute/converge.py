# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Brings a cluster to its wish, phase by phase. PRIVATE to the collection.

Every phase is the same loop:
1. Look at every member.
2. Decide what is still to be done, from what was seen alone.
3. Do it: all members at once, and what they changed they show to all others by MEET, which carries a
   node's role, epoch and slots on every version; gossip alone takes half a node timeout or more.
4. Look again, until every node's own table agrees; then the phase is over.
A run killed anywhere leaves a state from which step 2 goes on. '+OK' only means 'scheduled'.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from ansible_collections.k8sredis.core.plugins.module_utils._decide import (
    health,
    membership,
    replicas,
    settings,
    slots,
    table,
)
from ansible_collections.k8sredis.core.plugins.module_utils._execute import wait
from ansible_collections.k8sredis.core.plugins.module_utils._execute.arrival import Arrival
from ansible_collections.k8sredis.core.plugins.module_utils._execute.session import Session
from ansible_collections.k8sredis.core.plugins.module_utils._model import (
    ClusterError,
    Fatal,
    Finding,
    Plan,
    Retryable,
    View,
    Wish,
)

Planner = Callable[[View], Plan]

SEND_AGAIN_AFTER = 1.5
"""Seconds: a handshake that got no answer is dropped by the server after its node timeout, at least 1 s."""

PATIENCE = 15.0
"""Seconds for which a planner may find things undecided: an election takes the node timeout and 1-2 s."""

TICK = 0.04
"""Seconds between two looks while nodes converge; the servers' own clock ticks every 0.1 s."""


def answers(session: Session, timeout: float) -> View:
    """Waits until every expected member answers."""
    arrival = Arrival(session.target.not_made, session.clock)
    view = wait.until(session.observe, lambda seen: arrival.is_over(seen.nodes), timeout, 0.3, session.clock)
    if not view.nodes:
        raise Retryable("Cannot find any member: no pod has these labels; check namespace and label_selectors.")
    if silence := arrival.silence(view.nodes):
        raise Retryable(f"Cannot reach {silence}; mend that and run again.")
    return view


def join(session: Session, wish: Wish, timeout: float) -> View:
    """Every member knows every other at its present address, and is linked to it; settings are as wished."""
    # The first phase of a run, so it puts right what a killed one left.
    return _phase(
        session,
        wish,
        membership.plan,
        health.MEETING,
        timeout,
        "join",
        first=lambda view: settings.plan(view, wish),
        hold=lambda view: settings.gossip_round(view, wish) if membership.is_reunion(view) else 0.0,
    )


def assign(session: Session, wish: Wish, timeout: float) -> View:
    """Every slot has an owner in every table. A live cluster, whose slots may be on the move, is left as it is."""
    checks = (*health.MEETING, health.uncovered_slots)
    return _phase(session, wish, lambda view: slots.assignment(view, wish), checks, timeout, "assign slots in")


def attach(session: Session, wish: Wish, timeout: float) -> View:
    """Every replica follows the master of its shard, in sync; every table agrees.

    Slots in migration are left to who moves them, whose turn comes after this: replicas of new shards are in sync
    before slots arrive there, also in a run that takes up a killed one.
    """
    checks = tuple(check for check in health.CONVERGENCE if check is not health.open_slots)
    return _phase(session, wish, lambda view: replicas.plan(view, wish), checks, timeout, "attach replicas in")


def _phase(  # noqa: PLR0913  a phase is made of these
    session: Session,
    wish: Wish,
    planner: Planner,
    checks: tuple[health.Check, ...],
    timeout: float,
    deed: str,
    *,
    first: Planner = lambda view: Plan(),
    hold: Callable[[View], float] = lambda view: 0.0,
) -> View:
    """``first``: done before all else. ``hold``: seconds for which the end must last, by what was seen before."""
    answers(session, timeout)
    pursuit = _Pursuit(session, planner, checks)
    # Until the planner has decided, the members may be somebody else's: not even a setting is changed.
    view = _until_complete(pursuit.decide, session.clock, timeout, deed)
    session.execute(view, first(view))
    with _quickened(session, view, wish) as quickened:
        view = _until_complete(pursuit.look, session.clock, timeout, deed, hold(view))
    # The settings that were changed for a moment are back: show the cluster as it is now.
    return session.observe() if quickened else view


@dataclass(frozen=True)
class _Progress:
    view: View
    findings: tuple[Finding, ...]
    undecided: str = ""
    """Why the planner could not decide yet, or what it planned could not be done."""
    steps_left: bool = False

    @property
    def complete(self) -> bool:
        return not (self.findings or self.undecided or self.steps_left)


class _Pursuit:
    """One phase on its way. What it remembers only spares the servers repetitions; nothing depends on it."""

    def __init__(self, session: Session, planner: Planner, checks: tuple[health.Check, ...]) -> None:
        self._session = session
        self._planner = planner
        self._checks = checks
        self._changed: set[str] = set()
        self._sent_at = -SEND_AGAIN_AFTER
        self._undecided_since: float | None = None

    def decide(self) -> _Progress:
        """Steps 1 and 2 of the loop."""
        view = self._session.observe()
        found = health.findings(view, (health.unreachable,))
        return _Progress(view, found, "" if found else self._plan(view)[1])

    def look(self) -> _Progress:
        """Steps 1 to 3."""
        view = self._session.observe()
        found = health.findings(view, self._checks)
        if len(view.answering) < len(view.nodes):
            return _Progress(view, found)
        plan, undecided = self._plan(view)
        return _Progress(view, found, undecided or self._act(view, plan, found), plan.changed)

    def _plan(self, view: View) -> tuple[Plan, str]:
        try:
            plan = self._planner(view)
        except Retryable as error:
            now = self._session.clock.now()
            self._undecided_since = now if self._undecided_since is None else self._undecided_since
            if now - self._undecided_since > PATIENCE:
                raise
            return Plan(), str(error)
        self._undecided_since = None
        return plan, ""

    def _act(self, view: View, plan: Plan, found: tuple[Finding, ...]) -> str:
        """Why it failed, when a member broke off or came back as another pod: the next look sees what is left."""
        pushes = self._changed and found
        if not (plan.changed or pushes) or self._session.clock.now() - self._sent_at < SEND_AGAIN_AFTER:
            return ""
        self._sent_at = self._session.clock.now()
        self._changed |= {step.subject for step in plan.steps if step.kind in ("assign", "replicate")}
        try:
            self._session.execute(view, plan)
            self._session.tell(view, membership.push(view, self._changed))
        except Retryable as error:
            return str(error)
        return ""


def _until_complete(
    look: Callable[[], _Progress], clock: wait.Clock, timeout: float, deed: str, hold: float = 0.0
) -> View:
    since: float | None = None

    def lasting(seen: _Progress) -> bool:
        nonlocal since
        since = (clock.now() if since is None else since) if seen.complete else None
        return since is not None and clock.now() - since >= hold

    last = wait.until(look, lasting, timeout, TICK, clock)
    if last.undecided:
        raise Retryable(last.undecided)
    if not last.complete:
        seen = last.findings[0].text if last.findings else "steps are still open"
        raise Retryable(
            f"Cannot {deed} the cluster within {timeout:.0f} s: {seen} ({len(last.findings)} findings in all); "
            "see 'cluster_info' and run again."
        )
    return last.view


@contextmanager
def _quickened(session: Session, view: View, wish: Wish) -> Iterator[bool]:
    """Temporary settings while a new, empty cluster is being made; wished values again in any case."""
    quick = settings.temporary(view, wish) if health.findings(view, health.CONVERGENCE) else {}
    if not quick:
        yield False
        return
    wished = {name: wish.settings[name] for name in quick}
    try:
        _set_everywhere(session, view, quick)
        yield True
    except BaseException:
        # What went wrong first is what a person needs to read; the next run puts settings right anyway.
        with suppress(ClusterError):
            _set_everywhere(session, session.observe(), wished)
        raise
    # As it is now: a member may have come back as another pod meanwhile.
    _set_everywhere(session, session.observe(), wished)


def _set_everywhere(session: Session, view: View, values: dict[str, str]) -> None:
    words = tuple(word for pair in sorted(values.items()) for word in pair)
    replies = session.tell(view, {node.name: [("CONFIG", "SET", *words)] for node in view.answering})
    refused = {name: answer[0] for name, answer in replies.items() if answer[0] != "OK"}
    if refused:
        raise Fatal(
            f"Cannot set {' '.join(words)} on {table.joined(sorted(refused))}: {next(iter(refused.values()))}; "
            "run again, the next run puts it right first."
        )
