# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Moves slots of a live cluster, a slice of work at a time. PRIVATE to the collection.

1. What an interrupted move left open is finished first (resume.py).
2. Every node's own table agrees who serves what; when that is as wished, it is the end. Else every replica is in sync,
   too.
3. Look what is to move (survey.py) and whether anything can stop it half-way (readiness.py).
4. Move batch after batch (setslot.py, atomic.py), several at once between different nodes, until all is done, the slice
   is over or somebody asks for an end; a batch that has begun is finished.
5. Every node's table agrees again. What is left follows from a look at it.
When a member breaks off in between, it starts again at 1, for as long as ``timeout`` allows without any progress.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from dataclasses import dataclass, field

from ansible_collections.k8sredis.core.plugins.module_utils._decide import (
    batches,
    engines,
    health,
    membership,
    moves,
    open_slots,
)
from ansible_collections.k8sredis.core.plugins.module_utils._decide.batches import Batch
from ansible_collections.k8sredis.core.plugins.module_utils._decide.moves import Manner, Volume
from ansible_collections.k8sredis.core.plugins.module_utils._execute import (
    atomic,
    converge,
    pace,
    readiness,
    resume,
    wait,
)
from ansible_collections.k8sredis.core.plugins.module_utils._execute.atomic import Atomic, Failed
from ansible_collections.k8sredis.core.plugins.module_utils._execute.conflicts import Conflicts
from ansible_collections.k8sredis.core.plugins.module_utils._execute.pace import Latency, Stop, Throttle
from ansible_collections.k8sredis.core.plugins.module_utils._execute.route import Route
from ansible_collections.k8sredis.core.plugins.module_utils._execute.session import Session
from ansible_collections.k8sredis.core.plugins.module_utils._execute.setslot import Limits, Setslot
from ansible_collections.k8sredis.core.plugins.module_utils._execute.survey import Survey, survey
from ansible_collections.k8sredis.core.plugins.module_utils._model import (
    Finding,
    Retryable,
    View,
    Wish,
)
from ansible_collections.k8sredis.core.plugins.module_utils._observe import capabilities

ATTEMPTS = 3
"""Of one batch by atomic migration, each with half of the slots, before keys are moved one by one."""

AGAIN_AFTER = 0.5
"""Seconds after which a member that broke off is looked at again."""

PUSH_AFTER = 1.0
"""Seconds that gossip may take before the owners show their tables to everybody."""


@dataclass(frozen=True)
class Outcome:
    """``seconds``: of this slice. ``notes``: what a person should know."""

    found: Survey
    """What is left to move."""
    moved: Volume
    seconds: float
    notes: tuple[str, ...] = ()
    paused: bool = False

    @property
    def view(self) -> View:
        return self.found.view

    @property
    def left(self) -> Volume:
        return self.found.total

    @property
    def finished(self) -> bool:
        return not self.left.slots

    @property
    def progress(self) -> str:
        """For the log of a job."""
        if not self.moved.slots and self.finished:
            return "nothing to move"
        if self.paused:
            return f"paused by the annotation {pace.ANNOTATION} of the Lease; {self.left.slots} slots left"
        done = (
            f"{self.moved.slots} slots with {self.moved.keys} keys moved in {self.seconds:.1f} s ({self.found.engine})"
        )
        if self.finished:
            return f"{done}, none left"
        rate = self.moved.slots / self.seconds if self.seconds and self.moved.slots else 0
        rest = f", about {self.left.slots / rate:.0f} s to go" if rate else ""
        return f"{done}, {self.moved.keys / max(self.seconds, 0.001):.0f} keys/s; {self.left.slots} slots left{rest}"


@dataclass
class _Account:
    """What a slice has done so far."""

    moved: Volume = field(default_factory=Volume)
    notes: list[str] = field(default_factory=list)
    progress_at: float = 0.0


def work(session: Session, wish: Wish, manner: Manner, stop: Stop, timeout: float) -> Outcome:
    """One slice of moving; ``stop`` says when it is over."""
    began = session.clock.now()
    account = _Account(progress_at=began)
    while True:
        try:
            seen = _attempt(session, wish, manner, stop, timeout, account)
            paused = stop.word == pace.PAUSE
            if paused and seen.moves and not stop.is_over:
                # Without slices the task itself waits; the lock is renewed meanwhile.
                wait.until(lambda: stop.word, lambda word: word != pace.PAUSE, pace.ASK_EVERY, 0.2, session.clock)
                account.progress_at = session.clock.now()
                continue
            return Outcome(seen, account.moved, session.clock.now() - began, tuple(account.notes), paused)
        except Retryable:
            if session.clock.now() - account.progress_at > timeout or stop.asked.is_set():
                raise
            wait.pause(AGAIN_AFTER, session.clock)


def _attempt(session: Session, wish: Wish, manner: Manner, stop: Stop, timeout: float, account: _Account) -> Survey:
    """Steps 1 to 5; what is left."""
    throttle = Throttle(manner.keys_per_second, manner.bytes_per_second, session.clock)
    limits = Limits(manner.large_key, manner.allow_large_keys)
    setslot = Setslot(session, throttle, limits, Conflicts(session, manner.conflict_winner), account.notes)
    _finish_open(session, setslot, timeout)
    converge.answers(session, timeout)
    view = settle(session, timeout, checks=health.OWNERSHIP)
    if wish.balance_by == "slots" and not moves.plan(view, wish):
        return survey(session, view, wish, manner)  # Replicas that lack something are not in the way of nothing.
    view = settle(session, timeout)
    found = survey(session, view, wish, manner)
    if not found.moves:
        return found
    readiness.check(session, found, manner, setslot.weighed)
    readiness.prepare(session, found)
    session.done += [step for step in found.plan(wish).steps if step not in session.done]
    work = _Work(session, found, setslot, throttle, manner, stop, account)
    work.run()
    view = settle(session, timeout, {move.target for move in found.moves})
    return survey(session, view, wish, manner)


def _finish_open(session: Session, setslot: Setslot, timeout: float) -> None:
    """Step 1, also while a member is away whose replica has taken over."""
    view = session.observe()
    known = capabilities.probe(session.clients, [node.member for node in view.answering])
    atomic.await_others(session, known, timeout)
    if view.answering and not open_slots.is_clean(view):
        resume.finish(session, setslot, known, timeout)


def settle(
    session: Session,
    timeout: float,
    changed: set[str] | None = None,
    checks: tuple[health.Check, ...] = health.CONVERGENCE,
) -> View:
    """Waits until all agree; ``changed`` members show themselves to all others when that takes long."""
    began = session.clock.now()
    pushed = False

    def look() -> tuple[View, tuple[Finding, ...]]:
        nonlocal pushed
        view = session.observe()
        found = health.findings(view, checks)
        if found and changed and not pushed and session.clock.now() - began > PUSH_AFTER:
            session.tell(view, membership.push(view, changed))
            pushed = True
        return view, found

    view, found = wait.until(look, lambda seen: not seen[1], timeout, converge.TICK, session.clock)
    if found:
        raise Retryable(
            f"Cannot move slots: {found[0].text} ({len(found)} findings in all), and did not change within "
            f"{timeout:.0f} s; see 'cluster_info' and run again."
        )
    return view


class _Work:
    """Step 4."""

    def __init__(
        self,
        session: Session,
        found: Survey,
        setslot: Setslot,
        throttle: Throttle,
        manner: Manner,
        stop: Stop,
        account: _Account,
    ) -> None:
        self._session = session
        self._found = found
        self._setslot = setslot
        self._throttle = throttle
        self._manner = manner
        self._stop = stop
        self._account = account
        self._atomic = Atomic(session, found.engine) if found.engine in engines.ATOMIC else None
        self._latencies = {move.source: Latency() for move in found.moves}

    def run(self) -> None:
        queue = batches.batches(
            self._found.moves, self._found.keys, self._found.sizes, self._found.engine, self._manner, self._found.view
        )
        self._dispatch(queue)

    def _dispatch(self, queue: list[Batch]) -> None:
        """Starts what may run beside what runs; the first error ends it when all that runs has ended."""
        running: dict[Future[Volume], Batch] = {}
        failed: BaseException | None = None
        with ThreadPoolExecutor(max(1, len(self._found.moves))) as pool:
            while (queue and not self._stop and failed is None) or running:
                while failed is None and not self._stop and (index := self._startable(queue, running)) is not None:
                    batch = queue.pop(index)
                    running[pool.submit(self._move, batch)] = batch
                done, _others = wait_for(running, return_when=FIRST_COMPLETED)
                for future in done:
                    del running[future]
                    if future.exception() is not None:
                        failed = failed or future.exception()
                    else:
                        self._account.moved += future.result()
                        self._account.progress_at = self._session.clock.now()
        if failed is not None:
            raise failed

    def _startable(self, queue: Sequence[Batch], running: dict[Future[Volume], Batch]) -> int | None:
        busy = Counter(name for move, _slots in running.values() for name in (move.source, move.target))
        free = self._manner.transfers
        return next(
            (
                index
                for index, (move, _slots) in enumerate(queue)
                if busy[move.source] < free and busy[move.target] < free
            ),
            None,
        )

    def _move(self, batch: Batch) -> Volume:
        move, slots = batch
        route = resume.route_of(self._found.view, move.source, move.target)
        if self._atomic is None:
            return self._setslot.move(route, slots, self._latencies[move.source])
        return self._by_job(self._atomic, route, slots)

    def _by_job(self, atomic: Atomic, route: Route, slots: Sequence[int]) -> Volume:
        keys = sum(self._found.keys.get(slot, 0) for slot in slots)
        size = sum(self._found.sizes.get(slot, 0) for slot in slots)
        self._throttle.pass_through(keys, size)
        pending, attempt = [slots], 0
        while pending:
            try:
                atomic.move(route, pending[0], size)
                pending.pop(0)
            except Failed as error:
                attempt += 1
                if attempt < ATTEMPTS:
                    pending[:1] = _halves(pending[0])
                    continue
                if self._manner.engine == "atomic":
                    raise
                self._account.notes.append(f"{error} Its keys are moved one by one instead.")
                for part in pending:
                    for piece in resume.batches(part, batches.slots_at_once(self._found.view, route.source.name)):
                        self._setslot.move(route, piece, self._latencies[route.source.name])
                pending = []
        return Volume(len(slots), keys, size)


def _halves(slots: Sequence[int]) -> list[Sequence[int]]:
    middle = len(slots) // 2
    return [part for part in (slots[:middle], slots[middle:]) if part]
