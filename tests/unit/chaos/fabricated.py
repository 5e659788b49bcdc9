# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logs that no client wrote."""

from __future__ import annotations

from tests.chaos.operations import APPEND, INCREMENT, READ, Operation
from tests.chaos.plan import Plan, keys
from tests.chaos.record import Mark, Run, Slots

KEY = "ledger:x:glide:counter:0"

PLAN = Plan("x", groups=4, counters=1, lists=1)
OWNERS = (Slots(0, 8191, "10.0.0.1:6379"), Slots(8192, 16383, "10.0.0.2:6379"))


def counted(number: int, reply: int, unanswered: int = 0, *, replicated: bool = False) -> Operation:
    done = number + 0.5
    return Operation(INCREMENT, KEY, number, number, done, reply, unanswered=unanswered, replicated=replicated)


def uncounted(number: int, unanswered: int = 1) -> Operation:
    return Operation(INCREMENT, KEY, number, number, number + 0.5, error="Timeout: no", unanswered=unanswered)


def appended(number: int, unanswered: int = 0, *, replicated: bool = False) -> Operation:
    done = number + 0.5
    return Operation(APPEND, KEY, number, number, done, number, unanswered=unanswered, replicated=replicated)


def unappended(number: int, unanswered: int = 1) -> Operation:
    return Operation(APPEND, KEY, number, number, number + 0.5, error="Timeout: no", unanswered=unanswered)


def a_run(*marks: Mark, began: float = 100.0, ended: float = 110.0) -> Run:
    return Run(PLAN, ("glide",), began, ended, OWNERS, marks, "2026-01-01T00:00:00")


def key_in(group: int, kind: int = 0) -> str:
    """The counter of a group of slots, of kind 1 its list."""
    return keys(PLAN, "glide")[group][kind].name


def acknowledged(key: str, done: float, took: float = 0.01, number: int = 1) -> Operation:
    return Operation(INCREMENT, key, number, done - took, done, reply=number)


def was_read(key: str, done: float) -> Operation:
    return Operation(READ, key, 1, done - 0.01, done, reply=1)
