# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tells when waiting for the processes of an instance is over. PRIVATE to the collection.

1. All answer.
2. One has been stuck without a break for STUCK_FOR, or refuses whoever asks.
3. One has no pod for NOT_MADE_FOR, and Kubernetes says why it makes none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ansible_collections.k8sredis.core.plugins.module_utils._execute.wait import Clock
from ansible_collections.k8sredis.core.plugins.module_utils._model import NO_POD, Member
from ansible_collections.k8sredis.core.plugins.module_utils._observe.redis import LOGIN_REFUSED, RIGHT_REFUSED

STUCK_FOR = 20.0
"""Seconds: long enough for a scheduler that retries, or that sees a pod before its new claims, short enough that
nobody waits minutes for an image that does not exist."""

NOT_MADE_FOR = 60.0
"""Seconds: a full quota empties when another pod ends, a forbidden pod stays forbidden."""

ASK_AGAIN_AFTER = NOT_MADE_FOR / 10


class Process(Protocol):
    """A server or a Sentinel in its pod."""

    @property
    def name(self) -> str: ...

    @property
    def member(self) -> Member: ...

    @property
    def answers(self) -> bool: ...

    @property
    def error(self) -> str: ...


@dataclass
class Arrival:
    """``why_not_made``: Kubernetes' words on why it makes no pod of a name, empty when it says nothing."""

    why_not_made: Callable[[str], str]
    clock: Clock
    _stuck_since: dict[str, float] = field(default_factory=dict)
    _absent_since: dict[str, float] = field(default_factory=dict)
    _not_made: dict[str, str] = field(default_factory=dict)
    _ask_at: float = 0.0

    def is_over(self, seen: Sequence[Process]) -> bool:
        """To be asked after each look."""
        now = self.clock.now()
        _note(self._stuck_since, {each.name for each in seen if _is_stuck(each)}, now)
        _note(self._absent_since, {each.name for each in seen if each.member.waiting == NO_POD}, now)
        missing = [name for name, since in self._absent_since.items() if now - since >= NOT_MADE_FOR]
        if missing and now >= self._ask_at:
            self._ask_at = now + ASK_AGAIN_AFTER
            self._ask(missing)
        answering = bool(seen) and all(each.answers for each in seen)
        return answering or bool(self._not_made) or any(now - since > STUCK_FOR for since in self._stuck_since.values())

    def silence(self, seen: Sequence[Process]) -> str:
        """Who does not answer, and why: the first of those that will not by waiting. Empty when all answer."""
        silent = [each for each in seen if not each.answers]
        if not silent:
            return ""
        if not self._not_made:
            self._ask(list(self._absent_since))
        first = next((each for each in silent if each.name in {*self._stuck_since, *self._not_made}), silent[0])
        others = f" (and {len(silent) - 1} more do not answer)" if len(silent) > 1 else ""
        words = f"; Kubernetes says: {self._not_made[first.name]}" if first.name in self._not_made else ""
        return f"{first.name}: {first.error}{others}{words}"

    def _ask(self, names: Sequence[str]) -> None:
        """Until there are words about one of them: they are mostly the same for all."""
        for name in names:
            if words := self.why_not_made(name):
                self._not_made[name] = words
                return


def _note(since: dict[str, float], names: set[str], now: float) -> None:
    """Remembers since when each of these has been so without a break."""
    for name in set(since) - names:
        del since[name]
    for name in sorted(names):
        since.setdefault(name, now)


def _is_stuck(process: Process) -> bool:
    """A password or right that is refused is not granted by waiting."""
    error = process.error
    refused = error.startswith((LOGIN_REFUSED, RIGHT_REFUSED)) or "cluster support disabled" in error
    return refused or process.member.stuck
