# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run comes to: its account, its gaps, its errors. Pure."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from tests.chaos import account, gaps
from tests.chaos.account import Account
from tests.chaos.gaps import EVERYONE, Gap, Latency
from tests.chaos.operations import Operation
from tests.chaos.plan import COUNTER, client_of, keys
from tests.chaos.record import Found, Mark, Run, Slots, reads_of, writes_of

TEXTS = 40
"""Different errors that are told of each client; the rest are counted together."""


@dataclass(frozen=True, repr=False)
class Verdict:
    """``account`` is of all keys; ``errors`` are by client and text; ``faults`` of the account are whole sentences."""

    account: Account
    by_client: dict[str, Account]
    reads: int
    errors: dict[str, dict[str, int]]
    gaps: tuple[Gap, ...]
    latencies: tuple[Latency, ...]
    seconds: float
    started: str
    gone: tuple[str, ...]
    marks: tuple[Mark, ...]
    owners_before: tuple[Slots, ...]
    owners_after: tuple[Slots, ...]

    @property
    def lost(self) -> int:
        return self.account.lost

    @property
    def lost_replicated(self) -> int:
        return self.account.lost_replicated

    @property
    def duplicated(self) -> int:
        return self.account.duplicated

    @property
    def reordered(self) -> int:
        return self.account.reordered

    @property
    def clean(self) -> bool:
        """Nothing that a client was told turned out to be untrue, and all clients were there until the end."""
        return not (self.lost or self._untrue)

    @property
    def clean_but_plain_losses(self) -> bool:
        """What can be asked where a master dies with writes that no replica has: nothing is wrong but losses of which
        WAIT had promised nothing, and of other writes it did promise."""
        return self.account.replicated > 0 and not (self.lost_replicated or self._untrue)

    @property
    def _untrue(self) -> bool:
        """Beside losses."""
        return bool(self.duplicated or self.reordered or self.account.foreign or self.gone)

    def longest_gap(self, what: str = "write", place: str = "shard", client: str = EVERYONE) -> Gap:
        some = [gap for gap in self.gaps if (gap.what, gap.client) == (what, client) and gap.place.startswith(place)]
        return max(some, key=lambda gap: gap.seconds)

    def __repr__(self) -> str:
        """For people: a failed assertion shows it."""
        gaps_told = (self.longest_gap(), self.longest_gap(place="group"), self.longest_gap("read"))
        lines = [
            *_told(self.account, self.seconds),
            *(f"longest time without {_gap(gap)}" for gap in gaps_told),
            *(f"latency, {_latency(one)}" for one in self.latencies),
            *(f"{client}: {sum(texts.values())} errors" for client, texts in self.errors.items() if texts),
            *(f"{process} ended before its time" for process in self.gone),
            *self.account.faults[:10],
        ]
        return "\n".join(lines)

    def as_json(self) -> str:
        values = {"clean": self.clean, **asdict(self)}
        return json.dumps(values, indent=1, ensure_ascii=False) + "\n"


def _told(told: Account, seconds: float) -> Iterator[str]:
    yield f"{told.acknowledged} writes acknowledged in {seconds:.1f} s, {told.retried} there twice by a client's retry"
    yield f"{told.lost} lost, {told.duplicated} duplicated, {told.reordered} reordered, {told.foreign} foreign"
    yield f"{told.replicated} of them on all replicas by WAIT, {told.lost_replicated} of these lost"
    yield f"{told.unknown} writes of unknown outcome: {told.unknown_applied} are there, {told.late} of them late"


def _latency(one: Latency) -> str:
    return f"{one.phase}: p50 {one.p50:.1f}, p99 {one.p99:.1f}, max {one.longest:.0f} ms"


def _gap(gap: Gap) -> str:
    return (
        f"a {gap.what}: {gap.seconds * 1000:.0f} ms, {gap.place}, from {gap.began:.1f} s on, in the phase '{gap.phase}'"
    )


def judge(run: Run, operations: Sequence[Operation], found: Found) -> Verdict:
    by_client = {client: _account(run, client, operations, found) for client in run.clients}
    return Verdict(
        account=sum(by_client.values(), Account()),
        by_client=by_client,
        reads=sum(one.acknowledged for one in reads_of(operations)),
        errors={client: _errors(client, operations) for client in run.clients},
        gaps=tuple(gaps.find(run, operations)),
        latencies=tuple(gaps.latencies(run, operations)),
        seconds=run.ended - run.began,
        started=run.started,
        gone=run.gone,
        marks=tuple(Mark(mark.at - run.began, mark.text) for mark in run.marks),
        owners_before=run.owners,
        owners_after=found.owners,
    )


def _account(run: Run, client: str, operations: Sequence[Operation], found: Found) -> Account:
    writes: dict[str, list[Operation]] = {}
    for one in writes_of(operations):
        writes.setdefault(one.key, []).append(one)
    total = Account()
    for key in (key for group in keys(run.plan, client).values() for key in group):
        sent = writes.get(key.name, [])
        if key.kind == COUNTER:
            total += account.of_counter(key.name, sent, found.counters[key.name])
        else:
            total += account.of_list(key.name, sent, found.lists[key.name])
    return total


def _errors(client: str, operations: Sequence[Operation]) -> dict[str, int]:
    texts = Counter(one.error for one in operations if one.error is not None and client_of(one.key) == client)
    told = {str(text): number for text, number in texts.most_common(TEXTS)}
    rest = texts.total() - sum(told.values())
    return {**told, "others": rest} if rest else told
