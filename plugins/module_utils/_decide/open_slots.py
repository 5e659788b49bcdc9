# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What to do with slots that an interrupted move left open, whoever moved them. Pure; PRIVATE to the collection.

Always forward, never on a guess. A slot is in question when a master has it open, or when no master says that it serves
it. With S the master that serves it:
1. S migrates to T: T takes the rest. Where T has since become a replica, its master does; where T is gone, the member
   that has keys of the slot, and when there is none, S closes. Where T is silent, or has left a replica behind that
   follows nobody else, there may be keys that nobody can count: wait.
2. S does not migrate, one other master T imports: T with keys takes the rest; without keys, T closes (STABLE).
3. Several import: the one that has keys is T, the others close. Keys on more than one: undecided.
4. Nobody serves it, the tables give it to X, and X has become a replica: its master takes the slot over, when no third
   master has keys of it. X is a member that does not answer: wait for it.
5. Nobody serves it, and keys of it are on exactly one master: that one takes the slot over.
6. Nobody serves it and no key of it is anywhere: undecided; a person may say that it is to be empty (repair).
7. A master that does not serve a slot and still has it MIGRATING closes, and so does one that imports what it serves.
8. A replica has a slot open and its master has not: the master closes it once more. Valkey since 8.0 lets replicas do
   SETSLOT before their master, which does not do it any more when the client is gone (seen with 8.1.1).

Keys are counted under IMPORTING where S is not the one who migrates by its own word: Redis since 8.4 counts none in a
slot that a node neither serves nor imports, so a promoted replica of T would seem to have lost what was moved. Closing
a slot on S without having looked there loses it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from ansible_collections.k8sredis.core.plugins.module_utils._decide import table
from ansible_collections.k8sredis.core.plugins.module_utils._model import (
    SLOTS,
    Node,
    Plan,
    Refused,
    Retryable,
    Step,
    View,
)

IMPORTING, MIGRATING = "importing", "migrating"

REASON_INTERRUPTED = "a move was interrupted"
REASON_NO_KEYS = "an import was opened and never used"
REASON_NOBODY_IMPORTS = "nobody imports it and no other member has a key of it"
REASON_SERVED = "it serves the slot already"
REASON_NOT_SERVED = "it does not serve the slot any more"
REASON_REPLICA = "a replica has it open, its master has not"
REASON_FORGOTTEN = "the slot's owner was forgotten, its keys are here"

Counts = Mapping[tuple[str, int], int]
"""Keys by member name and slot, counted where the member serves or imports the slot."""


@dataclass(frozen=True)
class Resume:
    """Moves to be finished, from the one to the other."""

    source: str
    target: str
    slots: tuple[int, ...]
    reason: str = REASON_INTERRUPTED


@dataclass(frozen=True)
class Takeover:
    """Slots that nobody serves and that this member takes over."""

    owner: str
    slots: tuple[int, ...]
    reason: str = REASON_FORGOTTEN


@dataclass(frozen=True)
class Decision:
    """In this order: close what is empty, take over, resume. ``undecided``: sentences for a person."""

    close: Plan = field(default_factory=Plan)
    takeovers: tuple[Takeover, ...] = ()
    resumes: tuple[Resume, ...] = ()
    undecided: tuple[str, ...] = ()
    disputed: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    """The same by slot, with the masters that have keys of it and do not serve it."""
    lost: tuple[int, ...] = ()
    """Slots that nobody serves and of which no key is anywhere."""

    @property
    def changed(self) -> bool:
        return self.close.changed or bool(self.takeovers or self.resumes)


@dataclass(frozen=True)
class _Slot:
    number: int
    owner: Node | None
    """Who says that it serves the slot."""
    migrating: Mapping[str, str]
    """Peer id by member name."""
    importing: Mapping[str, str]


def is_clean(view: View) -> bool:
    """Whether no member has a slot open and every slot has a master that says that it serves it."""
    return not any(node.myself.open_slots for node in view.answering) and len(_served(view)) == SLOTS


def outlook(view: View) -> Plan:
    """For check mode, which cannot count: the slots that are to be brought to who has their keys."""
    slots = in_question(view)
    if not slots:
        return Plan()
    text = f"the slots {table.range_text(table.as_ranges(slots))} are brought to who has their keys"
    return Plan((Step("finish", "cluster", text, REASON_INTERRUPTED),))


def in_question(view: View) -> tuple[int, ...]:
    """Slots that are open somewhere or served by nobody."""
    found = {each.slot for node in view.answering for each in node.myself.open_slots if node.myself.is_master}
    return tuple(sorted(found | (set(range(SLOTS)) - _served(view))))


def _served(view: View) -> set[int]:
    return table.slots_of(
        bounds for node in view.answering if node.myself.is_master for bounds in table.own_slots(node)
    )


def to_be_counted(view: View) -> dict[str, dict[str, tuple[int, ...]]]:
    """Slots whose keys must be counted, by member and by ``served`` (serves or imports them already) or ``opened``
    (must import them first). Only what the decision depends on."""
    asked: dict[str, dict[str, list[int]]] = {}
    for slot in _slots(view):
        for node in _masters(view):
            if slot.owner is not None and node.name == slot.owner.name:
                continue
            if node.name in slot.importing:
                asked.setdefault(node.name, {}).setdefault("served", []).append(slot.number)
            elif node.name in slot.migrating or not _is_plain(slot, view):
                asked.setdefault(node.name, {}).setdefault("opened", []).append(slot.number)
    return {name: {kind: tuple(slots) for kind, slots in kinds.items()} for name, kinds in asked.items()}


def _is_plain(slot: _Slot, view: View) -> bool:
    """Case 1 with a living T, 2 and 7: who has keys follows from the flags alone."""
    if slot.owner is None:
        return False
    peer = slot.migrating.get(slot.owner.name)
    return peer is None or _is_master(view.by_id.get(peer))


def decide(view: View, counts: Counts) -> Decision:
    """``counts``: of all that ``to_be_counted`` asks for. Raises Retryable while a slot has two masters, or a master
    that may have keys is silent."""
    _await_silent_masters(view)
    verdicts = {slot.number: _verdict(slot, view, counts) for slot in _slots(view)}
    undecided = {number: verdict.undecided for number, verdict in verdicts.items() if verdict.undecided}
    return Decision(
        close=_closing(
            [
                *((node, number, reason) for number, each in verdicts.items() for node, reason in each.close),
                *_open_on_replicas_alone(view),
            ]
        ),
        takeovers=tuple(
            Takeover(owner, slots) for owner, slots in _grouped((each.heir, n) for n, each in verdicts.items())
        ),
        resumes=tuple(Resume(*way, slots) for way, slots in _grouped((each.way, n) for n, each in verdicts.items())),
        undecided=tuple(undecided.values()),
        disputed={slot.number: _holding(slot, view, counts) for slot in _slots(view) if slot.number in undecided},
        lost=tuple(number for number, verdict in verdicts.items() if verdict.lost),
    )


def _open_on_replicas_alone(view: View) -> Iterator[tuple[Node, int, str]]:
    settled_first = set(in_question(view))
    for node in view.answering:
        master = _living_master(view, node.myself.master_id)
        if master is not None:
            for number in sorted({each.slot for each in node.myself.open_slots} - settled_first):
                yield master, number, REASON_REPLICA


def _await_silent_masters(view: View) -> None:
    """A member that does not answer may have keys, unless its slots have gone to a replica of it: then it comes back as
    that one's replica."""
    if len(view.answering) == len(view.nodes):
        return
    for node in view.answering:
        for entry in node.table:
            if entry.is_master and entry.slots and entry.id not in view.by_id:
                silent = table.joined(other.name for other in view.nodes if not other.answers)
                raise Retryable(
                    f"Cannot finish the slots that are open: {silent} does not answer, and {node.name} knows no other "
                    f"owner of its slots yet; wait until it is back or its replica is elected, and run again."
                )


@dataclass(frozen=True)
class _Verdict:
    """Of one slot. ``close``: who closes it, and why. ``heir`` takes it over, or it is resumed on its ``way`` from the
    one to the other, or a person has to say, or it is lost."""

    close: tuple[tuple[Node, str], ...] = ()
    heir: str = ""
    way: tuple[str, str] | None = None
    undecided: str = ""
    lost: bool = False


def _verdict(slot: _Slot, view: View, counts: Counts) -> _Verdict:
    if slot.owner is None:
        return _unserved(slot, view, counts)
    others = [node for node in _masters(view) if node.name != slot.owner.name]
    holding = [node for node in others if counts.get((node.name, slot.number))]
    leftover = [(node, REASON_NOT_SERVED) for node in others if node.name in slot.migrating and node not in holding]
    target = _target(slot, view, holding)
    idle = [each for each in _idle(slot, view, counts) if target is None or each[0].name != target.name]
    if any(target is None or node.name != target.name for node in holding):
        return _Verdict((*leftover, *idle), undecided=_undecided(slot, view, counts))
    if target is None and slot.owner.name in slot.migrating:
        _await_unseen_keys(slot, slot.owner, view)
        idle.append((slot.owner, REASON_NOBODY_IMPORTS))
    elif target is None and slot.owner.name in slot.importing:
        idle.append((slot.owner, REASON_SERVED))
    return _Verdict((*leftover, *idle), way=(slot.owner.name, target.name) if target is not None else None)


def _idle(slot: _Slot, view: View, counts: Counts) -> list[tuple[Node, str]]:
    """Who imports the slot, does not serve it and has no key of it."""
    return [
        (node, REASON_NO_KEYS)
        for node in _masters(view)
        if node.name in slot.importing and node is not slot.owner and not counts.get((node.name, slot.number))
    ]


def _await_unseen_keys(slot: _Slot, owner: Node, view: View) -> None:
    """Before the owner closes: the peer of its migration may have keys without being seen. While it serves nothing
    itself no replica of it is elected, and no table gives it a slot that would be waited for."""
    peer_id = slot.migrating[owner.name]
    if peer_id in view.by_id:
        return
    silent = [node.name for node in view.nodes if not node.answers]
    if silent:
        raise Retryable(
            f"Cannot finish the slots that are open: {owner.name} migrates slot {slot.number} to a member that does "
            f"not answer and may have keys of it (silent: {table.joined(silent)}); wait until it is back, and run "
            "again."
        )
    orphan = next((node.name for node in view.answering if node.myself.master_id == peer_id), "")
    if orphan:
        raise Retryable(
            f"Cannot finish the slots that are open: {owner.name} migrates slot {slot.number} to a node that is no "
            f"member any more, whose replica {orphan} may have keys of it; let that one take over by CLUSTER FAILOVER "
            "TAKEOVER, and run again."
        )


def _target(slot: _Slot, view: View, holding: list[Node]) -> Node | None:
    """Who is to get the rest of the slot; None when nothing has moved and nothing is to move."""
    peer_id = slot.migrating.get(slot.owner.name) if slot.owner else None
    if peer_id is None:
        return holding[0] if len(holding) == 1 else None
    master = _master_of(peer_id, view)
    if master is None or master is slot.owner:
        return holding[0] if holding else None
    return master


def _master_of(node_id: str, view: View) -> Node | None:
    """The master now of the shard of a node that was a master; None when no member is known to be."""
    node = view.by_id.get(node_id)
    if node is None:
        return None
    if node.myself.is_master:
        return node
    return _living_master(view, node.myself.master_id)


def _living_master(view: View, node_id: str) -> Node | None:
    found = view.by_id.get(node_id)
    return found if found is not None and _is_master(found) else None


def _unserved(slot: _Slot, view: View, counts: Counts) -> _Verdict:
    given = _given_to(slot.number, view)
    holding = [node for node in _masters(view) if counts.get((node.name, slot.number))]
    heir = _master_of(given, view) if given else None
    idle = tuple(_idle(slot, view, counts))
    if len(holding) > 1:
        return _Verdict(idle, undecided=_undecided(slot, view, counts))
    if holding:
        return _Verdict(idle, heir=holding[0].name)
    if heir is not None and heir.id != given:
        return _Verdict(idle, heir=heir.name)
    return _Verdict(idle, lost=True)


def _given_to(slot: int, view: View) -> str:
    """Id of the node to which most tables give a slot; empty when none does."""
    found: dict[str, int] = {}
    for node in view.answering:
        for entry in node.table:
            if any(first <= slot <= last for first, last in entry.slots):
                found[entry.id] = found.get(entry.id, 0) + 1
    return max(sorted(found), key=lambda node_id: found[node_id], default="")


def _holding(slot: _Slot, view: View, counts: Counts) -> tuple[str, ...]:
    return tuple(
        node.name for node in _masters(view) if node is not slot.owner and counts.get((node.name, slot.number))
    )


def _undecided(slot: _Slot, view: View, counts: Counts) -> str:
    seen = [f"{node.name} has {counts.get((node.name, slot.number), 0)} keys" for node in _masters(view)]
    owner = f"{slot.owner.name} serves it" if slot.owner else "nobody serves it"
    return f"slot {slot.number}: {owner}, {', '.join(seen)}"


def _slots(view: View) -> Iterator[_Slot]:
    owners: dict[int, Node] = {}
    for node in _masters(view):
        for number in table.slots_of(table.own_slots(node)):
            if number in owners:
                _refuse_two_owners(number, owners[number], node)
            owners[number] = node
    for number in in_question(view):
        yield _Slot(
            number,
            owners.get(number),
            {node.name: peer for node, peer in _open(view, number, MIGRATING)},
            {node.name: peer for node, peer in _open(view, number, IMPORTING)},
        )


def _open(view: View, number: int, direction: str) -> Iterator[tuple[Node, str]]:
    for node in _masters(view):
        for each in node.myself.open_slots:
            if each.slot == number and each.direction == direction:
                yield node, each.peer_id


def _refuse_two_owners(number: int, one: Node, other: Node) -> None:
    raise Retryable(
        f"Cannot tell whose slot {number} is: {one.name} (epoch {one.myself.epoch}) and {other.name} (epoch "
        f"{other.myself.epoch}) both say that they serve it; wait until they agree, and run again."
    )


def _masters(view: View) -> list[Node]:
    return [node for node in view.answering if node.myself.is_master]


def _is_master(node: Node | None) -> bool:
    return node is not None and node.answers and node.myself.is_master


def _closing(found: Iterable[tuple[Node, int, str]]) -> Plan:
    """One step for each member and reason."""
    grouped: dict[tuple[str, str], list[int]] = {}
    for node, slot, reason in found:
        grouped.setdefault((node.name, reason), []).append(slot)
    return Plan(
        tuple(
            Step(
                "close",
                name,
                f"{name} closes the slots {table.range_text(table.as_ranges(slots))}",
                reason,
                tuple(("CLUSTER", "SETSLOT", str(slot), "STABLE") for slot in slots),
            )
            for (name, reason), slots in grouped.items()
        )
    )


Key = TypeVar("Key")


def _grouped(found: Iterable[tuple[Key | None, int]]) -> list[tuple[Key, tuple[int, ...]]]:
    """Slots by what is to be done with them; those without anything are left out."""
    grouped: dict[Key, list[int]] = {}
    for key, slot in found:
        if key:
            grouped.setdefault(key, []).append(slot)
    return [(key, tuple(slots)) for key, slots in grouped.items()]


def refuse_undecided(decision: Decision) -> None:
    """Raises Refused with what only a person can decide."""
    if decision.undecided:
        raise Refused(
            f"Cannot tell where these slots belong: {table.joined(decision.undecided, 8)}; look at the keys, and say "
            "which side is right with the playbook redis_cluster_repair."
        )
    if decision.lost:
        raise Refused(
            f"Cannot bring back the slots {table.range_text(table.as_ranges(decision.lost))}: nobody serves them and "
            "no member has a key of them; bring back the members that had them, or give them out as empty with the "
            "playbook redis_cluster_repair."
        )
