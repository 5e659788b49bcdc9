# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is to be moved and what that holds, before anything moves. PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ansible_collections.k8sredis.core.plugins.module_utils._decide import engines, moves
from ansible_collections.k8sredis.core.plugins.module_utils._decide.moves import Manner, Volume
from ansible_collections.k8sredis.core.plugins.module_utils._execute.session import Session
from ansible_collections.k8sredis.core.plugins.module_utils._model import Member, Move, Plan, View, Wish
from ansible_collections.k8sredis.core.plugins.module_utils._observe import capabilities
from ansible_collections.k8sredis.core.plugins.module_utils._observe import slots as observed

SLOT_STATS = "cluster|slot-stats"


@dataclass(frozen=True)
class Survey:
    """``keys`` and ``sizes``: of the slots that are to move, by slot."""

    view: View
    engine: str
    volumes: Mapping[Move, Volume]
    keys: Mapping[int, int]
    sizes: Mapping[int, int]

    @property
    def moves(self) -> tuple[Move, ...]:
        return tuple(self.volumes)

    @property
    def total(self) -> Volume:
        return sum(self.volumes.values(), Volume())

    def plan(self, wish: Wish) -> Plan:
        return moves.steps(self.volumes, self.engine, wish, self.view)


def survey(session: Session, view: View, wish: Wish, manner: Manner) -> Survey:
    """``view``: a fresh one."""
    known = capabilities.probe(session.clients, [node.member for node in view.answering])
    engine = engines.choose(manner.engine, known)
    loads = None if wish.balance_by == "slots" else _loads(session, view, wish.balance_by, known)
    planned = moves.plan(view, wish, loads)
    asked = _by_member(view, planned)
    keys = _keys(session, asked, known)
    sizes = _sizes(session, asked, keys)
    return Survey(view, engine, {move: moves.volume(move, keys, sizes) for move in planned}, keys, sizes)


def _by_member(view: View, planned: Sequence[Move]) -> dict[Member, tuple[int, ...]]:
    found: dict[str, list[int]] = {}
    for move in planned:
        found.setdefault(move.source, []).extend(move.slots)
    return {node.member: tuple(found[node.name]) for node in view.answering if node.name in found}


def _keys(
    session: Session, asked: Mapping[Member, Sequence[int]], known: Mapping[str, frozenset[str]]
) -> dict[int, int]:
    stats = {member: SLOT_STATS in known.get(member.name, ()) for member in asked}
    counted: dict[tuple[str, int], int] = {}
    for kind in (True, False):
        some = {member: slots for member, slots in asked.items() if stats[member] is kind}
        counted.update(observed.count(session.clients, some, stats=kind))
    return {slot: number for (_name, slot), number in counted.items()}


def _sizes(session: Session, asked: Mapping[Member, Sequence[int]], keys: Mapping[int, int]) -> dict[int, int]:
    """The mean of a sample, by the number of keys."""
    sample = {member: observed.spread(slot for slot in slots if keys.get(slot)) for member, slots in asked.items()}
    weighed = observed.weigh(session.clients, sample)
    sizes: dict[int, int] = {}
    for member, slots in asked.items():
        mine = [weight for (name, _slot), weight in weighed.items() if name == member.name]
        seen = sum(weight.keys for weight in mine)
        mean = sum(weight.bytes for weight in mine) / seen if seen else 0
        sizes.update({slot: round(keys.get(slot, 0) * mean) for slot in slots})
    return sizes


def _loads(session: Session, view: View, balance_by: str, known: Mapping[str, frozenset[str]]) -> dict[int, int]:
    """Keys or bytes of every slot that is served; bytes by the first keys of each slot."""
    asked = {
        node.member: tuple(slot for first, last in node.myself.slots for slot in range(first, last + 1))
        for node in view.answering
        if node.myself.is_master and node.myself.slots
    }
    keys = _keys(session, asked, known)
    if balance_by == "keys":
        return keys
    held = {member: [slot for slot in slots if keys.get(slot)] for member, slots in asked.items()}
    return {
        slot: weight.bytes * keys[slot] // weight.keys
        for (_name, slot), weight in observed.weigh(session.clients, held).items()
        if weight.keys
    }
