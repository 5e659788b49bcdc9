# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One module's work on one instance: observing it, and sending it a plan. PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import groupby
from typing import Any, Protocol

from ansible_collections.k8sredis.core.plugins.module_utils._decide import departure
from ansible_collections.k8sredis.core.plugins.module_utils._execute.wait import REAL, Clock
from ansible_collections.k8sredis.core.plugins.module_utils._model import (
    NO_POD,
    Fatal,
    Member,
    Node,
    Plan,
    Retryable,
    Step,
    View,
    Wish,
)
from ansible_collections.k8sredis.core.plugins.module_utils._observe.redis import Clients, Command, is_error, observe

PATIENCE = 60.0
"""Seconds to wait for one reply, where a large key is moved; one that may take the node timeout is refused. So long a
run waits for a source that was cut off without a word."""


class Target(Protocol):
    """Pods or Endpoints."""

    def members(self) -> tuple[Member, ...]: ...

    def connect(self, member: Member, timeout: float | None = None) -> Any: ...

    @property
    def login(self) -> tuple[str, str]: ...

    def not_made(self, name: str) -> str: ...

    def not_ready(self, name: str) -> str: ...


class Notes(Protocol):
    """What a run leaves for the next one: the Lock."""

    def note(self, name: str) -> str: ...

    def leave_note(self, name: str, text: str) -> None: ...


class Session:
    """``expected``: names of the members that the wish names; those not found are in each view as absent.
    ``guard``: called before every change, raises when the lock was lost. ``settings``: what is observed beside the
    usual ones. ``wish``: those who have departed by it are in no view."""

    def __init__(
        self,
        target: Target,
        expected: Iterable[str] = (),
        guard: Callable[[], None] = lambda: None,
        clock: Clock = REAL,
        settings: Iterable[str] = (),
        wish: Wish | None = None,
    ) -> None:
        self.target = target
        self.expected = tuple(expected)
        self.guard = guard
        self.clock = clock
        self.settings = tuple(settings)
        self.notes: Notes | None = None
        """None where there is no lock: what is noted then ends with the run."""
        self.wish = wish
        self.clustered = True
        """Whether a server that is in no cluster is taken for one that does not answer."""
        self.clients = Clients(target.connect)
        self.patient = Clients(lambda member: target.connect(member, PATIENCE))
        """For commands that a server takes long to answer, as MIGRATE."""
        self.done: list[Step] = []
        """Steps that were executed, in order."""

    def observe(self) -> View:
        """Every member that belongs to the cluster, or is to."""
        view = self.observe_all()
        return view if self.wish is None else departure.remaining(view, self.wish)

    def observe_all(self) -> View:
        """Every member found, and every member expected, at about the same time."""
        members = list(self.target.members())
        found = {member.name for member in members}
        members += [absent(name) for name in self.expected if name not in found]
        return observe(self.clients, members, self.settings, clustered=self.clustered)

    def not_ready(self, view: View) -> dict[str, str]:
        """What the readiness probes said last of pods that run and whose servers do not answer."""
        silent = [node.name for node in view.nodes if not node.answers and not node.member.waiting]
        return {name: self.target.not_ready(name) for name in silent}

    def execute(self, view: View, plan: Plan) -> None:
        """Sends a plan; steps of one kind go to all nodes at once, the next kind when all have answered."""
        for _kind, steps in groupby(plan.steps, key=lambda step: step.kind):
            self._send(view, list(steps))

    def tell(self, view: View, commands: Mapping[str, Iterable[Command]]) -> dict[str, list[Any]]:
        """Sends commands by member name; the caller judges the replies."""
        self.guard()
        return self.clients.send({self._node(view, name).member: list(words) for name, words in commands.items()})

    def ask(self, node: Node, *commands: Command) -> list[Any]:
        """Replies to questions, which change nothing, so without looking at the lock: for a loop of milliseconds."""
        return self.clients.send({node.member: list(commands)})[node.name]

    def confirm(self, view: View) -> None:
        """Raises Retryable when an address now belongs to another pod than the one that was asked for its id."""
        now = {(member.name, member.uid): {member.host, *member.addresses} for member in self.target.members()}
        for node in view.answering:
            if node.member.host not in now.get((node.name, node.member.uid), ()):
                raise Retryable(f"Cannot join {node.name}: its pod or address changed meanwhile; run again.")

    def close(self) -> None:
        self.clients.close()
        self.patient.close()

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
