# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Restarts one pod with a server, a Sentinel or both, so that no write is lost. PRIVATE to the collection.

1. Look at every server and every Sentinel, and decide which pod is next, and why (sentinel_rollout.py). None: the end.
2. What waiting does not change is refused (sentinel_gates.py): memory that would not do, a master from which nobody can
   take over.
3. The gate. Wait until every server and every Sentinel says the same, with all replicas in sync and quorum on each
   Sentinel, in two looks one after the other. A pod that does not answer is given time to come up.
4. The master hands over by a planned failover (sentinel_failover.py), which proves its result on everybody.
5. Look again: still the same pod, still no master, the gate still open, the lock still held. Then it is evicted
   (replacement.py).
6. Wait for the new pod. One that is stuck ends the run; the other pods are untouched.
7. Wait until everybody says the same again: the new server follows the master in sync, the new Sentinel is known to the
   others, and each of them has its quorum.
Killed at any point, the next run begins at 1 and finds what is left.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ansible_collections.k8sredis.core.plugins.module_utils._decide import sentinel_gates, sentinel_rollout, watched
from ansible_collections.k8sredis.core.plugins.module_utils._decide.rollout import BROKEN, MASTER, REPLICA, Turn
from ansible_collections.k8sredis.core.plugins.module_utils._execute import sentinel_failover, wait
from ansible_collections.k8sredis.core.plugins.module_utils._execute.arrival import Process
from ansible_collections.k8sredis.core.plugins.module_utils._execute.replacement import Replacement
from ansible_collections.k8sredis.core.plugins.module_utils._execute.restart import COMES_UP_WITHIN, LOOKS, Job, Outcome
from ansible_collections.k8sredis.core.plugins.module_utils._execute.watching import TICK, Watching
from ansible_collections.k8sredis.core.plugins.module_utils._model import NO_POD, Member, Node, Refused, Retryable
from ansible_collections.k8sredis.core.plugins.module_utils._model_sentinel import Watch
from ansible_collections.k8sredis.core.plugins.module_utils._observe.kube import Kube

DOCTOR = "sentinel_info"


def restart_next(watching: Watching, kube: Kube, job: Job, not_made: Callable[[str], str]) -> Outcome:
    """``not_made``: Kubernetes' words on why it makes no pod of a name."""
    watch = watching.observe()
    found = sentinel_rollout.rolled(watch, job.wished, job.requested, job.bounds)
    if not found.turns:
        return Outcome(None, found)
    turn, began = found.turns[0], watching.clock.now()
    there = watch.process(turn.pod)
    uid = there.member.uid if there else ""
    replacement = Replacement(kube, turn.pod, uid, job.timeout, watching.clock, watching.guard, DOCTOR)
    _Restart(watching, job, turn, replacement, not_made).run()
    seconds = watching.clock.now() - began
    left = sentinel_rollout.rolled(watching.observe(), job.wished, job.requested, job.bounds)
    if left.turns:
        wait.pause(job.pause, watching.clock)
    return Outcome(turn, left, seconds)


@dataclass
class _Restart:
    watching: Watching
    job: Job
    turn: Turn
    replacement: Replacement
    not_made: Callable[[str], str]
    silent_until: float = field(default=0.0)

    def run(self) -> None:
        self.silent_until = self.watching.clock.now() + COMES_UP_WITHIN
        watch = self._pass_gate()
        if not self.replacement.goes_already(self._member(watch)):
            if self.turn.kind == MASTER and not self._interrupts(watch):
                sentinel_failover.hand_over(self.watching, "", [self.turn.pod], self.job.timeout)
            self.replacement.remove(self._may_go)
            self.watching.done.append(self.turn.step)
        self.replacement.await_new(self._process, self.not_made, self.job.wished.get(self.turn.pod))
        if not self._others_down():
            deed = f"the restart of {self.turn.pod} is over for everybody"
            self.watching.prove(sentinel_gates.unproven, self.job.timeout, deed)

    def _member(self, watch: Watch) -> Member:
        process = watch.process(self.turn.pod)
        return process.member if process else Member(self.turn.pod, "", 0, waiting=NO_POD)

    def _interrupts(self, watch: Watch) -> bool:
        """A master that goes as it is, by consent, because nobody can take over from it."""
        server = watch.server(self.turn.pod)
        alone = server is not None and not any(watched.replicas_of(watch, server))
        return self.job.limits.accept_interruption and alone

    def _pass_gate(self) -> Watch:
        looks = 0

        def look() -> tuple[Watch, str]:
            nonlocal looks
            watch = self.watching.observe()
            shut = self._shut(watch)
            looks = 0 if shut else looks + 1
            return watch, shut

        clock = self.watching.clock
        watch, shut = wait.until(look, lambda _seen: looks >= LOOKS, self.job.timeout, TICK, clock)
        if looks < LOOKS:
            raise Retryable(
                f"Cannot restart {self.turn.pod} within {self.job.timeout:.0f} s: {shut}; mend that, see '{DOCTOR}', "
                "and run again."
            )
        return watch

    def _shut(self, watch: Watch) -> str:
        member = self._member(watch)
        if self.replacement.goes_already(member):
            return ""
        refused = sentinel_gates.refusal(watch, self.turn, self.job.limits)
        if refused:
            raise Refused(f"Cannot restart {self.turn.pod}: {refused}.")
        shut = sentinel_gates.shut(watch, self.turn, self.job.limits)
        if shut or self.turn.kind != BROKEN:
            return shut
        comes_up = not member.stuck and self.watching.clock.now() < self.silent_until
        return f"{self.turn.pod} may still come up" if comes_up else ""

    def _may_go(self) -> tuple[Member, str]:
        watch = self.watching.observe()
        member = self._member(watch)
        if self.replacement.goes_already(member):
            return member, ""
        turn = self.turn
        server = watch.server(turn.pod)
        if server is not None and turn.kind in (MASTER, REPLICA):
            leads = watched.is_master(server) or watched.agreed(watch) is server
            if leads and not self._interrupts(watch):
                raise Retryable(
                    f"Cannot restart {turn.pod}: it has become the master at this moment; run again, it then hands "
                    "over first."
                )
        return member, sentinel_gates.shut(watch, turn, self.job.limits)

    def _process(self) -> Process:
        """Of a pod that has both, the one that does not answer yet."""
        watch = self.watching.observe()
        processes = watch.pods.get(self.turn.pod) or [Node(self._member(watch), error=NO_POD)]
        return next((each for each in processes if not each.answers), processes[0])

    def _others_down(self) -> bool:
        """Of several that do not run, the last one that comes up is waited for."""
        watch = self.watching.observe()
        return self.turn.kind == BROKEN and any(not each.answers for each in watch.processes)
