# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What slots hold: numbers of keys, their sizes, and the keys themselves. PRIVATE to the collection.

Names of keys are bytes. They are asked for by a script that runs in the server and only reads: with the names it
gives back what they weigh, in one round trip instead of one for each key.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.k8sredis.core.plugins.module_utils._decide import table
from ansible_collections.k8sredis.core.plugins.module_utils._model import Fatal, Member, Retryable
from ansible_collections.k8sredis.core.plugins.module_utils._observe.redis import Clients, Command, is_error, passes

LIST = """
local found = redis.call('CLUSTER', 'GETKEYSINSLOT', ARGV[1], ARGV[2])
local keys, total = {}, 0
for _, key in ipairs(found) do
  local size = redis.call('MEMORY', 'USAGE', key) or 0
  if #keys > 0 and total + size > tonumber(ARGV[3]) then break end
  keys[#keys + 1] = key
  total = total + size
end
return {total, #found, keys}
"""
"""Keys of slot ARGV[1], at most ARGV[2], and at most ARGV[3] bytes unless it is a single one: their sizes, how many
were looked at, their names."""

WEIGH = """
local found = redis.call('CLUSTER', 'GETKEYSINSLOT', ARGV[1], ARGV[2])
local total, largest, name = 0, 0, ''
for _, key in ipairs(found) do
  local size = redis.call('MEMORY', 'USAGE', key) or 0
  total = total + size
  if size > largest then largest, name = size, key end
end
return {#found, total, largest, name}
"""
"""Of at most ARGV[2] keys of slot ARGV[1]: how many there are, their sizes, the largest of them and its name."""

SAMPLE_SLOTS = 64
"""Of a master, from which the mean size of its keys is taken."""
SAMPLE_KEYS = 20
"""Of each of them."""


@dataclass(frozen=True)
class Weight:
    """What the first keys of a slot weigh."""

    keys: int
    bytes: int
    largest: int
    """Bytes of the largest."""
    name: str
    """Its name, for people."""


NOTHING = Weight(0, 0, 0, "")
"""Of a slot without keys."""


@dataclass(frozen=True)
class Listing:
    """Keys that can be moved in one command. ``complete``: the slot has no others."""

    keys: tuple[bytes, ...]
    bytes: int
    complete: bool


def count(clients: Clients, wanted: Mapping[Member, Sequence[int]], stats: bool) -> dict[tuple[str, int], int]:
    """Number of keys by member name and slot. ``stats``: ask by CLUSTER SLOT-STATS, which only tells of slots that
    the member serves, in one command for each range."""
    if stats:
        return _stats(clients, wanted)
    replies = clients.send({member: [_counted(slot) for slot in slots] for member, slots in wanted.items() if slots})
    return {
        (member.name, slot): int(_checked(reply, member.name))
        for member, slots in wanted.items()
        if slots
        for slot, reply in zip(slots, replies[member.name], strict=True)
    }


def _counted(slot: int) -> Command:
    return ("CLUSTER", "COUNTKEYSINSLOT", str(slot))


def _stats(clients: Clients, wanted: Mapping[Member, Sequence[int]]) -> dict[tuple[str, int], int]:
    asked = {
        member: [("CLUSTER", "SLOT-STATS", "SLOTSRANGE", str(a), str(b)) for a, b in table.as_ranges(slots)]
        for member, slots in wanted.items()
        if slots
    }
    found: dict[tuple[str, int], int] = {}
    for name, replies in clients.send(asked).items():
        for reply in replies:
            for slot, fields in _checked(reply, name):
                found[(name, int(slot))] = int(fields[fields.index("key-count") + 1])
    return {
        (member.name, slot): found.get((member.name, slot), 0) for member, slots in wanted.items() for slot in slots
    }


def weigh(
    clients: Clients, wanted: Mapping[Member, Sequence[int]], at_most: int = SAMPLE_KEYS
) -> dict[tuple[str, int], Weight]:
    """The first keys of each slot, weighed."""
    asked: dict[Member, list[Command]] = {
        member: [("EVAL_RO", WEIGH, "0", str(slot), str(at_most)) for slot in slots]
        for member, slots in wanted.items()
        if slots
    }
    replies = clients.send(asked, raw=True)
    return {
        (member.name, slot): _weight(reply, member.name)
        for member, slots in wanted.items()
        if slots
        for slot, reply in zip(slots, replies[member.name], strict=True)
    }


def _weight(reply: Any, name: str) -> Weight:
    keys, total, largest, key = _checked(reply, name)
    return Weight(int(keys), int(total), int(largest), bytes(key).decode("utf-8", "replace"))


def listed(slot: int, keys: int, size: int | None) -> Command:
    """The command whose reply ``listing`` reads; ``size``: most bytes, None where the keys are weighed already."""
    if size is None:
        return ("CLUSTER", "GETKEYSINSLOT", str(slot), str(keys))
    return ("EVAL_RO", LIST, "0", str(slot), str(keys), str(size))


def listing(reply: Any, name: str, keys: int, weight: Weight | None) -> Listing:
    """``keys``: how many were asked for; ``weight``: of the slot, where it is known."""
    if weight is not None:
        names = _checked(reply, name)
        return Listing(tuple(names), len(names) * weight.bytes // max(1, weight.keys), len(names) < keys)
    total, found, names = _checked(reply, name)
    return Listing(tuple(names), int(total), len(names) == int(found) < keys)


def spread(slots: Iterable[int], at_most: int = SAMPLE_SLOTS) -> list[int]:
    """As many of them, evenly."""
    every = sorted(slots)
    step = max(1, -(-len(every) // at_most))
    return every[::step]


def _checked(reply: Any, name: str) -> Any:
    """The reply, unless it is an error."""
    if isinstance(reply, Retryable):
        raise Retryable(f"Cannot look at the slots of {name}: it broke off ({reply}); run again.")
    if passes(reply):
        raise Retryable(f"Cannot look at the slots of {name}: it answers '{reply}' for now; run again.")
    if is_error(reply):
        raise Fatal(f"Cannot look at the slots of {name}: it answered '{reply}'; see 'cluster_info'.")
    return reply
