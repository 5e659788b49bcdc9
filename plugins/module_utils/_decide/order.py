# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run has to do to an instance. Pure; PRIVATE to the collection."""

from __future__ import annotations

from ansible_collections.k8sredis.core.plugins.module_utils._decide import (
    departure,
    health,
    membership,
    moves,
    replicas,
    settings,
    slots,
    table,
)
from ansible_collections.k8sredis.core.plugins.module_utils._model import SLOTS, ClusterError, View, Wish

MEET, ASSIGN, ATTACH, HAND_OVER, MOVE, FORGET = STEPS = ("meet", "assign", "attach", "hand_over", "move", "forget")
"""In the order of a run; by cluster_meet, cluster_slots without moves, cluster_replicas, cluster_failover,
cluster_slots and cluster_forget."""


def is_in_order(view: View, wish: Wish) -> bool:
    """Whether a run would find nothing to do and nothing to wait for. ``view``: with the departed."""
    return not due(view, wish)


def due(view: View, wish: Wish) -> tuple[str, ...]:
    """The steps that may find something to do or to wait for. ``view``: with the departed; a pod that has departed is
    still to be deleted. Where nothing can be foreseen, all are due but those that certainly have nothing to do."""
    belonging = departure.remaining(view, wish)
    leaving = departure.leaving(belonging, wish)
    pods = [node for node in departure.leaving(view, wish) if node.member.shard is not None]
    certain = _foreseen(belonging, wish)
    found = {MEET, ATTACH, MOVE} if certain is None else certain
    if certain is None and not _is_served(belonging):
        found |= {ASSIGN}
    if any(node.member.shard is None or node.member.shard < wish.shards for node in leaving):
        found |= {HAND_OVER}
    if leaving or pods:
        found |= {FORGET}
    return tuple(step for step in STEPS if step in found)


def _foreseen(view: View, wish: Wish) -> set[str] | None:
    """None while members do not answer or agree, or when what is seen is to be refused."""
    if not view.answering or health.findings(view, health.CONVERGENCE):
        return None
    try:
        if (settings.plan(view, wish) + membership.plan(view) + slots.assignment(view, wish)).changed:
            return None
        attach = {ATTACH} if replicas.plan(view, wish).changed else set()
        return attach | ({MOVE} if moves.plan(view, wish) else set())
    except ClusterError:
        return None


def _is_served(view: View) -> bool:
    """Whether every slot has an owner that answers; then none can be assigned."""
    return len(table.slots_of(bounds for node in view.answering for bounds in table.own_slots(node))) == SLOTS
