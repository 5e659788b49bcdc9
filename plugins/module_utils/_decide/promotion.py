# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What proves a failover on every member, and what helps the members to agree. Pure; PRIVATE to the collection."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.k8sredis.core.plugins.module_utils._decide import gate, replicas, table
from ansible_collections.k8sredis.core.plugins.module_utils._model import Entry, Node, Plan, SlotRange, Step, View


@dataclass(frozen=True)
class Promotion:
    """A failover that was asked for, and what was there before it."""

    candidate: str
    former: str
    slots: frozenset[int]
    epoch: int
    """The highest of all."""


def promotion(view: View, candidate: Node, master: Node) -> Promotion:
    return Promotion(
        candidate.name, master.name, frozenset(table.slots_of(table.own_slots(master))), table.highest_epoch(view)
    )


def unproven(view: View, done: Promotion) -> str:
    """What is still missing until the failover is over on every member, in words; empty when nothing."""
    new, former = view.node(done.candidate), view.node(done.former)
    if new is None or former is None or not new.answers or not former.answers:
        silent = next((node for node in (new, former) if node is not None and not node.answers), None)
        return f"{silent.name} does not answer: {silent.error}" if silent else "a member is not there any more"
    missing = done.slots - table.slots_of(table.own_slots(new))
    if not new.myself.is_master or missing:
        return f"{new.name} does not serve {len(missing)} of the {len(done.slots)} slots of the shard"
    if former.myself.master_id != new.id:
        return f"{former.name} does not replicate {new.name}"
    if new.myself.epoch <= done.epoch:
        return f"{new.name} has config epoch {new.myself.epoch}, which is not the highest"
    return gate.shut(view)


Truth = tuple[str, str, tuple[SlotRange, ...]]
"""A member, the id of its master, and the slots that it serves, as it says itself."""


def misjudged(view: View) -> list[Truth]:
    """What members are that not every other member knows yet."""
    return [
        (node.name, node.myself.master_id, node.myself.slots)
        for node in view.answering
        if any(_has_changed(node, other.entries.get(node.id)) for other in view.answering)
    ]


def _has_changed(node: Node, seen: Entry | None) -> bool:
    own = node.myself
    return seen is not None and (seen.master_id, seen.slots) != (own.master_id, own.slots)


def repairs(view: View) -> Plan:
    """Each replica of a replica under the master that it gets its data from in the end."""
    steps = []
    for node in view.answering:
        root, followed = node, view.by_id.get(node.myself.master_id)
        passed = {node.id}
        while followed is not None and followed.id not in passed:
            passed.add(followed.id)
            root, followed = followed, view.by_id.get(followed.myself.master_id)
        if root.myself.is_master and root.id not in (node.id, node.myself.master_id):
            text, command = f"{node.name} replicates {root.name}", ("CLUSTER", "REPLICATE", root.id)
            steps.append(Step("replicate", node.name, text, replicas.REASON_CHAINED, (command,)))
    return Plan(tuple(steps))
