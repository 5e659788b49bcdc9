# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One module's work on one instance: observing it, and sending it a plan. PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import groupby
from typing import Any, Protocol

from ansible_collections.k8sredis.core.plugins.module_utils._execute.wait import REAL, Clock
from ansible_collections.k8sredis.core.plugins.module_utils._model import (
    Fatal,
    Member,
    Node,
    Plan,
    Retryable,
    Step,
    View,
)
from ansible_collections.k8sredis.core.plugins.module_utils._observe.redis import Clients, Command, is_error, observe

NO_POD = "its pod does not exist"


class Target(Protocol):
    """Pods or Endpoints."""

    def members(self) -> tuple[Member, ...]: ...

    def connect(self, member: Member) -> Any: ...

    def not_made(self, name: str) -> str: ...


class Session:
    """``expected``: names of the members that the wish names; those not found are in each view as absent.
    ``guard``: called before every change, raises when the lock was lost. ``settings``: what is observed beside the
    usual ones."""

    def __init__(
        self,
        target: Target,
        expected: Iterable[str] = (),
        guard: Callable[[], None] = lambda: None,
        clock: Clock = REAL,
        settings: Iterable[str] = (),
    ) -> None:
        self.target = target
        self.expected = tuple(expected)
        self.guard = guard
        self.clock = clock
        self.settings = tuple(settings)
        self.clients = Clients(target.connect)
        self.done: list[Step] = []
        """Steps that were executed, in order."""

    def observe(self) -> View:
        """Every member found, and every member expected, at about the same time."""
        members = list(self.target.members())
        found = {member.name for member in members}
        members += [absent(name) for name in self.expected if name not in found]
        return observe(self.clients, members, self.settings)

    def not_made(self, names: Iterable[str]) -> dict[str, str]:
        """Kubernetes' words on why it makes no pod of that name, for the first of those of which it says any."""
        for name in names:
            if words := self.target.not_made(name):
                return {name: words}
        return {}

    def execute(self, view: View, plan: Plan) -> None:
        """Sends a plan; steps of one kind go to all nodes at once, the next kind when all have answered."""
        for _kind, steps in groupby(plan.steps, key=lambda step: step.kind):
            self._send(view, list(steps))

    def tell(self, view: View, commands: Mapping[str, Iterable[Command]]) -> dict[str, list[Any]]:
        """Sends commands by member name; the caller judges the replies."""
        self.guard()
        return self.clients.send({self._node(view, name).member: list(words) for name, words in commands.items()})

    def confirm(self, view: View) -> None:
        """Raises Retryable when an address now belongs to another pod than the one that was asked for its id."""
        now = {(member.name, member.uid): {member.host, *member.addresses} for member in self.target.members()}
        for node in view.answering:
            if node.member.host not in now.get((node.name, node.member.uid), ()):
                raise Retryable(f"Cannot join {node.name}: its pod or address changed meanwhile; run again.")

    def close(self) -> None:
        self.clients.close()

    def _send(self, view: View, steps: list[Step]) -> None:
        silent = [step.subject for step in steps if not step.commands]
        if silent:
            raise Retryable(f"Cannot {steps[0].kind} {silent[0]}: {self._node(view, silent[0]).error}; run again.")
        if steps[0].kind == "meet":
            self.confirm(view)
        replies = self.tell(view, {step.subject: step.commands for step in steps})
        self.done += [step for step in steps if step not in self.done]
        for step in steps:
            refused = next((reply for reply in replies[step.subject] if is_error(reply)), None)
            if isinstance(refused, Retryable):
                raise Retryable(
                    f"Cannot tell whether '{step.text}' was done: {step.subject} broke off ({refused}); run again."
                )
            if refused is not None:
                raise Fatal(
                    f"Cannot bring about '{step.text}': {step.subject} answered '{refused}'; see 'cluster_info'."
                )

    def _node(self, view: View, name: str) -> Node:
        node = view.node(name)
        if node is None:
            raise Fatal(f"Cannot reach {name}: it is not a member.")
        return node


def absent(name: str) -> Member:
    """A member that the wish names and nobody has made yet: ``<instance>-<shard>-<ordinal>``."""
    parts = name.rsplit("-", 2)
    numbered = len(parts) == 3 and parts[1].isdigit() and parts[2].isdigit()
    return Member(
        name=name,
        shard=int(parts[1]) if numbered else None,
        ordinal=int(parts[2]) if numbered else None,
        waiting=NO_POD,
    )
