# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One client that increments a counter of one shard as fast as it can, and for how long it could not.

``python -m tests.bench.stall KEY ADDRESS ...``, the addresses of the shard's members as host:port: says ``writes``
after its first write, runs until its stdin ends, then writes the longest time between two answers in seconds.

It is as quick as a client can be: it has a connection to each member, follows MOVED at once, and where an address does
not answer it asks the next one. What a library adds to that is the library's.
"""

from __future__ import annotations

import select
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from typing import Protocol

from redis import Redis
from redis.exceptions import RedisError, ResponseError

from tests.environment import CHECKOUT

NOT_ANSWERED = 0.25
"""Seconds after which a member that says nothing is left for the next one."""

TICK = 0.001
"""Seconds between two tries while nobody takes the write."""


@dataclass
class Stall:
    """``seconds``: the longest time between two acknowledged writes; 0 while the block goes on."""

    seconds: float = 0.0


class Reached(Protocol):
    """A server, or a proxy in front of servers."""

    @property
    def endpoint(self) -> str: ...


@contextmanager
def felt(members: Sequence[Reached], key: str) -> Iterator[Stall]:
    """By a client of these members, which are one shard, during the body."""
    stall = Stall()
    command = [sys.executable, "-m", "tests.bench.stall", key, *(member.endpoint for member in members)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=CHECKOUT) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == "writes\n", "the client never wrote"
            yield stall
        finally:
            said, _nothing = process.communicate()
    stall.seconds = float(said)


def main() -> None:
    key, *addresses = sys.argv[1:]
    members = {address: _connection(address) for address in addresses}
    turns = cycle(addresses)
    at = next(turns)
    longest, answered = 0.0, 0.0
    while not select.select([sys.stdin], [], [], 0)[0]:
        try:
            members[at].incr(key)
        except ResponseError as error:
            at = _told(str(error), members) or next(turns)
            time.sleep(TICK)
        except (RedisError, OSError):
            at = next(turns)
            time.sleep(TICK)
        else:
            now = time.monotonic()
            if answered:
                longest = max(longest, now - answered)
            else:
                print("writes", flush=True)
            answered = now
    print(longest)


def _connection(address: str) -> Redis:
    host, _colon, port = address.rpartition(":")
    return Redis(
        host=host, port=int(port), socket_timeout=NOT_ANSWERED, socket_connect_timeout=NOT_ANSWERED, retry=None
    )


def _told(answer: str, members: dict[str, Redis]) -> str:
    """Where MOVED leads, when that is one of the members."""
    address = answer.rpartition(" ")[2]
    return address if answer.startswith("MOVED") and address in members else ""


if __name__ == "__main__":
    main()
