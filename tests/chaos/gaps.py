# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long nothing succeeded, and how long what succeeded took. Pure; seconds since the start of the run."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tests.chaos.operations import Operation
from tests.chaos.plan import client_of, group_name, group_of, slot_of
from tests.chaos.record import Mark, Run, reads_of, writes_of

EVERYONE = "any client"
START = "start"
"""The phase before the first mark."""


@dataclass(frozen=True)
class Gap:
    """The longest time without a success at ``place``, and the phase in which it began.

    ``place`` is ``shard <slots>``: the slots that one master owned at the start, wherever they went later; or
    ``group <slots>``: a narrow range of slots that one thread of each client uses.
    """

    what: str
    place: str
    client: str
    began: float
    seconds: float
    phase: str


@dataclass(frozen=True)
class Latency:
    """Of the acknowledged writes that were sent in a phase, in milliseconds."""

    phase: str
    writes: int
    p50: float
    p99: float
    longest: float


def longest(times: Iterable[float], began: float, ended: float) -> tuple[float, float]:
    """Beginning and length of the longest interval between neighbours; the ends of the run are neighbours too."""
    inside = sorted(time for time in times if began <= time <= ended)
    gaps = [(before, after - before) for before, after in pairwise([began, *inside, ended])]
    return max(gaps, key=lambda gap: gap[1])


def find(run: Run, operations: Sequence[Operation]) -> list[Gap]:
    """One for each shard and client and for all clients together; for reads and for writes; and for each group."""
    return [
        *_of_kind(run, "write", writes_of(operations)),
        *_of_kind(run, "read", reads_of(operations)),
    ]


def _of_kind(run: Run, what: str, operations: Sequence[Operation]) -> Iterator[Gap]:
    shard_of = run.shard_of_each_slot()
    times: dict[tuple[str, str], list[float]] = {
        (f"shard {shard}", client): [] for shard in run.shards.values() for client in (EVERYONE, *run.clients)
    }
    groups = [f"group {group_name(group, run.plan.groups)}" for group in range(run.plan.groups)]
    times |= {(group, EVERYONE): [] for group in groups}
    for one in operations:
        if one.acknowledged and one.done is not None:
            slot = slot_of(one.key)
            shard, group = f"shard {shard_of[slot]}", groups[group_of(slot, run.plan.groups)]
            for key in ((shard, EVERYONE), (shard, client_of(one.key)), (group, EVERYONE)):
                times.setdefault(key, []).append(one.done)
    for (place, client), some in times.items():
        began, seconds = longest(some, run.began, run.ended)
        yield Gap(what, place, client, began - run.began, seconds, phase_at(run.marks, began))


def phase_at(marks: Sequence[Mark], time: float) -> str:
    passed = bisect_right([mark.at for mark in marks], time)
    return marks[passed - 1].text if passed else START


def latencies(run: Run, operations: Sequence[Operation]) -> list[Latency]:
    """First over all, then phase by phase; a phase without an acknowledged write is left out."""
    acknowledged = [
        (one.sent, (one.done - one.sent) * 1000) for one in writes_of(operations) if one.acknowledged and one.done
    ]
    phases: dict[int, list[float]] = {}
    starts = [mark.at for mark in run.marks]
    for sent, took in acknowledged:
        phases.setdefault(bisect_right(starts, sent), []).append(took)
    names = [START, *(mark.text for mark in run.marks)]
    every = [
        ("all", [took for _phase, took in acknowledged]),
        *((names[phase], phases[phase]) for phase in sorted(phases)),
    ]
    return [_latency(name, sorted(some)) for name, some in every if some]


def _latency(phase: str, took: Sequence[float]) -> Latency:
    return Latency(phase, len(took), percentile(took, 50), percentile(took, 99), took[-1])


def percentile(ordered: Sequence[float], percent: float) -> float:
    """The smallest value that so many per cent are not above."""
    return ordered[max(math.ceil(len(ordered) * percent / 100), 1) - 1]
