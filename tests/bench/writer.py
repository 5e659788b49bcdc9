# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One client that increments counters in all slots, and how long each increment took.

``python -m tests.bench.writer HOST PORT``: runs until its stdin ends, then writes JSON: ``[[at, seconds], ...]``.
"""

from __future__ import annotations

import json
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from redis.cluster import RedisCluster

from tests.environment import CHECKOUT
from tests.loopback import Process

KEYS = 4000


@dataclass
class Felt:
    """``before`` and ``during`` the move: seconds of each write."""

    before: list[float] = field(default_factory=list)
    during: list[float] = field(default_factory=list)


def p99(seconds: list[float]) -> float:
    return sorted(seconds)[int(len(seconds) * 0.99)]


@contextmanager
def writing(member: Process, base: float) -> Iterator[Felt]:
    """Writes for ``base`` seconds before the body, and during it."""
    felt = Felt()
    command = [sys.executable, "-m", "tests.bench.writer", member.host, str(member.port)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=CHECKOUT) as process:
        time.sleep(base)
        began = time.time()
        try:
            yield felt
        finally:
            said, _nothing = process.communicate()
    for at, seconds in json.loads(said):
        (felt.during if at >= began else felt.before).append(seconds)


def increment(client: RedisCluster, key: str) -> None:
    """redis-py 8.1 fails by itself on an ASK to a node of which it has not heard yet, before it sends anything there;
    what it then takes to learn of it counts as part of the write."""
    while True:
        try:
            client.incr(key)
        except AttributeError:
            client.nodes_manager.initialize()
        else:
            return


def main() -> None:
    client = RedisCluster(host=sys.argv[1], port=int(sys.argv[2]))
    felt = []
    number = 0
    for key in range(KEYS):
        client.incr(f"counter:{key}")  # Connections and the table of slots are there before anything is measured.
    while not select.select([sys.stdin], [], [], 0)[0]:
        began = time.time()
        increment(client, f"counter:{number % KEYS}")
        felt.append((began, time.time() - began))
        number += 1
    json.dump(felt, sys.stdout)


if __name__ == "__main__":
    main()
