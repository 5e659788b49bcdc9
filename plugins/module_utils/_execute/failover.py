# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hands masters over by planned failovers, one after the other, without losing a write. PRIVATE to the collection.

1. Look at every member and decide what is to be done, from what was seen alone. Nothing left: the end, once every
   member agrees.
2. The gate. Wait until every member's own table agrees and every replica is in sync, no slot is under way, and the
   candidate has all that its master has. A replica that a former failover left under a replica is attached to the
   master, and what a member has changed is shown to all others.
3. Wait until no earlier election stands in the way (see elections.py), and no migration of slots is under way.
4. Prove every voter's link to the candidate, and the candidate's to every voter (see links.py).
5. Look and decide again. Only if that gives the same step: note the election on the Lease, then CLUSTER FAILOVER. Never
   FORCE, which loses what the replica does not have, never TAKEOVER, which asks nobody.
6. '+OK' means 'scheduled': ask the candidate for its role until it is master. The server gives up after 5 s. Then the
   former master goes on serving, nothing has changed, and this candidate is not asked again in this run.
7. Show the new roles to everybody, and prove on every member: the candidate serves all slots of the shard, with the
   highest epoch; the former master replicates it, in sync; nobody replicates a replica; the cluster is converged.
8. Begin again at 1.
A gate that stays shut ends the run with its reason before anything was done. A killed run is taken up at step 1: a
failover is done by the servers or not at all.
"""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.k8sredis.core.plugins.module_utils._decide import candidates, elections, failover
from ansible_collections.k8sredis.core.plugins.module_utils._decide import gate as gates
from ansible_collections.k8sredis.core.plugins.module_utils._decide import promotion as promotions
from ansible_collections.k8sredis.core.plugins.module_utils._decide.elections import Record
from ansible_collections.k8sredis.core.plugins.module_utils._decide.failover import Ask, Known
from ansible_collections.k8sredis.core.plugins.module_utils._decide.promotion import Promotion
from ansible_collections.k8sredis.core.plugins.module_utils._execute import atomic, converge, wait
from ansible_collections.k8sredis.core.plugins.module_utils._execute.converge import TICK
from ansible_collections.k8sredis.core.plugins.module_utils._execute.linking import prove_links
from ansible_collections.k8sredis.core.plugins.module_utils._execute.mending import Mending
from ansible_collections.k8sredis.core.plugins.module_utils._execute.session import Session
from ansible_collections.k8sredis.core.plugins.module_utils._model import Node, Retryable, Step, View, Wish
from ansible_collections.k8sredis.core.plugins.module_utils._observe import capabilities
from ansible_collections.k8sredis.core.plugins.module_utils._observe.redis import is_error

RECORD = "k8sredis.io/elections"
"""Annotation of the Lease."""

MANUAL_TIMEOUT = "cluster-manual-failover-timeout"
"""Valkey has it as a directive (seen in 8.1); on Redis it is 5 s."""

GIVES_UP_AFTER = 5.0
MARGIN = 1.0
"""Seconds for which the servers pursue a manual failover, and beyond which we do not wait for its end."""

POLL = 0.005
"""Seconds between two questions for the candidate's role; the promotion takes 2-10 ms."""


WAITING_TICK = 0.25
"""Seconds between two looks while nothing but time is waited for."""


def hand_over(session: Session, wish: Wish, ask: Ask, timeout: float) -> View:
    """Every master is where it is asked to be; ``timeout`` for each wait by itself."""
    return _Work(session, wish, ask, timeout).run()


@dataclass(frozen=True)
class _Gate:
    view: View
    shut: str
    """Why the next failover may not begin; empty when it may."""
    step: Step | None = None
    """The next failover; None when all is as asked, or it is not known yet."""
    wait: float = 0.0
    """Seconds for which earlier elections stand in its way."""


class _Work:
    """What it remembers beside the record of elections only spares repetitions and names failures."""

    def __init__(self, session: Session, wish: Wish, ask: Ask, timeout: float) -> None:
        self._session = session
        self._wish = wish
        self._ask = ask
        self._timeout = timeout
        self._failed: dict[str, str] = {}
        """Candidates that were not elected in this run, and how that went."""
        self._record = elections.parsed(session.notes.note(RECORD)) if session.notes else None
        self._mending = Mending(session)
        self._able: dict[str, frozenset[str]] | None = None
        """Which commands for migrations each member knows; asked once."""
        session.settings = (*session.settings, MANUAL_TIMEOUT)

    def run(self) -> View:
        failover.refuse_contradictions(self._session.observe(), self._ask)
        converge.answers(self._session, self._timeout)
        while True:
            gate = self._pass_gate()
            if gate.step is None:
                return gate.view
            self._fail_over(gate.view, gate.step)

    def _pass_gate(self) -> _Gate:
        """Steps 1 to 5 up to the command."""
        give_up_at = self._now() + self._timeout
        while True:
            gate = wait.until(self._look, lambda seen: not seen.shut, self._timeout, TICK, self._session.clock)
            if gate.shut:
                raise self._stays_shut(gate)
            if gate.step is None:
                return gate
            if gate.wait:
                self._wait_for_elections(gate)
                give_up_at = self._now() + self._timeout
                continue
            self._await_migrations(gate.view)
            prove_links(self._session, gate.view, gate.step.subject, gate.step.text, self._timeout)
            last = self._look()
            if last.step == gate.step and not (last.shut or last.wait):
                return last
            if self._now() >= give_up_at:
                raise self._stays_shut(last)

    def _look(self) -> _Gate:
        view = self._session.observe()
        if len(view.answering) < len(view.nodes):
            return _Gate(view, gates.shut(view))
        self._record = elections.brought_up_to_date(self._record, view, self._session.clock.date())
        waits = self._waits(view, self._record)
        try:
            plan = failover.plan(view, self._wish, self._ask, Known(waits, self._failed))
        except Retryable as error:
            return _Gate(view, str(error))
        self._mending.mend(view)
        step = next((step for step in plan.steps if step.kind == "failover"), None)
        shut = gates.shut(view) or (step is not None and gates.lacking(view, step)) or ""
        return _Gate(view, shut, step, waits.get(step.subject, 0.0) if step else 0.0)

    def _waits(self, view: View, record: Record) -> dict[str, float]:
        """By candidate name. Only where that could shorten the wait a candidate is asked for the age of its link."""
        date = self._session.clock.date()
        waits = {}
        for master in candidates.serving(view):
            for candidate in candidates.of(master, view):
                left = elections.seconds_left(record, candidate, master, date)
                if left:
                    age = elections.link_age(self._session.ask(candidate, ("CLIENT", "LIST", "TYPE", "master"))[0])
                    left = elections.seconds_left(record, candidate, master, date, age)
                waits[candidate.name] = left
        return waits

    def _wait_for_elections(self, gate: _Gate) -> None:
        def over(seen: _Gate) -> bool:
            return not seen.wait or seen.step != gate.step

        wait.until(self._look, over, gate.wait + MARGIN, WAITING_TICK, self._session.clock)

    def _await_migrations(self, view: View) -> None:
        """One of a slot as a whole opens no slot in any table, so the gate does not see it."""
        if self._able is None:
            self._able = capabilities.probe(self._session.clients, [node.member for node in view.answering])
        atomic.await_others(self._session, self._able, self._timeout)

    def _fail_over(self, view: View, step: Step) -> None:
        """Steps 5 to 7."""
        candidate = _node(view, step.subject)
        master = view.by_id[candidate.myself.master_id]
        done = promotions.promotion(view, candidate, master)
        if self._record is not None:
            # Before the command: a run that is killed behind it must not leave an election that nobody knows of.
            self._keep(elections.added(self._record, candidate, master, self._session.clock.date()))
        failure = self._elect(view, step, candidate)
        if failure:
            self._failed[candidate.name] = failure
            return
        self._session.done.append(step)
        self._prove(done)

    def _keep(self, record: Record) -> None:
        self._record = record
        if self._session.notes:
            self._session.guard()
            self._session.notes.leave_note(RECORD, elections.text(record))

    def _elect(self, view: View, step: Step, candidate: Node) -> str:
        """Why it did not become master, in words; empty when it did."""
        reply = self._session.tell(view, {candidate.name: step.commands})[candidate.name][0]
        if is_error(reply) and not isinstance(reply, Retryable):
            return f"it answered '{reply}'"
        seconds = _pursued(candidate) + MARGIN
        role = wait.until(
            lambda: self._role(candidate), lambda seen: seen == "master", seconds, POLL, self._session.clock
        )
        # A server that did not answer may have been elected meanwhile.
        if role == "master" or _node(self._session.observe(), candidate.name).myself.is_master:
            return ""
        said = f"answered '{reply}' to CLUSTER FAILOVER" if not is_error(reply) else f"broke off ({reply})"
        return f"it {said} and was not elected within {seconds:.0f} s ({role or 'it does not answer now'})"

    def _role(self, candidate: Node) -> str:
        reply = self._session.ask(candidate, ("ROLE",))[0]
        if not isinstance(reply, list):
            return ""
        return "master" if reply[0] == "master" else f"still a replica, link {reply[3]}"

    def _prove(self, done: Promotion) -> None:
        """Step 7."""

        def missing() -> tuple[View, str]:
            view = self._session.observe()
            self._mending.mend(view)
            return view, promotions.unproven(view, done)

        view, left = wait.until(missing, lambda seen: not seen[1], self._timeout, TICK, self._session.clock)
        if left:
            raise Retryable(
                f"Cannot prove within {self._timeout:.0f} s that {done.candidate} took over from {done.former} for "
                f"everybody: {left}; see 'cluster_info' and run again."
            )
        if self._record is not None:
            self._keep(elections.after_own(self._record, view, self._session.clock.date()))

    def _stays_shut(self, gate: _Gate) -> Retryable:
        deed = f"begin '{gate.step.text}'" if gate.step else "tell that the masters are as asked"
        why = gate.shut or "each look gives another choice"
        return Retryable(
            f"Cannot {deed} within {self._timeout:.0f} s: {why}; mend that and run again, see 'cluster_info'."
        )

    def _now(self) -> float:
        return self._session.clock.now()


def _node(view: View, name: str) -> Node:
    node = view.node(name)
    if node is None:
        raise Retryable(f"Cannot find {name} any more: its pod is gone; run again.")
    return node


def _pursued(candidate: Node) -> float:
    """Seconds for which the server pursues a manual failover."""
    told = (candidate.settings or {}).get(MANUAL_TIMEOUT, "")
    return int(told) / 1000 if told.isdecimal() else GIVES_UP_AFTER
