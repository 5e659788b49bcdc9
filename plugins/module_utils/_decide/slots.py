# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which member serves which slots. Pure; PRIVATE to the collection.

1. Shard k of n gets the contiguous range that is even to one slot.
2. Slots are assigned only while no key is stored anywhere, no table names an owner for them, and every
   wished member answers: ADDSLOTS on a cluster that holds data would paper over a lost shard.
3. A cluster whose slots are all assigned holds the wish when as many masters as shards serve them, one in
   each labelled shard, even to one slot; their ranges may be in pieces. Anything else needs live moves, which
   are refused here.
"""

from __future__ import annotations

from collections import Counter
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


def plan(view: View, wish: Wish) -> Plan:
    """Steps that give every slot its owner; none when the wished allocation holds."""
    owned = table.slots_of(owned_ranges(view))
    _refuse_lost_owner(view, owned)
    if len(owned) == SLOTS:
        refuse_moves(view, wish)
        return Plan()
    groups = placement.shards(view, wish)
    _refuse_other_shards(groups, wish)
    _refuse_papering_over(view, owned)
    return _assign(groups, wish, owned)


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


def refuse_moves(view: View, wish: Wish) -> None:
    """Raises Refused when the slots that are all assigned are not as wished.

    Retryable while two members serve the same ones: a former master that has not heard of its failover.
    """
    serving = {node.name: table.count(table.own_slots(node)) for node in view.answering if table.own_slots(node)}
    sizes = sorted(serving.values())
    if len(serving) == wish.shards and sizes[-1] - sizes[0] <= 1:
        _refuse_shared_shard(view, wish)
        return
    seen = table.joined(f"{name} serves {number}" for name, number in sorted(serving.items()))
    if sum(sizes) > SLOTS:
        raise Retryable(
            f"Cannot tell whose slots are whose: {seen}; look at 'cluster_info', a failover may be under way."
        )
    raise Refused(
        f"Cannot bring the slots to {wish.shards} even shards: {seen}; moving slots of a live cluster is not in this "
        "version, keep the number of shards that the cluster has."
    )


def _refuse_shared_shard(view: View, wish: Wish) -> None:
    """Two masters in one labelled shard leave another without: its members would be made replicas of nobody."""
    masters = [node for node in view.answering if table.own_slots(node)]
    if any(node.member.shard is None for node in view.nodes):
        return
    labels = Counter(node.member.shard for node in masters)
    shared = next((shard for shard, number in sorted(labels.items()) if number > 1), None)
    if shared is None:
        return
    names = table.joined(node.name for node in masters if node.member.shard == shared)
    bare = table.joined(str(shard) for shard in range(wish.shards) if shard not in labels)
    raise Refused(
        f"Cannot keep one master in each shard: {names} of shard {shared} all serve slots, and no member of shard "
        f"{bare} does; let a replica there take over by CLUSTER FAILOVER, or move the slots with redis-cli."
    )


def _refuse_other_shards(groups: placement.Shards, wish: Wish) -> None:
    found = [str(number) for number, group in groups.items() if group]
    if found != [str(number) for number in range(wish.shards)]:
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


def _assign(groups: placement.Shards, wish: Wish, owned: set[int]) -> Plan:
    chosen = placement.masters(groups)
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
            "which belong to another shard; moving slots is not in this version."
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
