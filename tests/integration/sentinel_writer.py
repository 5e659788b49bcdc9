# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An application that asks the Sentinels for the master, and notes what was acknowledged."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from redis import Redis
from redis.exceptions import RedisError

from tests.integration.pod_process import eventually
from tests.integration.sentinel_pods import APPLICATION, SentinelInstance, ServerPod


class SentinelWriter:
    """``replicas``: as many have to acknowledge a write too, by WAIT."""

    def __init__(self, made: SentinelInstance, replicas: int) -> None:
        self.made, self.replicas = made, replicas
        self.number = 0
        self.acknowledged: set[int] = set()
        self.ended = threading.Event()

    def run(self) -> None:
        """Another Sentinel, and so maybe another master, whenever something goes wrong."""
        while not self.ended.is_set():
            for sentinel in self.made.sentinels:
                address = sentinel.names() if sentinel.answers() else ""
                if address:
                    self._write_to(address)
                time.sleep(0.05)

    def _write_to(self, address: str) -> None:
        with Redis(host=address, port=self.made.port, password=APPLICATION, socket_timeout=5) as client:
            try:
                while not self.ended.is_set():
                    self.number += 1
                    client.rpush("written", self.number)
                    if self.replicas and client.wait(self.replicas, 2000) < self.replicas:
                        return
                    self.acknowledged.add(self.number)
            except RedisError:
                pass

    def wait_for_more(self) -> None:
        wanted = len(self.acknowledged) + 200
        assert eventually(lambda: len(self.acknowledged) >= wanted), self.made.trouble()


@contextmanager
def writing(made: SentinelInstance, replicas: int = 0) -> Iterator[SentinelWriter]:
    writer = SentinelWriter(made, replicas)
    thread = threading.Thread(target=writer.run)
    thread.start()
    try:
        writer.wait_for_more()
        yield writer
    finally:
        writer.ended.set()
        thread.join()


def lost(writer: SentinelWriter, master: ServerPod) -> set[int]:
    """What was acknowledged and is not there. What broke off may be there all the same."""
    stored = {int(each) for each in master.ask("LRANGE", "written", "0", "-1", user="default")}
    return writer.acknowledged - stored
