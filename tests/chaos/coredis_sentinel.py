# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""coredis' client of a master that Sentinels name: its default settings but for times, and one of its faults mended.

It repeats nothing there (its Sentinel class has NoRetryPolicy), so each error stands for at most one application of the
write. Without times it would wait for a master that hangs for as long as TCP does; five seconds are those of redis-py.
It knows asyncio alone: one loop in a thread of its own serves the threads of the ledger, over connections that they
share, so that a WAIT would hold up others: its writes do without.
"""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from typing import Any

from coredis import Sentinel
from coredis.connection import SentinelManagedConnection, TCPLocation
from coredis.exceptions import PrimaryNotFoundError
from coredis.pool import SentinelConnectionPool

from tests.chaos.target import Target, addresses
from tests.chaos.waited import Waited

SECONDS = 5.0


class Pool(SentinelConnectionPool):
    """Takes back the place of a connection for which no Sentinel has named a master.

    coredis 6.9.0 loses it, and when all 64 are lost each command waits for ever. Applications that want to outlive such
    times start anew; a client that has stopped is no witness.
    """

    async def _construct_connection(self) -> SentinelManagedConnection:
        try:
            return await super()._construct_connection()
        except BaseException:
            self._available_connections.append_nowait(None)
            raise


class CoredisSentinel:
    def __init__(self, target: Target, replicas: int) -> None:
        del replicas
        self._loop = asyncio.new_event_loop()
        self._sentinel: Sentinel[Any]
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        connected: Future[Any] = Future()
        self._serving = asyncio.run_coroutine_threadsafe(self._serve(target, connected), self._loop)
        self._client = connected.result()

    async def _serve(self, target: Target, connected: Future[Any]) -> None:
        """Sentinel and master are used inside their contexts, which must be left by the task that entered them."""
        times: dict[str, Any] = {"stream_timeout": SECONDS, "connect_timeout": SECONDS}
        watched = target.watched
        try:
            sentinel = Sentinel(
                [TCPLocation(*address) for address in addresses(watched.seeds)],
                sentinel_kwargs={**watched.access, **times},
                decode_responses=True,
                **{**target.access, **times},
            )
            async with sentinel, sentinel.primary_for(watched.master_name, connection_pool_class=Pool) as master:
                self._sentinel = sentinel
                connected.set_result(master)
                await asyncio.Event().wait()
        except BaseException as error:
            if not connected.done():
                connected.set_exception(error)
            raise

    def _result(self, command: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(self._awaited(command), self._loop).result()

    async def _awaited(self, command: Any) -> Any:
        """After a time out coredis goes on with the same connections, also those to a machine that is gone. Here all of
        them are given up then, as its users can do, so that the next command asks a Sentinel, and over a new connection
        where the one that was asked before did not answer."""
        try:
            return await command
        except (TimeoutError, PrimaryNotFoundError) as error:
            asked = [self._client] if isinstance(error, TimeoutError) else self._sentinel.sentinels
            for each in asked:
                each.connection_pool.disconnect()
            raise

    def increment(self, key: str) -> int:
        return int(self._result(self._client.incr(key)))

    def append(self, key: str, element: str) -> int:
        return int(self._result(self._client.rpush(key, [element])))

    def read_counter(self, key: str) -> object:
        return self._result(self._client.get(key))

    def read_list(self, key: str) -> object:
        return self._result(self._client.lrange(key, -1, -1))

    def unanswered(self, *, acknowledged: bool) -> int:
        return 0 if acknowledged else 1

    def waited(self) -> Waited:
        return Waited()
