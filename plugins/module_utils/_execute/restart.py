# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Restarts one pod, so that no write is lost and clients notice milliseconds. PRIVATE to the collection.

1. Look at every member and decide which pod is next, and why (_decide/rollout.py). None: the end.
2. What waiting does not change is refused (_decide/restart_gates.py): memory that would not do, a last copy that would
   go with its pod, a master from which nobody can take over.
3. The gate. Wait until every member's own table agrees, every replica is in sync, no slot is under way, in two looks
   one after the other; and until no migration is under way. A pod that does not answer is given time to come up.
4. A master hands over by a planned failover (failover.py), which proves its result on every member.
5. A master that has handed over goes on answering MOVED until clients have left it: errorstat_MOVED of INFO errorstats
   has stood still for 0.3 s, at most 3 s. Clients must not meet a dead address.
6. Look again: still the same pod, the gate still open, the lock still held. Then it is evicted (replacement.py).
7. Wait for the new pod. One that is stuck ends the run; the other pods are untouched.
8. Join and attach it if it came back without its data, prove the links of the cluster bus between it and every voter,
   and that every member's table agrees with everybody in sync.
Killed at any point, the next run begins at 1 and finds what is left: a failover is done by the servers or not at all,
and a pod that is gone has another uid.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace

from ansible_collections.k8sredis.core.plugins.module_utils._decide import (
    candidates,
    health,
    membership,
    replicas,
    restart_gates,
    rollout,
    table,
)
from ansible_collections.k8sredis.core.plugins.module_utils._decide import failover as failovers
from ansible_collections.k8sredis.core.plugins.module_utils._decide.restart_gates import Limits
from ansible_collections.k8sredis.core.plugins.module_utils._decide.rollout import (
    BROKEN,
    MASTER,
    REPLICA,
    Bounds,
    Rollout,
    Turn,
    Wanted,
)
from ansible_collections.k8sredis.core.plugins.module_utils._execute import atomic, converge, failover, forget, wait
from ansible_collections.k8sredis.core.plugins.module_utils._execute.linking import prove_links
from ansible_collections.k8sredis.core.plugins.module_utils._execute.mending import Mending
from ansible_collections.k8sredis.core.plugins.module_utils._execute.replacement import Replacement
from ansible_collections.k8sredis.core.plugins.module_utils._execute.session import Session
from ansible_collections.k8sredis.core.plugins.module_utils._model import (
    ClusterError,
    Member,
    Node,
    Refused,
    Retryable,
    View,
    Wish,
)
from ansible_collections.k8sredis.core.plugins.module_utils._observe import capabilities
from ansible_collections.k8sredis.core.plugins.module_utils._observe.kube import Kube
from ansible_collections.k8sredis.core.plugins.module_utils._observe.redis import is_error

TICK = 0.1

LOOKS = 2
"""Looks one after the other in which the gate must be open."""

COMES_UP_WITHIN = 20.0
"""Seconds for which a pod that does not answer, and is not stuck, may still be starting."""

QUIET_FOR, LEFT_WITHIN = 0.3, 3.0
"""Seconds without a redirection after which clients count as gone, and after which nobody is waited for any more."""

MOVED = "errorstat_MOVED"


@dataclass(frozen=True)
class Job:
    """What a run is asked for. ``requested``: see rollout.REQUEST. ``timeout``: seconds of each wait by itself;
    ``pause``: seconds after a pod while others follow."""

    wished: dict[str, Wanted]
    requested: dict[str, str] = field(default_factory=dict)
    bounds: Bounds = field(default_factory=Bounds)
    limits: Limits = field(default_factory=Limits)
    timeout: float = 300.0
    pause: float = 0.0

    def rollout(self, view: View) -> Rollout:
        return rollout.rollout(view, self.wished, self.requested, self.bounds)


@dataclass(frozen=True)
class Outcome:
    """``turn``: what was done, None when nothing was due. ``left``: what still is."""

    turn: Turn | None
    left: Rollout
    seconds: float = 0.0


def restart_next(session: Session, kube: Kube, wish: Wish, job: Job) -> Outcome:
    session.settings = (*session.settings, restart_gates.LEAST_REPLICAS)
    view = session.observe()
    found = job.rollout(view)
    if not found.turns:
        return Outcome(None, found)
    began = session.clock.now()
    _Restart(session, kube, wish, job, found.turns[0], _node(view, found.turns[0].pod).member.uid).run()
    seconds = session.clock.now() - began
    left = job.rollout(session.observe())
    if left.turns:
        wait.pause(job.pause, session.clock)
    return Outcome(found.turns[0], left, seconds)


@dataclass(frozen=True)
class _Look:
    view: View
    shut: str
    open_looks: int = 0


class _Restart:
    """One pod; ``uid`` is that of the decision, so that the pod that follows it is never taken for it."""

    def __init__(self, session: Session, kube: Kube, wish: Wish, job: Job, turn: Turn, uid: str) -> None:
        self._session = session
        self._wish = wish
        self._job = job
        self._turn = turn
        self._replacement = Replacement(
            kube, turn.pod, uid, job.timeout, session.clock, session.guard, doctor="cluster_info"
        )
        self._mending = Mending(session)

    def run(self) -> None:
        self._heal()
        view = self._pass_gate()
        if not self._goes_already(_node(view, self._turn.pod)):
            if self._turn.kind == MASTER:
                self._hand_over(view)
            self._replacement.remove(self._may_go)
            self._session.done.append(self._turn.step)
        self._await_new_pod()

    def _goes_already(self, node: Node) -> bool:
        return self._replacement.goes_already(node.member)

    def _heal(self) -> None:
        """A run that was killed may have left a pod that is back and no member again."""
        view = self._session.observe()
        if self._turn.kind == BROKEN or len(view.answering) < len(view.nodes) or not _is_formed(view):
            return
        with suppress(ClusterError):  # what cannot be decided keeps the gate shut, which says so
            if (membership.plan(view) + replicas.plan(view, self._wish)).changed:
                self._join()

    # Steps 2 and 3.

    def _pass_gate(self) -> View:
        began = self._session.clock.now()
        silent_until = began + COMES_UP_WITHIN
        looks = 0

        def look() -> _Look:
            nonlocal looks
            view = self._session.observe()
            shut = self._shut(view, silent_until)
            looks = 0 if shut else looks + 1
            return _Look(view, shut, looks)

        def through(seen: _Look) -> bool:
            return seen.open_looks >= LOOKS

        seen = wait.until(look, through, self._job.timeout, TICK, self._session.clock)
        if not through(seen):
            raise self._cannot(
                f"within {self._job.timeout:.0f} s: {seen.shut}", "mend that, see 'cluster_info', and run again"
            )
        if self._turn.kind != BROKEN:
            able = capabilities.probe(self._session.clients, [node.member for node in seen.view.answering])
            atomic.await_others(self._session, able, self._job.timeout)
        return seen.view

    def _shut(self, view: View, silent_until: float) -> str:
        node = view.node(self._turn.pod)
        if node is not None and self._goes_already(node):
            return ""
        refused = restart_gates.refusal(view, self._turn, self._job.limits)
        if refused:
            raise Refused(f"Cannot restart {self._turn.pod}: {refused}.")
        shut = restart_gates.shut(view, self._turn, self._job.limits)
        if shut or node is None or self._turn.kind != BROKEN:
            if len(view.answering) == len(view.nodes):
                self._mending.mend(view)
            return shut
        comes_up = not node.member.stuck and self._session.clock.now() < silent_until
        return f"{node.name} may still come up: {node.error}" if comes_up else ""

    # Steps 4 and 5.

    def _hand_over(self, view: View) -> None:
        name = self._turn.pod
        if not self._interrupts(view):
            ask = failovers.Ask(away_from=(name,))
            self._await_clients(failover.hand_over(self._session, self._wish, ask, self._job.timeout))

    def _interrupts(self, view: View) -> bool:
        """A master that goes as it is, by consent, because nobody can take over from it."""
        node = _node(view, self._turn.pod)
        return self._job.limits.accept_interruption and not any(
            not candidates.barred(other, node) for other in candidates.of(node, view)
        )

    def _await_clients(self, view: View) -> None:
        node = _node(view, self._turn.pod)
        clock = self._session.clock
        seen, since = self._redirections(node), clock.now()

        def quiet() -> bool:
            nonlocal seen, since
            now = self._redirections(node)
            if now != seen:
                seen, since = now, clock.now()
            return clock.now() - since >= QUIET_FOR

        wait.until(quiet, bool, LEFT_WITHIN, QUIET_FOR / 6, clock)

    def _redirections(self, node: Node) -> str:
        (reply,) = self._session.ask(node, ("INFO", "errorstats"))
        if is_error(reply):
            return ""
        return next((line for line in str(reply).splitlines() if line.startswith(f"{MOVED}:")), "")

    # Step 6.

    def _may_go(self) -> tuple[Member, str]:
        view = self._session.observe()
        node = _node(view, self._turn.pod)
        if self._goes_already(node):
            return node.member, ""
        return node.member, restart_gates.shut(view, self._turn_now(view, node), self._job.limits)

    def _turn_now(self, view: View, node: Node) -> Turn:
        """A master that has handed over goes as a replica."""
        if self._turn.kind == BROKEN:
            return self._turn
        if node.answers and table.own_slots(node) and not self._interrupts(view):
            raise Retryable(
                f"Cannot restart {node.name}: it has become the master of its shard at this moment; run again, it then "
                "hands over first."
            )
        return replace(self._turn, kind=MASTER if node.answers and table.own_slots(node) else REPLICA)

    # Steps 7 and 8.

    def _await_new_pod(self) -> None:
        name = self._turn.pod
        self._replacement.await_new(
            lambda: _node(self._session.observe(), name), self._session.target.not_made, self._job.wished.get(name)
        )
        self._take_up(name)

    def _take_up(self, name: str) -> None:
        """Into a cluster that is there; of several that do not run, the last one that comes up."""
        view = self._session.observe()
        others_down = self._turn.kind == BROKEN and len(view.answering) < len(view.nodes)
        if others_down or not _is_formed(view):
            return
        view = self._join()
        prove_links(self._session, view, name, "the next restart", self._job.timeout)

    def _join(self) -> View:
        """As a member, under the master of its shard; with another id when its data is gone."""
        converge.join(self._session, self._wish, self._job.timeout)
        view = converge.attach(self._session, self._wish, self._job.timeout)
        if any(finding.code == "ghost" for finding in health.findings(view, (health.ghost,))):
            view = forget.leave(self._session, self._wish, self._job.timeout, ghosts=True)
        return view

    def _cannot(self, why: str, advice: str) -> Retryable:
        return Retryable(f"Cannot restart {self._turn.pod} {why}; {advice}.")


def _is_formed(view: View) -> bool:
    return any(table.own_slots(node) for node in view.answering)


def _node(view: View, name: str) -> Node:
    node = view.node(name)
    if node is None:
        raise Retryable(f"Cannot find {name} any more: its pod is gone; run again.")
    return node
