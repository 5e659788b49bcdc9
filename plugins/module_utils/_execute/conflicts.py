# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keys that both sides of a move have. PRIVATE to the collection.

A MIGRATE whose answer was lost leaves its keys on both sides. While the source lives on it answers for them, and
clients change its copy only. But a source that was restarted from an older file, or whose replica was promoted, may
have keys again that had gone, and clients may have written to either copy since. So:
1. Before slots are opened the source is given a script that names it and its config epoch. Scripts are forgotten by a
   process that ends, and replicas do not get them: who has it is the very process that opened the slots.
2. Both values are dumped and compared. Equal, or gone meanwhile on one side: the source's is moved over the target's.
3. Different, and the source is that very process: the source's is moved over the target's.
4. Different otherwise: only a person can tell. The answer is an error with the key, or what ``winner`` says.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from ansible_collections.k8sredis.core.plugins.module_utils._execute.route import Route, migrate
from ansible_collections.k8sredis.core.plugins.module_utils._execute.session import Session
from ansible_collections.k8sredis.core.plugins.module_utils._model import Node, Refused, Retryable
from ansible_collections.k8sredis.core.plugins.module_utils._observe.redis import Command, is_error

SOURCE, TARGET = "source", "target"


def _mark(source: Node) -> str:
    return f"-- slots of {source.id} are moved, config epoch {source.myself.epoch}"


class Conflicts:
    """``winner``: source, target, or empty when nobody has chosen."""

    def __init__(self, session: Session, winner: str = "") -> None:
        self._session = session
        self._winner = winner

    def mark(self, source: Node) -> None:
        """Step 1."""
        self._ask(source, [("SCRIPT", "LOAD", _mark(source))])

    def _is_marked(self, source: Node) -> bool:
        digest = hashlib.sha1(_mark(source).encode(), usedforsecurity=False).hexdigest()
        return bool(self._ask(source, [("SCRIPT", "EXISTS", digest)])[0][0])

    def settle(self, route: Route, slot: int, keys: Sequence[bytes]) -> None:
        """Moves these keys one by one, wherever they are."""
        for key in keys:
            here = self._dump(route.source, key)
            there = self._dump(route.target, key)
            if here is None:
                continue
            if there is None or here == there or self._winner == SOURCE or self._is_marked(route.source):
                self._move(route, key, len(here))
            elif self._winner == TARGET:
                self._adopt(route, key)
                self._move(route, key, len(there))
            else:
                raise Refused(
                    f"Cannot move key '{key.decode('utf-8', 'replace')}' of slot {slot}: {route.source.name} and "
                    f"{route.target.name} both have it with different values, so a failover came between; look at both "
                    "and say which is right by conflict_winner (source or target)."
                )

    def _dump(self, node: Node, key: bytes) -> bytes | None:
        # ASKING: a node answers for a slot that it imports only when told so; where it serves the slot it is harmless.
        reply = self._ask(node, [("ASKING",), ("DUMP", key)])[1]
        return None if reply is None else bytes(reply)

    def _move(self, route: Route, key: bytes, size: int) -> None:
        self._migrate(route.source, route.target, key, size, "REPLACE")

    def _adopt(self, route: Route, key: bytes) -> None:
        """The target's value over the source's, so that it can be moved like any other: no DEL is needed for it."""
        self._migrate(route.target, route.source, key, 0, "COPY", "REPLACE")

    def _migrate(self, source: Node, target: Node, key: bytes, size: int, *options: str) -> None:
        command = migrate(target, self._session.target.login, [key], size, *options)
        self._ask(source, [("ASKING",), command])

    def _ask(self, node: Node, commands: Sequence[Command]) -> list[Any]:
        replies = self._session.patient.send({node.member: commands}, raw=True)[node.name]
        failed = next((reply for reply in replies if is_error(reply)), None)
        if failed is not None:
            raise Retryable(f"Cannot compare a key on {node.name}: it answered '{failed}'; run again.")
        return replies
