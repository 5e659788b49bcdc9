# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting, with time that passes only while it sleeps."""

from __future__ import annotations

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._execute import wait

from tests.unit.stand_ins.clock import FakeClock

WAITS = [
    ("what is there at once is not waited for", 0.0, 10.0, 1, 0.0),
    ("until it comes", 3.0, 10.0, 4, 3.0),
    ("one last look when the time is over", 99.0, 10.0, 11, 10.0),
    ("no time is one look", 99.0, 0.0, 1, 0.0),
]


@pytest.mark.parametrize(
    ("after", "timeout", "looks", "slept"), [row[1:] for row in WAITS], ids=[row[0] for row in WAITS]
)
def test_until(after: float, timeout: float, looks: int, slept: float) -> None:
    time = FakeClock()
    begin, seen = time.time, []

    def look() -> float:
        seen.append(time.time - begin)
        return seen[-1]

    last = wait.until(look, lambda passed: passed >= after, timeout, 1.0, time.clock)
    assert (last, len(seen), sum(time.slept)) == (seen[-1], looks, slept)


def test_the_real_clock_sleeps() -> None:
    before = wait.REAL.now()
    wait.REAL.sleep(0.001)
    assert wait.REAL.now() > before
