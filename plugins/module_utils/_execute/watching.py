# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One module's work on a master that Sentinels watch: observing it, and telling one process something. PRIVATE to the
collection."""

from __future__ import annotations

from typing import Any, Protocol

from ansible_collections.k8sredis.core.plugins.module_utils._execute.wait import REAL, Clock
from ansible_collections.k8sredis.core.plugins.module_utils._model import Member, Node, Step
from ansible_collections.k8sredis.core.plugins.module_utils._model_sentinel import Sentinel, Watch
from ansible_collections.k8sredis.core.plugins.module_utils._observe import sentinel
from ansible_collections.k8sredis.core.plugins.module_utils._observe.redis import Clients, Command


class Group(Protocol):
    """Servers or Sentinels: Pods or Endpoints."""

    def members(self) -> tuple[Member, ...]: ...

    def connect(self, member: Member, timeout: float | None = None) -> Any: ...


class Watching:
    def __init__(self, servers: Group, sentinels: Group, master_name: str, clock: Clock = REAL) -> None:
        self.clock = clock
        self.done: list[Step] = []
        """Steps that were executed, in order."""
        self._groups = servers, sentinels
        self._clients = Clients(servers.connect), Clients(sentinels.connect)
        self._master_name = master_name

    def observe(self) -> Watch:
        members, watchers = (group.members() for group in self._groups)
        return sentinel.observe(*self._clients, members, watchers, self._master_name)

    def tell(self, one: Node | Sentinel, *commands: Command) -> list[Any]:
        """Replies in the order of the commands; the caller judges them."""
        clients = self._clients[isinstance(one, Sentinel)]
        return clients.send({one.member: list(commands)})[one.name]

    def close(self) -> None:
        for clients in self._clients:
            clients.close()
