# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which member serves which slots. Pure; PRIVATE to the collection.

1. Shard k of n gets the contiguous range that is even to one slot.
2. Slots are assigned only while no key is stored anywhere, no table names an owner for them, and every
   wished member answers: ADDSLOTS on a cluster that holds data would paper over a lost shard.
3. Where every slot has an owner nothing is assigned: what is not as wished then takes moves (moves.py).
"""

from __future__ import annotations

from itertools import pairwise

from ansible_collections.k8sredis.core.plugins.module_utils._decide import placement, table
from ansible_collections.k8sredis.core.plugins.module_utils._model import (
    SLOTS,
    Node,
    Plan,
    Refused,
    Retryable,
    SlotRange,
    Step,
    View,
    Wish,
)

REASON_UNASSIGNED = "slots have no owner"


def allocation(number_of_shards: int) -> tuple[SlotRange, ...]:
    """The range of each shard, in order, even to one slot."""
    bounds = [number * SLOTS // number_of_shards for number in range(number_of_shards + 1)]
    return tuple((first, last - 1) for first, last in pairwise(bounds))


def assignment(view: View, wish: Wish) -> Plan:
    """Steps that give every slot its owner; none when each has one."""
    owned = table.slots_of(owned_ranges(view))
    _refuse_lost_owner(view, owned)
    if len(owned) == SLOTS:
        return Plan()
    groups, chosen = placement.layout(view, wish)
    _refuse_missing_shards(groups, wish)
    _refuse_papering_over(view, owned)
    return _assign(chosen, wish, owned)


def are_unassigned(view: View) -> bool:
    """Whether the cluster is being made: slots have no owner, and no key is stored anywhere."""
    empty = all(node.keys == 0 for node in view.answering)
    return empty and len(table.slots_of(owned_ranges(view))) < SLOTS


def owned_ranges(view: View) -> tuple[SlotRange, ...]:
    """Slots that any table gives to anybody, also to a node that is away."""
    # Nearly every table says the same, so equal ranges first become one.
    ranges = {bounds for node in view.answering for entry in node.table for bounds in entry.slots}
    return table.as_ranges(table.slots_of(ranges))


def _refuse_lost_owner(view: View, owned: set[int]) -> None:
    """Slots of a node that is no member, or silent: until its replica is elected, or until it is brought back."""
    served = table.slots_of(bounds for node in view.answering for bounds in table.own_slots(node))
    lost = table.as_ranges(owned - served)
    if lost:
        silent = table.joined(node.name for node in view.nodes if not node.answers)
        what = f"does not answer (silent: {silent})" if silent else "is no member"
        raise Retryable(
            f"Cannot vouch for the slots {table.range_text(lost)}: the tables give them to a node that {what}; bring "
            "back its data, or wait until its replica has been elected, and run again."
        )


def _refuse_missing_shards(groups: placement.Shards, wish: Wish) -> None:
    found = [str(number) for number, group in groups.items() if group]
    if not {str(number) for number in range(wish.shards)} <= set(found):
        raise Refused(
            f"Cannot assign slots to {wish.shards} shards: the members found are of the shards "
            f"{table.joined(found, 16) or 'none'}; see to it that each shard has its members, or change shards."
        )


def _refuse_papering_over(view: View, owned: set[int]) -> None:
    silent = [node.name for node in view.nodes if not node.answers and not node.member.waiting]
    if silent:
        raise Refused(f"Cannot assign slots: {table.joined(silent)} does not answer; run again when every member does.")
    holding = [f"{node.name} holds {node.keys} keys" for node in view.answering if node.keys]
    missing = table.range_text(table.as_ranges(set(range(SLOTS)) - owned))
    if holding:
        raise Refused(
            f"Cannot assign the slots {missing}: the cluster is not empty ({table.joined(holding)}), so their owner is "
            "lost or away; bring it back, or see the findings of 'cluster_info'."
        )


def _assign(chosen: placement.Masters, wish: Wish, owned: set[int]) -> Plan:
    steps = []
    for number, (first, last) in enumerate(allocation(wish.shards)):
        wanted = set(range(first, last + 1))
        missing = table.as_ranges(wanted - owned)
        if missing:
            _refuse_foreign_slots(chosen[number], wanted)
            steps.append(_step(number, chosen[number], missing))
    return Plan(tuple(steps))


def _refuse_foreign_slots(master: Node, wanted: set[int]) -> None:
    extra = table.slots_of(table.own_slots(master)) - wanted
    if extra:
        raise Refused(
            f"Cannot assign slots to {master.name}: it already serves {table.range_text(table.as_ranges(extra))}, "
            "which belong to another shard; bring back who served the missing slots, and run again."
        )


def _step(number: int, master: Node, missing: tuple[SlotRange, ...]) -> Step:
    words = [str(slot) for bounds in missing for slot in bounds]
    return Step(
        "assign",
        master.name,
        f"{master.name} serves {table.range_text(missing)} (shard {number})",
        REASON_UNASSIGNED,
        (("CLUSTER", "ADDSLOTSRANGE", *words),),
    )
