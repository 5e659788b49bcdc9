# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which slots of a live cluster are to move. Pure; PRIVATE to the collection.

1. The master of each wished shard is to hold its share; masters of shards that leave are to hold nothing.
2. What is to move follows from who serves what now, so a plan that was interrupted goes on as a smaller plan.
3. Two masters that serve slots in one labelled shard are refused: one of them would be made a replica of the other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from ansible_collections.k8sredis.core.plugins.module_utils._decide import balance, departure, placement, table
from ansible_collections.k8sredis.core.plugins.module_utils._decide.balance import Holder
from ansible_collections.k8sredis.core.plugins.module_utils._model import (
    SLOTS,
    Move,
    Plan,
    Refused,
    Retryable,
    Step,
    View,
    Wish,
)

REASON_UNEVEN = "the shards do not have their shares"
REASON_LEAVING = "its shard leaves"

SECONDS_PER_KEY = {"atomic": 1.5e-6, "setslot": 1e-5}
SECONDS_PER_BYTE = 1 / 100_000_000
SECONDS_PER_SLOT = {"atomic": 1e-5, "setslot": 2e-4}
"""Measured on two cores over loopback; good to a factor of three elsewhere. For the estimates of plans only."""


@dataclass(frozen=True)
class Manner:
    """How to move; rates and ``slice_seconds`` of 0 stand for no limit."""

    engine: str = "auto"
    transfers: int = 1
    """Most moves that one member takes part in at once."""
    slice_seconds: float = 0
    keys_per_second: int = 0
    bytes_per_second: int = 0
    memory_percent: int = 75
    large_key: int = 64 * 1024 * 1024
    """Bytes above which a key is only moved with leave where its master answers nobody meanwhile."""
    allow_large_keys: bool = False
    conflict_winner: str = ""


@dataclass(frozen=True)
class Volume:
    """What slots hold. ``bytes``: sampled, or as the server counts them."""

    slots: int = 0
    keys: int = 0
    bytes: int = 0

    def __add__(self, other: Volume) -> Volume:
        return Volume(self.slots + other.slots, self.keys + other.keys, self.bytes + other.bytes)


def holders(view: View, wish: Wish) -> tuple[Holder, ...]:
    """The masters that serve slots or are to serve some, with the weights of their shards; 0 for those that leave."""
    _refuse_unclear_owners(view)
    _refuse_shared_shard(view)
    _groups, chosen = placement.layout(view, wish)
    _refuse_missing_shards(chosen, wish)
    staying = [
        Holder(node.name, table.own_slots(node), _weight(number, node.name, wish))
        for number, node in chosen.items()
        if number < wish.shards
    ]
    kept = {holder.name for holder in staying}
    leaving = [
        Holder(node.name, table.own_slots(node), Fraction(0))
        for node in departure.leaving(view, wish)
        if node.name not in kept and node.myself.is_master and table.own_slots(node)
    ]
    return (*staying, *leaving)


def _refuse_missing_shards(chosen: placement.Masters, wish: Wish) -> None:
    missing = [str(number) for number in range(wish.shards) if number not in chosen]
    if missing:
        raise Refused(
            f"Cannot give {wish.shards} shards their slots: no member of shard {table.joined(missing)} was found; see "
            "to it that each shard has its members, or change shards."
        )


def _weight(number: int, name: str, wish: Wish) -> Fraction:
    return wish.weights.get(str(number), wish.weights.get(name, Fraction(1)))


def plan(view: View, wish: Wish, loads: Mapping[int, int] | None = None) -> tuple[Move, ...]:
    """``loads``: keys or bytes by slot, where they are to be balanced; without them only who has no slots, or too
    many to stay, is seen as out of balance when the wish is to balance by keys or bytes."""
    found = holders(view, wish)
    if loads is not None:
        return balance.by_load(found, loads)
    if wish.balance_by != "slots" and not _is_lopsided(found):
        return ()
    return balance.by_slots(found)


def _is_lopsided(found: Sequence[Holder]) -> bool:
    """Somebody who is to serve serves nothing, or somebody who leaves still serves."""
    return any(bool(holder.weight) != bool(holder.slots) for holder in found)


def _refuse_unclear_owners(view: View) -> None:
    """While two members serve the same slots: a former master that has not heard of its failover."""
    serving = {node.name: table.count(table.own_slots(node)) for node in view.answering if table.own_slots(node)}
    if sum(serving.values()) > SLOTS:
        seen = table.joined(f"{name} serves {number}" for name, number in sorted(serving.items()))
        raise Retryable(
            f"Cannot tell whose slots are whose: {seen}; look at 'cluster_info', a failover may be under way."
        )


def _refuse_shared_shard(view: View) -> None:
    if any(node.member.shard is None for node in view.nodes):
        return
    masters = [node for node in view.answering if table.own_slots(node)]
    labels = Counter(node.member.shard for node in masters)
    shared = next((shard for shard, number in sorted(labels.items()) if number > 1), None)
    if shared is None:
        return
    names = table.joined(node.name for node in masters if node.member.shard == shared)
    raise Refused(
        f"Cannot keep one master in each shard: {names} of shard {shared} all serve slots; let a replica of another "
        "shard take over by CLUSTER FAILOVER where one of them follows it, or move the slots of one to the other."
    )


def volume(move: Move, keys: Mapping[int, int], sizes: Mapping[int, int]) -> Volume:
    """``keys`` and ``sizes``: by slot."""
    return Volume(
        len(move.slots), sum(keys.get(slot, 0) for slot in move.slots), sum(sizes.get(slot, 0) for slot in move.slots)
    )


def seconds(volumes: Mapping[Move, Volume], engine: str) -> float:
    """An estimate: each node does one transfer at a time, and the busiest one decides."""
    kind = "setslot" if engine == "setslot" else "atomic"
    busy: dict[str, float] = {}
    for move, held in volumes.items():
        cost = held.slots * SECONDS_PER_SLOT[kind] + held.keys * SECONDS_PER_KEY[kind] + held.bytes * SECONDS_PER_BYTE
        for name in (move.source, move.target):
            busy[name] = busy.get(name, 0.0) + cost
    return max(busy.values(), default=0)


def steps(volumes: Mapping[Move, Volume], engine: str, wish: Wish, view: View) -> Plan:
    """The moves in words."""
    return Plan(
        tuple(
            Step("move", move.source, _text(move, held, engine), _reason(move, wish, view))
            for move, held in volumes.items()
        )
    )


def _text(move: Move, held: Volume, engine: str) -> str:
    ranges = table.joined([table.range_text([bounds]) for bounds in move.ranges])
    return (
        f"{move.source} gives {held.slots} slots to {move.target} ({ranges}): {held.keys} keys, "
        f"{mebibytes(held.bytes)}, about {seconds({move: held}, engine):.1f} s"
    )


def _reason(move: Move, wish: Wish, view: View) -> str:
    return REASON_LEAVING if move.source in departure.leaving_names(view, wish) else REASON_UNEVEN


def mebibytes(number: int) -> str:
    return f"{number / 1024 / 1024:.1f} MiB"
