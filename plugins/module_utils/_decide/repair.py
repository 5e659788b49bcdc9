# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What only a person can decide when a cluster is broken, and what follows from the word given. Pure; PRIVATE to the
collection.

Each word names exactly what it is about, so that it cannot hit anything that happened since:
- ``assign_empty``: slots that nobody serves and of which no member has a key are given out as empty. Never while a
  member is silent: it may have them.
- ``winner``: a member whose keys are right where several masters have keys of one slot.
- ``takeover``: a replica that is to be master without the vote of a majority. Only while its master does not answer.
"""

from __future__ import annotations

from collections.abc import Iterable

from ansible_collections.k8sredis.core.plugins.module_utils._decide import placement, table
from ansible_collections.k8sredis.core.plugins.module_utils._decide.open_slots import Takeover
from ansible_collections.k8sredis.core.plugins.module_utils._model import (
    SLOTS,
    Node,
    Plan,
    Refused,
    SlotRange,
    Step,
    View,
    Wish,
)

REASON_TOLD_EMPTY = "it was said that they are lost"
REASON_TOLD_TAKEOVER = "it was said that it is to take over"


def ranges(text: str) -> tuple[SlotRange, ...]:
    """``0-5460,9000``, as messages write it."""
    found: set[int] = set()
    for part in filter(None, text.replace(" ", "").split(",")):
        first, _dash, last = part.partition("-")
        if not (first.isdigit() and (last or first).isdigit() and int(first) <= int(last or first) < SLOTS):
            raise Refused(f"Cannot use assign_empty='{text}': '{part}' is no range of slots; write for example 0-5460.")
        found |= set(range(int(first), int(last or first) + 1))
    return table.as_ranges(found)


def empty(view: View, wish: Wish, lost: Iterable[int], told: tuple[SlotRange, ...]) -> tuple[Takeover, ...]:
    """Who is to serve the lost slots: masters of shards that have none, else those that have the fewest."""
    silent = [node.name for node in view.nodes if not node.answers]
    lost_ranges = table.as_ranges(lost)
    if silent:
        raise Refused(
            f"Cannot give out slots as empty: {table.joined(silent)} does not answer and may have their keys; bring it "
            "back, or remove it from the instance, first."
        )
    if told != lost_ranges:
        raise Refused(
            f"Cannot give out the slots {table.range_text(told)} as empty: lost are {table.range_text(lost_ranges)}; "
            "name exactly these as assign_empty."
        )
    _groups, chosen = placement.layout(view, wish)
    masters = [node for number, node in chosen.items() if number < wish.shards]
    bare = [node for node in masters if not table.own_slots(node)]
    return _shared_out(lost_ranges, bare or [min(masters, key=lambda node: table.count(table.own_slots(node)))])


def _shared_out(lost: tuple[SlotRange, ...], masters: list[Node]) -> tuple[Takeover, ...]:
    slots = [slot for first, last in lost for slot in range(first, last + 1)]
    share = -(-len(slots) // len(masters))
    parts = [tuple(slots[start : start + share]) for start in range(0, len(slots), share)]
    return tuple(
        Takeover(node.name, part, REASON_TOLD_EMPTY) for node, part in zip(masters, parts, strict=False) if part
    )


def takeover(view: View, name: str) -> Plan:
    """The step that makes a replica master; FORCE where a majority can vote, TAKEOVER where none can."""
    node = view.node(name)
    if node is None or not node.answers:
        raise Refused(f"Cannot let {name} take over: it is no member that answers; name a replica that does.")
    if node.myself.is_master:
        return Plan()
    master = view.by_id.get(node.myself.master_id)
    if master is not None:
        raise Refused(
            f"Cannot let {name} take over: its master {master.name} answers; hand over by 'cluster_failover', which "
            "loses nothing."
        )
    word = "FORCE" if _has_majority(node, view) else "TAKEOVER"
    text = f"{name} becomes master by CLUSTER FAILOVER {word}; what its master had beyond it is lost"
    return Plan((Step("take over", name, text, REASON_TOLD_TAKEOVER, (("CLUSTER", "FAILOVER", word),)),))


def _has_majority(node: Node, view: View) -> bool:
    voters = [entry for entry in node.table if entry.is_master and entry.slots]
    return 2 * sum(entry.id in view.by_id for entry in voters) > len(voters)
