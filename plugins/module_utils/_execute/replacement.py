# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Puts another pod in the place of one: lets it go as a drain does, and waits for the next of its name. PRIVATE to the
collection.

1. Ask whether it may go at this moment; the lock is still held.
2. Evict it under the condition that it is that very pod (uid). So it never goes together with a pod that a drain takes;
   while a budget forbids it, it is tried again until the deadline. A pod that is not Ready is deleted instead, under
   the conditions of its uid and resourceVersion: no budget counts on it. When the API does not answer, whether it was
   done is seen by the next look; a second request would meet the same uid or nothing.
3. Wait for the new pod: another uid, made from what is wished, answering. One that is stuck (no such image, not
   schedulable, crashing) ends the wait with Kubernetes' words.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ansible_collections.k8sredis.core.plugins.module_utils._decide.rollout import Wanted
from ansible_collections.k8sredis.core.plugins.module_utils._execute import wait
from ansible_collections.k8sredis.core.plugins.module_utils._execute.arrival import Process
from ansible_collections.k8sredis.core.plugins.module_utils._execute.wait import Clock
from ansible_collections.k8sredis.core.plugins.module_utils._model import BEING_DELETED, NO_POD, Member, Retryable
from ansible_collections.k8sredis.core.plugins.module_utils._observe.kube import Busy, Conflict, Kube

TICK = 0.1

EVICT_AGAIN_AFTER = 1.0
"""Seconds; a budget changes when a pod becomes Ready."""

STUCK_FOR = 8.0
"""Seconds for which a new pod must be stuck: a pull that failed once is tried again sooner, and the first pause of a
crash loop is 10 s."""

NOT_MADE_FOR = 15.0
"""Seconds after which Kubernetes is asked why it makes no new pod."""


@dataclass
class Replacement:
    """Of the pod with this ``uid``. ``timeout``: seconds of each of the two waits. ``doctor``: the module that tells
    what is wrong."""

    kube: Kube
    name: str
    uid: str
    timeout: float
    clock: Clock
    guard: Callable[[], None]
    doctor: str

    def goes_already(self, member: Member) -> bool:
        """A killed run, a drain or a person told it to, or it has gone."""
        return member.waiting == BEING_DELETED or member.uid != self.uid

    def remove(self, ask: Callable[[], tuple[Member, str]]) -> None:
        """``ask``: the pod as it is now, and why it must not go, in words."""
        last = ""

        def gone() -> bool:
            nonlocal last
            last = self._try(ask)
            return not last

        if not wait.until(gone, bool, self.timeout, EVICT_AGAIN_AFTER, self.clock):
            raise self._cannot(f"within {self.timeout:.0f} s: {last}", f"mend that, see '{self.doctor}', and run again")

    def _try(self, ask: Callable[[], tuple[Member, str]]) -> str:
        """Why it could not be told to go yet; empty when it was."""
        member, shut = ask()
        if self.goes_already(member):
            return ""
        if shut:
            return shut
        self.guard()
        try:
            if member.ready is False:
                self._delete()
            else:
                self.kube.evict(self.name, self.uid)
        except Busy as error:
            return f"its eviction is refused: {error}"
        except Conflict as error:
            return f"it changed at that moment: {error}"
        except Retryable as error:
            return f"whether it goes is not known: {error}"
        return ""

    def _delete(self) -> None:
        path = self.kube.path("pods", self.name)
        found = self.kube.get(path)
        if found is not None and found["metadata"]["uid"] == self.uid:
            self.kube.delete(path, {"uid": self.uid, "resourceVersion": found["metadata"]["resourceVersion"]})

    def await_new(
        self, look: Callable[[], Process], not_made: Callable[[str], str], wished: Wanted | None = None
    ) -> None:
        """``look``: the process of the pod of this name now. ``not_made``: Kubernetes' words on why it makes none."""
        clock = self.clock
        stuck_since: float | None = None
        absent_since: float | None = None
        words = ""

        def seen() -> tuple[Process | None, str]:
            """The new process when it answers, or what is missing."""
            nonlocal stuck_since, absent_since
            try:
                process = look()
            except Retryable as error:  # the API does not answer: that pod starts without it
                return None, str(error)
            absent = process.member.waiting == NO_POD
            stuck = process.member.stuck and process.member.uid != self.uid
            absent_since = (clock.now() if absent_since is None else absent_since) if absent else None
            stuck_since = (clock.now() if stuck_since is None else stuck_since) if stuck else None
            if process.answers and process.member.uid != self.uid:
                return process, ""
            return None, "its former pod ends" if process.member.uid == self.uid else process.error

        def over(found: tuple[Process | None, str]) -> bool:
            nonlocal words
            if found[0] is not None:
                return True
            if stuck_since is not None and clock.now() - stuck_since >= STUCK_FOR:
                return True
            if absent_since is not None and clock.now() - absent_since >= NOT_MADE_FOR and not words:
                words = not_made(self.name)
            return bool(words)

        process, missing = wait.until(seen, over, self.timeout, TICK, clock)
        if process is None:
            missing = f"{missing}; Kubernetes says: {words}" if words else missing
            raise self._cannot(
                f"to the end: its new pod does not come up: {missing}",
                "correct the declaration and run again, which begins with this pod; no other was touched",
            )
        if wished and wished.restart_hash and process.member.restart_hash != wished.restart_hash:
            raise Retryable(
                f"Cannot restart {self.name}: its new pod is made from other settings than wished; run again."
            )

    def _cannot(self, why: str, advice: str) -> Retryable:
        return Retryable(f"Cannot restart {self.name} {why}; {advice}.")
