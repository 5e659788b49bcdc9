# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finishes moves that were interrupted, before anything else is moved. PRIVATE to the collection.

1. Jobs of atomic migrations that the servers still work at are waited for.
2. Slots whose keys decide are imported by every master that may have some, so that it counts them; closing them
   again is part of what is decided.
3. Look again, count, decide (open_slots.py), from what is there alone.
4. Close what is empty, let heirs take over, finish what is half moved. Then look again, until no slot is open.
What only a person can decide ends it, after all that could be decided was done.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ansible_collections.k8sredis.core.plugins.module_utils._decide import open_slots, table
from ansible_collections.k8sredis.core.plugins.module_utils._decide.open_slots import Counts, Decision, Takeover
from ansible_collections.k8sredis.core.plugins.module_utils._execute import atomic
from ansible_collections.k8sredis.core.plugins.module_utils._execute.pace import Latency
from ansible_collections.k8sredis.core.plugins.module_utils._execute.route import Route
from ansible_collections.k8sredis.core.plugins.module_utils._execute.session import Session
from ansible_collections.k8sredis.core.plugins.module_utils._execute.setslot import Setslot
from ansible_collections.k8sredis.core.plugins.module_utils._model import Node, Plan, Retryable, Step, View
from ansible_collections.k8sredis.core.plugins.module_utils._observe import slots as observed

BATCH = 256
ATTEMPTS = 5
"""Looks after which what is still open is not going to be closed this way."""


def finish(session: Session, setslot: Setslot, known: Mapping[str, frozenset[str]], timeout: float) -> View:
    """Until no slot is open and nothing moves; the last look."""
    atomic.await_others(session, known, timeout)
    for _attempt in range(ATTEMPTS):
        view = session.observe()
        if open_slots.is_clean(view):
            return view
        view, decision = decide(session, view)
        if not (decision.takeovers or decision.resumes):
            session.execute(view, decision.close)
            open_slots.refuse_undecided(decision)
            continue
        _do(session, setslot, view, decision)
    raise Retryable("Cannot finish the moves that were interrupted: slots stay open; see 'cluster_info' and run again.")


def decide(session: Session, view: View) -> tuple[View, Decision]:
    """Steps 2 and 3."""
    unseen = {
        name: slots for name, kinds in open_slots.to_be_counted(view).items() if (slots := kinds.get("opened", ()))
    }
    if unseen:
        steps = tuple(_open(view, name, slots) for name, slots in unseen.items())
        session.execute(view, Plan(steps))
        view = session.observe()
    return view, open_slots.decide(view, _counts(session, view))


def _open(view: View, name: str, slots: Sequence[int]) -> Step:
    node = _node(view, name)
    return Step(
        "open",
        name,
        f"{name} imports the slots {table.range_text(table.as_ranges(slots))} for a moment",
        "its keys of them are to be counted",
        tuple(("CLUSTER", "SETSLOT", str(slot), "IMPORTING", _anybody_else(view, node)) for slot in slots),
    )


def _anybody_else(view: View, node: Node) -> str:
    """The id of another master: IMPORTING needs one, whoever it is."""
    return next(other.id for other in view.answering if other.myself.is_master and other.id != node.id)


def _counts(session: Session, view: View) -> Counts:
    asked = {
        _node(view, name).member: tuple(slot for slots in kinds.values() for slot in slots)
        for name, kinds in open_slots.to_be_counted(view).items()
    }
    return observed.count(session.clients, asked, stats=False)


def _do(session: Session, setslot: Setslot, view: View, decision: Decision) -> None:
    """Step 4."""
    session.execute(view, decision.close)
    take_over(session, setslot, view, decision.takeovers)
    for resume in decision.resumes:
        route = route_of(view, resume.source, resume.target)
        text = f"{resume.source} gives {len(resume.slots)} open slots to {resume.target}"
        session.done.append(Step("finish", resume.source, text, resume.reason))
        latency = Latency()
        for batch in batches(resume.slots):
            setslot.move(route, batch, latency, resumed=True)


def take_over(session: Session, setslot: Setslot, view: View, takeovers: Sequence[Takeover]) -> None:
    """Slots that nobody serves get their new owners."""
    for takeover in takeovers:
        owner = _node(view, takeover.owner)
        text = f"{owner.name} takes over the slots {table.range_text(table.as_ranges(takeover.slots))}"
        session.done.append(Step("take over", owner.name, text, takeover.reason))
        for batch in batches(takeover.slots):
            setslot.take_over(owner, batch, _anybody_else(view, owner))


def batches(slots: Sequence[int], size: int = BATCH) -> list[Sequence[int]]:
    return [slots[start : start + size] for start in range(0, len(slots), size)]


def route_of(view: View, source: str, target: str) -> Route:
    taker = _node(view, target)
    return Route(
        _node(view, source), taker, tuple(node for node in view.answering if node.myself.master_id == taker.id)
    )


def _node(view: View, name: str) -> Node:
    node = view.node(name)
    if node is None or not node.answers:
        raise Retryable(f"Cannot move slots of {name}: it does not answer; run again when it does.")
    return node
