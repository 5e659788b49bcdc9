# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An application that counts: what it was told must be what is stored in the end."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from redis.cluster import RedisCluster
from redis.exceptions import RedisError

from tests.loopback import Process

COUNTERS = 60
"""Enough that each of a few shards has some."""

TURNS = 200
"""Increments that wait_for_more() waits for."""

DEADLINE = 120.0


@dataclass
class Writer:
    """Increments each counter in turn, over redis-py's own cluster client."""

    start: Process
    acknowledged: dict[str, int] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    turns: int = 0
    ended: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        with self.client() as client:
            while not self.ended.is_set():
                name = f"counter-{self.turns % COUNTERS}"
                try:
                    client.incr(name)
                    self.acknowledged[name] = self.acknowledged.get(name, 0) + 1
                except RedisError as error:
                    self.errors.append(f"{name}: {error}")
                self.turns += 1

    def wait_for_more(self) -> None:
        """It still writes, to all of its counters."""
        wanted, deadline = self.turns + TURNS, time.monotonic() + DEADLINE
        while self.turns < wanted:
            assert time.monotonic() < deadline, f"the writer stands still: {self.errors[-3:]}"
            time.sleep(0.01)

    def stored(self) -> dict[str, int]:
        with self.client() as client:
            return {name: int(client.get(name) or 0) for name in self.acknowledged}

    def client(self) -> RedisCluster:
        return RedisCluster(host=self.start.host, port=self.start.port, decode_responses=True, **self.start.access)


@contextmanager
def writing(start: Process) -> Iterator[Writer]:
    writer = Writer(start)
    thread = threading.Thread(target=writer.run)
    thread.start()
    try:
        writer.wait_for_more()
        yield writer
    finally:
        writer.ended.set()
        thread.join()
