# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What there is of a master, its replicas and the Sentinels that watch them. Frozen values, standard library only;
PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ansible_collections.k8sredis.core.plugins.module_utils._model import Member, Node

Fields = Mapping[str, str]


@dataclass(frozen=True)
class Peer:
    """What a Sentinel says of a server or of another Sentinel, as in SENTINEL MASTER, REPLICAS and SENTINELS."""

    host: str
    """Address or name, as the Sentinel knows it."""
    port: int
    id: str = ""
    """Its run id; of a Sentinel the lasting one that SENTINEL MYID says."""
    flags: frozenset[str] = frozenset()
    fields: Fields = field(default_factory=dict)
    """All that was said."""

    def number(self, name: str) -> int:
        """An integer field, 0 when it is not there."""
        text = self.fields.get(name, "0")
        return int(text) if text.removeprefix("-").isdecimal() else 0


@dataclass(frozen=True)
class Sentinel:
    """What one Sentinel said of itself and of the master of that name, or why it could not be asked."""

    member: Member
    error: str = ""
    """Why there is no answer; then every other field has its default."""
    id: str = ""
    info: Fields = field(default_factory=dict)
    master: Peer | None = None
    """None: it does not watch a master of that name."""
    replicas: tuple[Peer, ...] = ()
    others: tuple[Peer, ...] = ()
    """The other Sentinels that it knows."""
    no_quorum: str = ""
    """The words of CKQUORUM; empty when quorum and majority can be had."""

    @property
    def name(self) -> str:
        return self.member.name

    @property
    def answers(self) -> bool:
        return not self.error

    @property
    def in_tilt(self) -> bool:
        """It distrusts its own clock, and does nothing for 30 s."""
        return self.info.get("sentinel_tilt", "0") == "1"


@dataclass(frozen=True)
class Watch:
    """Servers and Sentinels of one instance, observed at about the same time, each in name order."""

    master_name: str
    """By which the Sentinels know the master."""
    servers: tuple[Node, ...] = ()
    sentinels: tuple[Sentinel, ...] = ()
    leaving: frozenset[str] = frozenset()
    """Names of those that are to leave; who of them does not answer is not among the others."""

    @property
    def answering(self) -> tuple[Node, ...]:
        return tuple(server for server in self.servers if server.answers)

    @property
    def watching(self) -> tuple[Sentinel, ...]:
        """Sentinels that answer and watch the master."""
        return tuple(sentinel for sentinel in self.sentinels if sentinel.master is not None)

    @property
    def processes(self) -> tuple[Node | Sentinel, ...]:
        return (*self.servers, *self.sentinels)

    @property
    def pods(self) -> dict[str, list[Node | Sentinel]]:
        """What each pod has, by its name: a server, a Sentinel, or both, then the server first. An endpoint has one."""
        found: dict[str, list[Node | Sentinel]] = {}
        for each in self.processes:
            found.setdefault(each.name, []).append(each)
        return found

    def process(self, name: str) -> Node | Sentinel | None:
        """Of a pod that has both, the server."""
        return next((each for each in self.processes if each.name == name), None)

    def server(self, name: str) -> Node | None:
        return next((server for server in self.servers if server.name == name), None)

    def sentinel(self, name: str) -> Sentinel | None:
        return next((sentinel for sentinel in self.sentinels if sentinel.name == name), None)
