# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Time that passes only while somebody sleeps."""

from __future__ import annotations

from collections.abc import Callable

from ansible_collections.k8sredis.core.plugins.module_utils._execute.wait import Clock


class FakeClock:
    """``passing`` is called at each sleep, after the time has passed: what the rest of the world does meanwhile."""

    def __init__(self, *passing: Callable[[], None]) -> None:
        self.time = 100.0
        self.slept: list[float] = []
        self.passing = list(passing)
        self.clock = Clock(now=lambda: self.time, sleep=self._sleep, date=lambda: 1_700_000_000 + self.time)

    @property
    def passed(self) -> float:
        """Seconds slept in all."""
        return round(sum(self.slept), 3)

    def later(self, seconds: float, deed: Callable[[], object]) -> None:
        """Does it once, when so many seconds have been slept."""
        due = self.time + seconds

        def happen() -> None:
            if self.time >= due:
                self.passing.remove(happen)
                deed()

        self.passing.append(happen)

    def _sleep(self, seconds: float) -> None:
        self.time += seconds
        self.slept.append(seconds)
        for happen in list(self.passing):
            happen()
