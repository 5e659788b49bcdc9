# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody who writes to every server of an instance all the time, whatever role it has: who takes it, and when.

A former master that its replicas have left takes writes until min-replicas-max-lag, the fence, is over.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from redis.exceptions import RedisError

from tests.e2e.sentinel_members import Pod, SentinelMembers

FENCE_SECONDS = 10.0
"""min-replicas-max-lag is the servers' own."""
SLACK_SECONDS = 5.0
"""Servers count in whole seconds, and look once a second; this one asks at most every half second."""
EVERY = 0.5


class Rivals:
    def __init__(self) -> None:
        self.taken: dict[str, list[float]] = {}
        """Times of acknowledged writes, by server."""
        self._over = threading.Event()

    def write(self, members: SentinelMembers, pod: Pod) -> None:
        times = self.taken.setdefault(pod["metadata"]["name"], [])
        while not self._over.wait(EVERY):
            try:
                answer = members.ask(pod, "SET", "rival", "1", login=members.application)
            except (RedisError, OSError):
                continue
            if answer == "OK":
                times.append(time.monotonic())

    def end(self) -> None:
        self._over.set()

    @property
    def together(self) -> float:
        """The longest time, in seconds, for which two servers took writes at the same time; below 0 if none did.

        A server that has taken none for longer than the fence is a former master; when it takes some again later it
        is one anew.
        """
        reigns = [reign for times in self.taken.values() for reign in _reigns(times)]
        pairs = [(one, other) for one in reigns for other in reigns if one is not other]
        return max((min(one[1], other[1]) - max(one[0], other[0]) for one, other in pairs), default=0.0)


def _reigns(times: list[float]) -> Iterator[tuple[float, float]]:
    began = ended = None
    for at in times:
        if began is None or ended is None or at - ended > FENCE_SECONDS:
            if began is not None and ended is not None:
                yield began, ended
            began = at
        ended = at
    if began is not None and ended is not None:
        yield began, ended


@contextmanager
def rivals(members: SentinelMembers) -> Iterator[Rivals]:
    """While the block runs; the servers' pods must stay the same."""
    watch = Rivals()
    threads = [threading.Thread(target=watch.write, args=(members, pod)) for pod in members.pods("server")]
    for thread in threads:
        thread.start()
    try:
        yield watch
    finally:
        watch.end()
        for thread in threads:
            thread.join()
