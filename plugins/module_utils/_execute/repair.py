# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mends a cluster that an interruption, another tool or a loss has left broken. PRIVATE to the collection.

1. A replica takes over, where somebody said so (repair.py of _decide), and nothing else is done.
2. Where everybody answers: all know each other at their addresses, settings are as wished.
3. Open slots and slots without an owner are brought to who has their keys. Where several have some, the keys of the
   others go to the one that was named; a key that both have keeps the named one's value.
4. Slots that are lost, and were named as such, are given out as empty.
5. Where everybody answers: every replica follows the master of its shard.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ansible_collections.k8sredis.core.plugins.module_utils._decide import (
    membership,
    moves,
    open_slots,
    repair,
    replicas,
    settings,
    table,
)
from ansible_collections.k8sredis.core.plugins.module_utils._decide.open_slots import Decision
from ansible_collections.k8sredis.core.plugins.module_utils._execute import atomic, converge, resume, wait
from ansible_collections.k8sredis.core.plugins.module_utils._execute.conflicts import TARGET, Conflicts
from ansible_collections.k8sredis.core.plugins.module_utils._execute.pace import Latency, Throttle
from ansible_collections.k8sredis.core.plugins.module_utils._execute.route import Route
from ansible_collections.k8sredis.core.plugins.module_utils._execute.session import Session
from ansible_collections.k8sredis.core.plugins.module_utils._execute.setslot import Limits, Setslot
from ansible_collections.k8sredis.core.plugins.module_utils._model import (
    Plan,
    Refused,
    Retryable,
    SlotRange,
    Step,
    View,
    Wish,
)
from ansible_collections.k8sredis.core.plugins.module_utils._observe import capabilities

TAKEOVER_WITHIN = 10.0
"""Seconds for a replica to become master: TAKEOVER asks nobody, FORCE needs one vote."""


@dataclass(frozen=True)
class Word:
    """What a person said, at most one of them: see repair.py of _decide."""

    takeover: str = ""
    winner: str = ""
    assign_empty: tuple[SlotRange, ...] = ()


def foresee(view: View, wish: Wish, word: Word) -> Plan:
    """What mend() would do, as far as can be told without counting keys."""
    if word.takeover:
        return repair.takeover(view, word.takeover)
    plan = Plan()
    complete = len(view.answering) == len(view.nodes)
    if complete:
        plan += settings.plan(view, wish) + membership.plan(view)
    plan += open_slots.outlook(view)
    if complete and open_slots.is_clean(view):
        plan += replicas.plan(view, wish)
    return plan


def mend(session: Session, wish: Wish, word: Word, manner: moves.Manner, timeout: float) -> View:
    if word.takeover:
        # Others may have to take over next, before anything else can be told.
        return _take_over(session, word.takeover)
    view = session.observe()
    complete = len(view.answering) == len(view.nodes)
    if complete:
        converge.join(session, wish, timeout)
    conflicts = Conflicts(session, TARGET if word.winner else manner.conflict_winner)
    setslot = Setslot(
        session, Throttle(0, 0, session.clock), Limits(manner.large_key, manner.allow_large_keys), conflicts, []
    )
    known = capabilities.probe(session.clients, [node.member for node in session.observe().answering])
    _bring_slots_home(session, setslot, wish, word, known, timeout)
    return converge.attach(session, wish, timeout) if complete else session.observe()


def _take_over(session: Session, name: str) -> View:
    view = session.observe()
    plan = repair.takeover(view, name)
    session.execute(view, plan)

    def is_master() -> bool:
        node = session.observe().node(name)
        return node is not None and node.answers and node.myself.is_master

    if not wait.until(is_master, bool, TAKEOVER_WITHIN, 0.05, session.clock):
        raise Retryable(
            f"Cannot let {name} take over: it is no master {TAKEOVER_WITHIN:.0f} s after it was told; see its log."
        )
    session.tell(view, membership.push(view, {name}))
    return session.observe()


def _bring_slots_home(
    session: Session,
    setslot: Setslot,
    wish: Wish,
    word: Word,
    known: Mapping[str, frozenset[str]],
    timeout: float,
) -> None:
    atomic.await_others(session, known, timeout)
    view = session.observe()
    if open_slots.is_clean(view):
        return
    view, decision = resume.decide(session, view)
    # First, because Valkey lets a master that imports a slot have it when its owner changes (seen with 8.1.1).
    session.execute(view, decision.close)
    if word.winner and decision.disputed:
        _gather(session, setslot, view, decision, word.winner)
    if decision.lost and word.assign_empty:
        resume.take_over(session, setslot, view, repair.empty(view, wish, decision.lost, word.assign_empty))
    resume.finish(session, setslot, known, timeout)


def _gather(session: Session, setslot: Setslot, view: View, decision: Decision, winner: str) -> None:
    for slot, holders in decision.disputed.items():
        if winner not in holders:
            raise Refused(
                f"Cannot let {winner} win slot {slot}: those with keys of it that do not serve it are "
                f"{table.joined(holders)}; name one of them."
            )
        for loser in holders:
            if loser != winner:
                route: Route = resume.route_of(view, loser, winner)
                text = f"{winner} gets the keys of slot {slot} that {loser} has"
                session.done.append(Step("gather", winner, text, "it was said that its keys are right"))
                setslot.gather(route, [slot], Latency())
