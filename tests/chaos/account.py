# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of the writes of one key: those that were sent, against what is there in the end. Pure.

A key has one writer, which sends a write only after the outcome of the one before, so their order is known.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields

from tests.chaos.operations import Operation


@dataclass(frozen=True)
class Account:
    """Numbers of writes; of several keys by ``+``.

    lost             acknowledged, and not there
    duplicated       there more often than anything explains
    reordered        acknowledged, and before one that was acknowledged earlier
    foreign          elements that nobody sent
    retried          there once more, because the client repeated a try that had got no answer
    unknown          without an acknowledgement, though they may have been applied
    unknown_applied  of these, the ones that are there
    late             of these, the ones that are there behind a later write
    replicated       acknowledged, and WAIT said that all replicas have it
    lost_replicated  of these, the ones that are lost; ``lost`` counts them too
    """

    acknowledged: int = 0
    lost: int = 0
    duplicated: int = 0
    reordered: int = 0
    foreign: int = 0
    retried: int = 0
    unknown: int = 0
    unknown_applied: int = 0
    late: int = 0
    replicated: int = 0
    lost_replicated: int = 0
    faults: tuple[str, ...] = ()

    def __add__(self, other: Account) -> Account:
        names = [field.name for field in fields(self)]
        return Account(**{name: getattr(self, name) + getattr(other, name) for name in names})


def of_counter(key: str, writes: Sequence[Operation], found: int) -> Account:
    """By the replies. Each must be above the one before, and each step of more than one needs an explanation.

    The explanations are the tries without an answer so far, of this write and of earlier ones, each good for one. What
    the client repeated and what nobody knows cannot be told apart in a number; the repeated are used up last.

    A counter only rises. So where it is seen below the reply of a write, that write is lost, and those after it.
    """
    before, unknown, repeated = 0, 0, 0
    total = _sent(writes)
    replicated: list[int] = []
    for write in writes:
        if not write.acknowledged:
            unknown += write.unanswered
            continue
        repeated += write.unanswered
        reply = write.reply or 0
        step, before = _step(key, f"write {write.number} was answered", before, reply, unknown, repeated)
        total, unknown, repeated = _take(total, step, unknown, repeated)
        gone, replicated = _below(key, reply - 1, replicated)
        total += gone
        if write.replicated:
            replicated.append(reply)
    step, _left = _step(key, "is in the end", before, found, unknown, repeated, expected=0)
    return _take(total, step, unknown, repeated)[0] + _below(key, found, replicated)[0]


def _below(key: str, value: int, replies: list[int]) -> tuple[Account, list[int]]:
    """What is lost of the replicated writes, by their replies, where the counter is seen at ``value``; and the rest."""
    gone = [reply for reply in replies if reply > value]
    faults = (f"{key}: was {value} after WAIT had said that all replicas are at {gone[-1]}",) if gone else ()
    return Account(lost_replicated=len(gone), faults=faults), [reply for reply in replies if reply <= value]


def _step(
    key: str, what: str, before: int, now: int, unknown: int, repeated: int, expected: int = 1
) -> tuple[Account, int]:
    more = now - before - expected
    if more < 0:
        return Account(lost=-more, faults=(f"{key}: {what} {now} after {before}, {-more} lost",)), now
    of_unknown = min(more, unknown)
    of_repeated = min(more - of_unknown, repeated)
    rest = more - of_unknown - of_repeated
    faults = (f"{key}: {what} {now} after {before}, {rest} without an explanation",) if rest else ()
    return Account(unknown_applied=of_unknown, retried=of_repeated, duplicated=rest, faults=faults), now


def _take(total: Account, step: Account, unknown: int, repeated: int) -> tuple[Account, int, int]:
    return total + step, unknown - step.unknown_applied, repeated - step.retried


def of_list(key: str, writes: Sequence[Operation], found: Sequence[str]) -> Account:
    """Element by element: each says which write it is, so nothing is hidden but a retry of an unknown write."""
    total = _sent(writes)
    times = Counter(found)
    for write in writes:
        total += _of_element(key, write, times.pop(str(write.number), 0))
    if times:
        named = ", ".join(list(times)[:5])
        total += Account(foreign=times.total(), faults=(f"{key}: holds what nobody sent: {named}",))
    return total + _order(key, writes, found)


def _of_element(key: str, write: Operation, times: int) -> Account:
    if write.acknowledged and not times:
        seen = ", and WAIT said that all replicas have it" if write.replicated else ""
        fault = f"{key}: write {write.number} was acknowledged and is not there{seen}"
        return Account(lost=1, lost_replicated=int(write.replicated), faults=(fault,))
    known = 1 if write.acknowledged else min(1, write.unanswered)
    allowed = write.unanswered + write.acknowledged
    extra = max(times - known, 0)
    explained = min(extra, allowed - known)
    rest = extra - explained
    faults = (f"{key}: write {write.number} is there {times} times, {rest} without an explanation",) if rest else ()
    applied = 0 if write.acknowledged else min(times, known)
    return Account(unknown_applied=applied, retried=explained, duplicated=rest, faults=faults)


def _order(key: str, writes: Sequence[Operation], found: Sequence[str]) -> Account:
    """Where each element is first. Only what was acknowledged must be in order, for only that was over in time."""
    acknowledged = {str(write.number): write.acknowledged for write in writes}
    highest_acknowledged = highest = reordered = late = 0
    faults = []
    for element in dict.fromkeys(found):
        if element not in acknowledged:
            continue
        number = int(element)
        if not acknowledged[element]:
            late += number < highest
        elif number < highest_acknowledged:
            reordered += 1
            faults.append(f"{key}: write {number} is behind the later write {highest_acknowledged}")
        else:
            highest_acknowledged = number
        highest = max(highest, number)
    return Account(reordered=reordered, late=late, faults=tuple(faults))


def _sent(writes: Sequence[Operation]) -> Account:
    """A write that failed with an answer to each try was not applied, so nothing about it is unknown."""
    acknowledged = [write.acknowledged for write in writes]
    unknown = sum(not write.acknowledged and write.unanswered > 0 for write in writes)
    return Account(
        acknowledged=sum(acknowledged), unknown=unknown, replicated=sum(write.replicated for write in writes)
    )
