# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a client did, one JSON line each: a write before it is sent and again with its outcome, a read with its outcome.

A line is one write to the operating system, so that what is in the log survives a killed client. Times are those of
the monotonic clock, which all processes of a machine share.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

INCREMENT = "INCR"
APPEND = "RPUSH"
READ = "read"


@dataclass(frozen=True, slots=True)
class Operation:
    """``number`` counts the writes of this key from 1, and is the element that a list gets.

    ``reply`` is there when the operation was acknowledged, ``error`` is what the client raised; without both nobody
    waited for the outcome. ``unanswered``: how often the command went out without that a server answered, at most,
    beside the one time that was acknowledged; the cluster may have applied each of them, now or later.
    ``replicated``: WAIT said, after the acknowledgement, that all replicas of the shard have the write too.
    """

    verb: str
    key: str
    number: int
    sent: float
    done: float | None = None
    reply: int | None = None
    error: str | None = None
    unanswered: int = 0
    replicated: bool = False

    @property
    def acknowledged(self) -> bool:
        return self.reply is not None


class Log:
    """To be used by many threads: the system keeps appended lines whole."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    def add(self, operation: Operation) -> None:
        os.write(self._file, (line_of(operation) + "\n").encode())


def line_of(operation: Operation) -> str:
    # By hand in part: asdict() takes longer than the write itself.
    head = (
        f'{{"verb":"{operation.verb}","key":"{operation.key}","number":{operation.number},"sent":{operation.sent:.6f}'
    )
    if operation.done is None:
        return head + "}"
    outcome = f'"reply":{operation.reply}' if operation.acknowledged else f'"error":{json.dumps(operation.error)}'
    replicated = ',"replicated":true' if operation.replicated else ""
    return f'{head},"done":{operation.done:.6f},{outcome},"unanswered":{operation.unanswered}{replicated}}}'


def read_log(path: Path) -> list[Operation]:
    with path.open(encoding="utf-8") as lines:
        return operations(lines)


def operations(lines: Iterable[str]) -> list[Operation]:
    """Each once, in the order of sending. A write of which only the sending is there may have been applied."""
    found: dict[tuple[str, int], Operation] = {}
    reads = []
    for values in _parsed(lines):
        operation = Operation(**values)
        if operation.verb == READ:
            reads.append(operation)
        elif operation.done is None:
            found.setdefault((operation.key, operation.number), Operation(**{**asdict(operation), "unanswered": 1}))
        else:
            found[operation.key, operation.number] = operation
    return sorted([*found.values(), *reads], key=lambda operation: operation.sent)


def _parsed(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Without a last line that a full disk cut off."""
    for line in lines:
        if line.endswith("\n"):
            yield json.loads(line)
