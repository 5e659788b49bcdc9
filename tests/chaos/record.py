# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run leaves in its folder beside the logs of its clients, and is judged by afterwards. Pure but for reading.

run.json                     the record below
<client>-write.jsonl         operations, see operations.py; also <client>-read.jsonl
<client>-write.stderr        what the client's process complained about
found.json                   what was read back from the masters
verdict.json, timeline.svg   the end
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.chaos.operations import READ, Operation, read_log
from tests.chaos.plan import SLOTS, Plan


@dataclass(frozen=True)
class Mark:
    """From ``at`` on, the operation is at this step."""

    at: float
    text: str


@dataclass(frozen=True)
class Slots:
    """``first`` to ``last``, owned by the master at ``owner``."""

    first: int
    last: int
    owner: str


@dataclass(frozen=True)
class Run:
    """``began`` and ``ended`` bound the time in which the clients were to work; ``owners`` is of the start.

    ``gone``: processes that were not there any more when they were to stop.
    """

    plan: Plan
    clients: tuple[str, ...]
    began: float
    ended: float
    owners: tuple[Slots, ...]
    marks: tuple[Mark, ...] = ()
    started: str = ""
    gone: tuple[str, ...] = ()

    @property
    def shards(self) -> dict[str, str]:
        """Names of the shards of the start by the addresses of their masters, in the order of their slots."""
        names: dict[str, list[str]] = {}
        for slots in sorted(self.owners, key=lambda slots: slots.first):
            names.setdefault(slots.owner, []).append(f"{slots.first}-{slots.last}")
        return {owner: f"{some[0]} +{len(some) - 1}" if some[1:] else some[0] for owner, some in names.items()}

    def shard_of_each_slot(self) -> list[str]:
        names = self.shards
        of_slot = ["nobody"] * SLOTS
        for slots in self.owners:
            of_slot[slots.first : slots.last + 1] = [names[slots.owner]] * (slots.last - slots.first + 1)
        return of_slot


@dataclass(frozen=True)
class Found:
    """A counter's number and a list's elements; 0 and () where there is no such key."""

    counters: Mapping[str, int]
    lists: Mapping[str, Sequence[str]]
    owners: tuple[Slots, ...] = ()


def log_path(folder: Path, client: str, verb: str) -> Path:
    return folder / f"{client}-{verb}.jsonl"


def write_run(folder: Path, run: Run) -> None:
    (folder / "run.json").write_text(json.dumps(asdict(run), indent=1), encoding="utf-8")


def read_run(folder: Path) -> Run:
    values = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    return Run(
        plan=Plan(**values.pop("plan")),
        clients=tuple(values.pop("clients")),
        owners=slots_from(values.pop("owners")),
        marks=tuple(Mark(**mark) for mark in values.pop("marks")),
        gone=tuple(values.pop("gone")),
        **values,
    )


def read_found(folder: Path) -> Found:
    values = json.loads((folder / "found.json").read_text(encoding="utf-8"))
    return Found(values["counters"], values["lists"], slots_from(values["owners"]))


def slots_from(values: Sequence[Mapping[str, Any]]) -> tuple[Slots, ...]:
    return tuple(Slots(**some) for some in values)


def read_operations(folder: Path, run: Run) -> list[Operation]:
    """Those of all clients, in the order of sending."""
    logs = [log_path(folder, client, verb) for client in run.clients for verb in ("write", "read")]
    return sorted((one for log in logs for one in read_log(log)), key=lambda one: one.sent)


def writes_of(operations: Sequence[Operation]) -> list[Operation]:
    return [one for one in operations if one.verb != READ]


def reads_of(operations: Sequence[Operation]) -> list[Operation]:
    return [one for one in operations if one.verb == READ]
