# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which keys a client writes, and how fast: the same answer in the writers and in the judge."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import count

from redis.crc import key_slot

SLOTS = 16384
COUNTER = "counter"
LIST = "list"


@dataclass(frozen=True)
class Plan:
    """``run`` names the keys, so that the ledgers of one cluster do not meet.

    The slots are cut into ``groups`` of equal width, whoever owns them. Each client has one thread for each group, so
    that a shard that stands still holds up nobody else's writes; ``pause`` is the time between two operations of a
    thread. Each client ends by itself after ``seconds``. With ``replicas``, the number that each shard has, writes of
    redis-py, of each kind, are followed by WAIT for all of them.
    """

    run: str
    groups: int = 12
    counters: int = 4
    lists: int = 4
    pause: float = 0.05
    seconds: float = 1800.0
    replicas: int = 0


@dataclass(frozen=True)
class Key:
    name: str
    kind: str
    slot: int


def keys(plan: Plan, client: str) -> dict[int, list[Key]]:
    """By group: ``plan.counters`` counters and ``plan.lists`` lists in each, which this client alone writes."""
    found: dict[int, list[Key]] = {group: [] for group in range(plan.groups)}
    for kind, wanted in ((COUNTER, plan.counters), (LIST, plan.lists)):
        for group, some in _spread(f"ledger:{plan.run}:{client}:{kind}", plan.groups, wanted).items():
            found[group] += [Key(name, kind, slot_of(name)) for name in some]
    return found


def _spread(prefix: str, groups: int, wanted: int) -> dict[int, list[str]]:
    """The first names ``<prefix>:<number>`` that fall into each group."""
    found: dict[int, list[str]] = {group: [] for group in range(groups)}
    for number in count():
        if all(len(names) == wanted for names in found.values()):
            break
        name = f"{prefix}:{number}"
        names = found[group_of(slot_of(name), groups)]
        if len(names) < wanted:
            names.append(name)
    return found


@cache
def slot_of(key: str) -> int:
    return int(key_slot(key.encode()))


def group_of(slot: int, groups: int) -> int:
    return slot * groups // SLOTS


def group_name(group: int, groups: int) -> str:
    """Its first and last slot."""
    first = -(-group * SLOTS // groups)
    last = -(-(group + 1) * SLOTS // groups) - 1
    return f"{first}-{last}"


def kind_of(key: str) -> str:
    return key.split(":")[3]


def client_of(key: str) -> str:
    return key.split(":")[2]
