# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The border of cluster_slots: assign where the cluster is new, else move. PRIVATE to the collection."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.k8sredis.core.plugins.module_utils._ansible import module as border
from ansible_collections.k8sredis.core.plugins.module_utils._ansible import topology
from ansible_collections.k8sredis.core.plugins.module_utils._decide import open_slots, slots
from ansible_collections.k8sredis.core.plugins.module_utils._decide.moves import Manner, seconds
from ansible_collections.k8sredis.core.plugins.module_utils._execute import converge, moves
from ansible_collections.k8sredis.core.plugins.module_utils._execute.moves import Outcome
from ansible_collections.k8sredis.core.plugins.module_utils._execute.pace import ANNOTATION, CANCEL, Stop
from ansible_collections.k8sredis.core.plugins.module_utils._execute.session import Session
from ansible_collections.k8sredis.core.plugins.module_utils._execute.survey import Survey, survey
from ansible_collections.k8sredis.core.plugins.module_utils._model import ClusterError, Plan, Refused, View, Wish

NOTHING = {"finished": True, "progress": "nothing to move", "moves": [], "engine": ""}


def work(module: AnsibleModule) -> dict[str, Any]:
    """The result of cluster_slots."""
    wish = border.wish(module)
    with border.session(module, border.expected_names(module), wish) as session:
        if module.check_mode:
            plan, view, told = _foresee(module, session, wish)
        else:
            try:
                view, told = _do(module, session, wish)
            except ClusterError as error:
                error.done = tuple(session.done)
                raise
            plan = Plan(tuple(session.done))
    return {**topology.result(plan, view), **told}


def _foresee(module: AnsibleModule, session: Session, wish: Wish) -> tuple[Plan, View, dict[str, Any]]:
    view = session.observe()
    if slots.are_unassigned(view) or not module.params["move"]:
        return slots.assignment(view, wish), view, NOTHING
    found = survey(session, view, wish, _manner(module))
    plan = open_slots.outlook(view) + found.plan(wish)
    return plan, view, {"finished": not found.moves, "progress": _outlook(found), **_moves(found)}


def _do(module: AnsibleModule, session: Session, wish: Wish) -> tuple[View, dict[str, Any]]:
    timeout = float(module.params["wait_timeout"])
    view = converge.answers(session, timeout)
    if slots.are_unassigned(view):
        return converge.assign(session, wish, timeout), NOTHING
    if not module.params["move"]:
        return view, NOTHING
    manner = _manner(module)
    notes = session.notes
    stop = Stop(manner.slice_seconds, session.clock, (lambda: notes.note(ANNOTATION)) if notes else (lambda: ""))
    with _told_to_end(stop.asked.set):
        outcome = moves.work(session, wish, manner, stop, timeout)
    for note in outcome.notes:
        module.warn(note)
    if stop.word == CANCEL and not outcome.finished:
        raise Refused(
            f"Cannot go on moving slots: the annotation {ANNOTATION} of the Lease says '{CANCEL}'; what was begun is "
            f"finished, {outcome.left.slots} slots are left, remove the annotation and run again."
        )
    if stop.asked.is_set() and not outcome.finished:
        raise Refused(
            f"Cannot go on moving slots: the process was told to end; what was begun is finished, {outcome.left.slots} "
            "slots are left, run again."
        )
    return outcome.view, {"finished": outcome.finished, "progress": outcome.progress, **_left(outcome)}


@contextmanager
def _told_to_end(call: Callable[[], None]) -> Iterator[None]:
    """SIGTERM and SIGINT, as a job that is cancelled sends them, end the work at the next batch."""
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = {number: signal.signal(number, lambda *_: call()) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _manner(module: AnsibleModule) -> Manner:
    params = module.params
    return Manner(
        engine=params["engine"],
        transfers=max(1, params["transfers"]),
        slice_seconds=params["slice_seconds"],
        keys_per_second=params["keys_per_second"],
        bytes_per_second=params["bytes_per_second"],
        memory_percent=params["memory_percent"],
        large_key=params["large_key"],
        allow_large_keys=params["allow_large_keys"],
        conflict_winner=params["conflict_winner"] or "",
    )


def _outlook(found: Survey) -> str:
    if not found.moves:
        return "nothing to move"
    total = found.total
    return f"{total.slots} slots with {total.keys} keys to move, about {seconds(found.volumes, found.engine):.0f} s"


def _moves(found: Survey) -> dict[str, Any]:
    return {
        "engine": found.engine if found.moves else "",
        "moves": [
            {
                "source": move.source,
                "target": move.target,
                "ranges": [list(bounds) for bounds in move.ranges],
                "slots": volume.slots,
                "keys": volume.keys,
                "bytes": volume.bytes,
                "seconds": round(seconds({move: volume}, found.engine), 2),
            }
            for move, volume in found.volumes.items()
        ],
    }


def _left(outcome: Outcome) -> dict[str, Any]:
    return _moves(outcome.found)
