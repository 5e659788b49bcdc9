# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One module's work on a master that Sentinels watch: observing it, and telling one process something. PRIVATE to the
collection."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any, Protocol

from ansible_collections.k8sredis.core.plugins.module_utils._decide import sentinel_departure
from ansible_collections.k8sredis.core.plugins.module_utils._execute import wait
from ansible_collections.k8sredis.core.plugins.module_utils._execute.session import absent
from ansible_collections.k8sredis.core.plugins.module_utils._execute.wait import REAL, Clock
from ansible_collections.k8sredis.core.plugins.module_utils._model import Member, Node, Plan, Retryable, Step
from ansible_collections.k8sredis.core.plugins.module_utils._model_sentinel import Sentinel, Watch
from ansible_collections.k8sredis.core.plugins.module_utils._observe import sentinel
from ansible_collections.k8sredis.core.plugins.module_utils._observe.redis import Clients, Command

TICK = 0.25
"""Seconds between two looks at everything."""


class Group(Protocol):
    """Servers or Sentinels: Pods or Endpoints."""

    def members(self) -> tuple[Member, ...]: ...

    def connect(self, member: Member, timeout: float | None = None) -> Any: ...

    def not_made(self, name: str) -> str: ...


class Watching:
    def __init__(
        self,
        servers: Group,
        sentinels: Group,
        master_name: str,
        clock: Clock = REAL,
        expected: tuple[Sequence[str], Sequence[str]] = ((), ()),
        leaving: Collection[str] = (),
    ) -> None:
        """``expected``: names of the servers and of the Sentinels that are to be there; who is not is absent.
        ``leaving``: of those among them that are to leave."""
        self.clock = clock
        self.guard: Callable[[], None] = lambda: None
        """Called before each step; raises when the instance's lock is not ours any more."""
        self.done: list[Step] = []
        """Steps that were executed, in order."""
        self._groups = servers, sentinels
        self._expected, self._leaving = expected, leaving
        self._clients = Clients(servers.connect), Clients(sentinels.connect)
        self._master_name = master_name

    def observe(self) -> Watch:
        members, watchers = map(self._members, self._groups, self._expected)
        watch = sentinel.observe(*self._clients, members, watchers, self._master_name)
        return sentinel_departure.remaining(watch, self._leaving)

    @staticmethod
    def _members(group: Group, expected: Sequence[str]) -> list[Member]:
        found = group.members()
        names = {member.name for member in found}
        return [*found, *(absent(name) for name in expected if name not in names)]

    def not_made(self, name: str) -> str:
        """Kubernetes' words on why it makes no pod of that name; one group knows them of all pods of an instance."""
        return self._groups[0].not_made(name)

    def decided(self, plan: Callable[[Watch], Plan], timeout: float) -> tuple[Watch, Step | None]:
        """What was seen, and the first step that it calls for. What passes (Retryable) is waited for, then raised."""

        def look() -> tuple[Watch, Step | None, Retryable | None]:
            watch = self.observe()
            try:
                steps = plan(watch).steps
            except Retryable as error:
                return watch, None, error
            return watch, steps[0] if steps else None, None

        watch, step, why = wait.until(look, lambda seen: seen[2] is None, timeout, TICK, self.clock)
        if why is not None:
            raise why
        return watch, step

    def prove(self, missing: Callable[[Watch], str], timeout: float, deed: str) -> Watch:
        """Looks until ``missing`` says nothing any more; raises Retryable with its last words."""

        def look() -> tuple[Watch, str]:
            watch = self.observe()
            return watch, missing(watch)

        watch, left = wait.until(look, lambda seen: not seen[1], timeout, TICK, self.clock)
        if left:
            raise Retryable(
                f"Cannot prove within {timeout:.0f} s that {deed}: {left}; see 'sentinel_info' and run again."
            )
        return watch

    def tell(self, one: Node | Sentinel, *commands: Command) -> list[Any]:
        """Replies in the order of the commands; the caller judges them."""
        clients = self._clients[isinstance(one, Sentinel)]
        return clients.send({one.member: list(commands)})[one.name]

    def close(self) -> None:
        for clients in self._clients:
            clients.close()
