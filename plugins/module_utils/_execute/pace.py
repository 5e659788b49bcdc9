# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How fast slots move, and when to stop. PRIVATE to the collection.

- A source gets as many keys at once as its clients can bear. What it is sent at once it does in one go, so how long
  that takes, less what a PING takes, is how long any other client may have to wait.
- A throttle holds all transfers together to so many keys or bytes a second.
- A slice of work ends at its deadline, or when somebody asks for it, but never inside a batch.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from statistics import median

from ansible_collections.k8sredis.core.plugins.module_utils._execute import wait
from ansible_collections.k8sredis.core.plugins.module_utils._execute.wait import Clock

FEWEST_KEYS, FIRST_KEYS, MOST_KEYS = 32, 128, 1024
"""Keys on their way at once. A MIGRATE blocks its source for about 7 us a key."""

TOO_LONG, SHORT = 0.003, 0.0015
"""Seconds of a source's work at once from which on it gets fewer keys, and below which it gets more."""

WINDOW = 8
"""Measurements between two changes."""


class Throttle:
    """0 stands for no limit."""

    def __init__(self, keys_per_second: int, bytes_per_second: int, clock: Clock) -> None:
        self._rates = (keys_per_second, bytes_per_second)
        self._clock = clock
        self._lock = threading.Lock()
        self._free_at = clock.now()

    def pass_through(self, keys: int, size: int) -> None:
        """Waits until what was passed before has had its time, then books this."""
        cost = max((amount / rate for amount, rate in zip((keys, size), self._rates, strict=True) if rate), default=0.0)
        if not cost:
            return
        with self._lock:
            now = self._clock.now()
            start = max(now, self._free_at)
            self._free_at = start + cost
        wait.pause(start - now, self._clock)

    @property
    def keys(self) -> int:
        """Most keys at once, so that a throttle is felt as a stream and not as bursts."""
        return max(FEWEST_KEYS, self._rates[0] // 10) if self._rates[0] else MOST_KEYS


class Latency:
    """Keys at once for one source. The median of some measurements counts: a single one may have waited for this
    machine's own processor."""

    def __init__(self, most: int = MOST_KEYS) -> None:
        self._most = most
        self._pings: deque[float] = deque(maxlen=WINDOW)
        self._works: list[float] = []
        self.keys = min(FIRST_KEYS, most)

    @property
    def wants_ping(self) -> bool:
        """Before every few pieces of work."""
        return not self._pings or not self._works

    def note_ping(self, seconds: float) -> None:
        self._pings.append(seconds)

    def note_work(self, seconds: float, keys: int) -> None:
        """How long the source took for so many keys."""
        self._works.append(seconds - median(self._pings))
        if len(self._works) < WINDOW:
            return
        felt = median(self._works)
        self._works.clear()
        if felt > TOO_LONG:
            self.keys = max(FEWEST_KEYS, self.keys * 2 // 3)
        elif felt < SHORT and keys >= self.keys // 2:
            self.keys = min(self._most, self.keys * 5 // 4)


ANNOTATION = "k8sredis.io/moves"
"""On the Lease of an instance, by which a person tells a run to ``pause`` or to ``cancel``."""

PAUSE, CANCEL = "pause", "cancel"

ASK_EVERY = 1.0
"""Seconds between two looks at what a person wants."""


class Stop:
    """Whether to end at the next batch: the slice is over, the process was told to end (``asked``), or a person wants
    it, of which ``wanted`` tells PAUSE, CANCEL or nothing."""

    def __init__(self, seconds: float, clock: Clock, wanted: Callable[[], str] = lambda: "") -> None:
        self._clock = clock
        self._deadline = clock.now() + seconds if seconds else float("inf")
        self._wanted = wanted
        self._word, self._asked_at = "", float("-inf")
        self.asked = threading.Event()

    @property
    def is_over(self) -> bool:
        return self.asked.is_set() or self._clock.now() >= self._deadline

    @property
    def word(self) -> str:
        """PAUSE, CANCEL or nothing."""
        now = self._clock.now()
        if now - self._asked_at >= ASK_EVERY:
            self._word, self._asked_at = self._wanted(), now
        return self._word

    def __bool__(self) -> bool:
        return self.is_over or self.word in (PAUSE, CANCEL)
