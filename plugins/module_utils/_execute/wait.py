# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The only loop that sleeps. PRIVATE to the collection."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

Value = TypeVar("Value")


@dataclass(frozen=True)
class Clock:
    """Time as an argument, so that tests need no sleep. ``date`` is Unix time, which means something to other runs."""

    now: Callable[[], float] = field(default=time.monotonic)
    sleep: Callable[[float], None] = field(default=time.sleep)
    date: Callable[[], float] = field(default=time.time)


REAL = Clock()


def until(
    look: Callable[[], Value],
    done: Callable[[Value], bool],
    timeout: float,
    interval: float = 0.05,
    clock: Clock = REAL,
) -> Value:
    """Looks every ``interval`` seconds until ``done`` or ``timeout`` seconds are over; the last look.

    The caller judges what it gets: only it can say in words what was still missing.
    """
    deadline = clock.now() + timeout
    while True:
        seen = look()
        if done(seen) or clock.now() >= deadline:
            return seen
        clock.sleep(interval)


def pause(seconds: float, clock: Clock = REAL) -> None:
    """Does nothing for a while, as a throttle does."""
    if seconds > 0:
        clock.sleep(seconds)
