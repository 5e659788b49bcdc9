# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Moves a batch of slots by the servers' own atomic migration. PRIVATE to the collection.

Redis since 8.4, CLUSTER MIGRATION, told to the target; Valkey since 9.0, CLUSTER MIGRATESLOTS, told to the source.
1. The job is started. A node that has one under way already is waited for, not disturbed.
2. Both sides are asked until both say that it is over. It goes on in the servers when this process dies, and is then
   waited for by the next run.
3. When it failed it is told with the servers' own words, and nothing has moved: the caller tries again with fewer
   slots. When it takes too long it is cancelled where that works: on Redis at the target, whose source would try again.
4. The target's own table must have the slots: 'completed' is what one of two servers says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from ansible_collections.k8sredis.core.plugins.module_utils._decide import table
from ansible_collections.k8sredis.core.plugins.module_utils._execute import wait
from ansible_collections.k8sredis.core.plugins.module_utils._execute.route import Route
from ansible_collections.k8sredis.core.plugins.module_utils._execute.session import Session
from ansible_collections.k8sredis.core.plugins.module_utils._model import Fatal, Member, Node, Retryable, SlotRange
from ansible_collections.k8sredis.core.plugins.module_utils._observe import parse
from ansible_collections.k8sredis.core.plugins.module_utils._observe.redis import Command, is_error

LOOK_EVERY = 0.01

LONGEST, SLOWEST_BYTES = 60.0, 1_000_000
"""Seconds, and bytes a second, after which a job is cancelled."""


class Failed(Retryable):
    """The servers gave the job up; its slots are where they were."""


@dataclass(frozen=True)
class Job:
    """``over``: it has ended; ``good``: and the slots have moved."""

    id: str
    ranges: str
    state: str
    words: str
    over: bool
    good: bool


class Language(Protocol):
    """What differs between the two families."""

    def start(self, ranges: Sequence[SlotRange], target: Node, /) -> Command: ...

    def asked(self, route: Route) -> Node: ...

    def look(self) -> Command: ...

    def jobs(self, reply: Any) -> tuple[Job, ...]: ...

    def cancel(self, job: str, /) -> Command: ...


def _fields(reply: Any) -> Iterable[dict[str, str]]:
    return [{str(name): str(value) for name, value in parse.pairs(item).items()} for item in reply or []]


class Migration:
    """Redis since 8.4."""

    def start(self, ranges: Sequence[SlotRange], _target: Node) -> Command:
        return ("CLUSTER", "MIGRATION", "IMPORT", *(str(slot) for bounds in ranges for slot in bounds))

    def asked(self, route: Route) -> Node:
        return route.target

    def look(self) -> Command:
        return ("CLUSTER", "MIGRATION", "STATUS", "ALL")

    def jobs(self, reply: Any) -> tuple[Job, ...]:
        return tuple(
            Job(
                id=each["id"],
                ranges=each["slots"],
                state=each["state"],
                words=each["last_error"] or each["state"],
                over=each["state"] in ("completed", "failed", "canceled"),
                good=each["state"] == "completed",
            )
            for each in _fields(reply)
        )

    def cancel(self, job: str) -> Command:
        return ("CLUSTER", "MIGRATION", "CANCEL", "ID", job)


class MigrateSlots:
    """Valkey since 9.0."""

    def start(self, ranges: Sequence[SlotRange], target: Node) -> Command:
        words = [str(slot) for bounds in ranges for slot in bounds]
        return ("CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", *words, "NODE", target.id)

    def asked(self, route: Route) -> Node:
        return route.source

    def look(self) -> Command:
        return ("CLUSTER", "GETSLOTMIGRATIONS")

    def jobs(self, reply: Any) -> tuple[Job, ...]:
        return tuple(
            Job(
                id=each["name"],
                ranges=each["slot_ranges"],
                state=each["state"],
                words=each["message"] or each["state"],
                over=each["state"] in ("success", "failed", "cancelled"),
                good=each["state"] == "success",
            )
            for each in _fields(reply)
        )

    def cancel(self, _job: str) -> Command:
        """All of the source's: it has one at a time."""
        return ("CLUSTER", "CANCELSLOTMIGRATIONS")


LANGUAGES: dict[str, Language] = {"migration": Migration(), "migrateslots": MigrateSlots()}


class Atomic:
    def __init__(self, session: Session, engine: str) -> None:
        self._session = session
        self._language = LANGUAGES[engine]

    def move(self, route: Route, slots: Sequence[int], size: int) -> None:
        """Moves all of the slots, of about ``size`` bytes, or raises Failed and has moved none."""
        self._session.guard()
        asked = self._language.asked(route)
        known = {job.id for job in self._jobs(asked.member)}
        ranges = table.as_ranges(slots)
        (reply,) = self._ask(asked.member, self._language.start(ranges, route.target))
        if is_error(reply):
            raise Failed(f"Cannot start to move {_text(route, ranges)}: {asked.name} answered '{reply}'; run again.")
        self._until_over(route, asked, known, ranges, LONGEST + size / SLOWEST_BYTES)
        self._prove(route, slots)

    def _until_over(
        self, route: Route, asked: Node, known: set[str], ranges: Sequence[SlotRange], longest: float
    ) -> None:
        def look() -> list[Job]:
            return [job for job in self._jobs(asked.member) if job.id not in known]

        # In its first moment Valkey may not list the job yet.
        seen = wait.until(
            look, lambda jobs: bool(jobs) and all(job.over for job in jobs), longest, LOOK_EVERY, self._session.clock
        )
        if not seen:
            raise Failed(f"Cannot find the job that moves {_text(route, ranges)} on {asked.name}; run again.")
        for job in seen:
            if not job.over:
                self._ask(asked.member, self._language.cancel(job.id))
                raise Failed(
                    f"Cannot move {_text(route, ranges)}: the job stands at '{job.state}' after {longest:.0f} s and "
                    "was cancelled; run again."
                )
            if not job.good:
                raise Failed(f"Cannot move {_text(route, ranges)}: {asked.name} says '{job.words.strip()}'; run again.")

    def _prove(self, route: Route, slots: Sequence[int]) -> None:
        wanted = set(slots)

        def owned() -> bool:
            (reply,) = self._ask(route.target.member, ("CLUSTER", "NODES"))
            if is_error(reply):
                return False
            mine = next((entry for entry in parse.cluster_nodes(reply) if "myself" in entry.flags), None)
            return mine is not None and wanted <= table.slots_of(mine.slots)

        # On Valkey it is the source that says 'success', a moment before or after the target's table has it.
        if not wait.until(owned, bool, 5.0, LOOK_EVERY, self._session.clock):
            raise Retryable(
                f"Cannot prove the move of {_text(route, table.as_ranges(slots))}: the servers say it is done, and the "
                f"table of {route.target.name} has not got them; see 'cluster_info' and run again."
            )

    def _jobs(self, member: Member) -> tuple[Job, ...]:
        return jobs(self._language, self._ask(member, self._language.look())[0], member.name)

    def _ask(self, member: Member, command: Command) -> list[Any]:
        return self._session.patient.send({member: [command]})[member.name]


def jobs(language: Language, reply: Any, name: str) -> tuple[Job, ...]:
    if isinstance(reply, Retryable):
        raise Retryable(f"Cannot ask {name} for its migrations: it broke off ({reply}); run again.")
    if is_error(reply):
        raise Fatal(f"Cannot ask {name} for its migrations: it answered '{reply}'; give the user the right.")
    return language.jobs(reply)


def await_others(session: Session, known: Mapping[str, frozenset[str]], timeout: float) -> None:
    """Until no member has a migration under way. ``known``: as capabilities.probe() tells."""
    for engine in LANGUAGES:
        nodes = [node for node in session.observe().answering if f"cluster|{engine}" in known.get(node.name, ())]
        if not nodes:
            continue
        left = wait.until(
            partial(under_way, session, engine, nodes),
            lambda jobs: not jobs,
            timeout,
            0.2,
            session.clock,
        )
        if left:
            name, job = next(iter(sorted(left.items())))
            raise Retryable(
                f"Cannot begin: {name} has a migration of the slots {job.ranges} under way ('{job.state}'); wait until "
                "it has ended, and run again."
            )


def under_way(session: Session, engine: str, nodes: Iterable[Node]) -> dict[str, Job]:
    """Jobs that have not ended, by the member that has them; whoever started them."""
    language = LANGUAGES[engine]
    replies = session.clients.send({node.member: [language.look()] for node in nodes})
    return {name: job for name, (reply,) in replies.items() for job in jobs(language, reply, name) if not job.over}


def _text(route: Route, ranges: Sequence[SlotRange]) -> str:
    return f"slots {table.range_text(ranges)} from {route.source.name} to {route.target.name}"
