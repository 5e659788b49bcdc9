# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A process that writes or reads until its stdin ends, SIGTERM comes, or its time is over.

It is told what to do by one JSON line on stdin, so that no password is in an argument. It says ``ready`` when each
of its threads had a first success.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count, cycle
from pathlib import Path
from typing import Any, TextIO

from tests.chaos.clients import LIBRARIES, Client
from tests.chaos.operations import APPEND, INCREMENT, READ, Log, Operation
from tests.chaos.plan import COUNTER, Key, Plan, keys
from tests.chaos.target import target_from

CONNECT_SECONDS = 20.0
"""An application that cannot connect is started again; so is the library here."""


@dataclass
class Worker:
    client: Client
    log: Log
    plan: Plan
    stopped: threading.Event
    answers: TextIO
    not_ready: set[int] = field(default_factory=set)

    def write(self, group: int, some: list[Key]) -> None:
        numbers = {key.name: count(1) for key in some}
        for key in self._in_turn(some):
            number = next(numbers[key.name])
            verb = INCREMENT if key.kind == COUNTER else APPEND
            intent = Operation(verb, key.name, number, time.monotonic())
            self.log.add(intent)
            self._note(group, self._written(intent))

    def _written(self, intent: Operation) -> Operation:
        verb, key, number, sent = intent.verb, intent.key, intent.number, intent.sent
        try:
            reply = self.client.increment(key) if verb == INCREMENT else self.client.append(key, str(number))
        except Exception as error:  # noqa: BLE001  whatever a library raises, its user gets
            done, unanswered = time.monotonic(), self.client.unanswered(acknowledged=False)
            return Operation(verb, key, number, sent, done, error=_text(error), unanswered=unanswered)
        waited = self.client.waited()
        done, unanswered = time.monotonic() - waited.seconds, self.client.unanswered(acknowledged=True)
        return Operation(verb, key, number, sent, done, reply, unanswered=unanswered, replicated=waited.replicated)

    def read(self, group: int, some: list[Key]) -> None:
        for number, key in enumerate(self._in_turn(some)):
            sent = time.monotonic()
            try:
                _value = self.client.read_counter(key.name) if key.kind == COUNTER else self.client.read_list(key.name)
            except Exception as error:  # noqa: BLE001  whatever a library raises, its user gets
                self._note(group, Operation(READ, key.name, number, sent, time.monotonic(), error=_text(error)))
            else:
                self._note(group, Operation(READ, key.name, number, sent, time.monotonic(), reply=1))

    def _in_turn(self, some: list[Key]) -> Iterator[Key]:
        for key in cycle(some):
            if self.stopped.wait(self.plan.pause):
                return
            yield key

    def _note(self, group: int, operation: Operation) -> None:
        self.log.add(operation)
        if group in self.not_ready and operation.acknowledged:
            self.not_ready.discard(group)
            if not self.not_ready:
                print("ready", file=self.answers, flush=True)


def _text(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def work(verb: str) -> None:
    """``write`` or ``read``."""
    told, answers = json.loads(sys.stdin.readline()), _own_stdout()
    plan, stopped = Plan(**told["plan"]), threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    threading.Thread(target=_wait_for_the_end, args=(stopped,), daemon=True).start()
    groups = keys(plan, told["client"])
    worker = Worker(_connect(told), Log(Path(told["log"])), plan, stopped, answers, set(groups))
    deed = worker.write if verb == "write" else worker.read
    threads = [threading.Thread(target=deed, args=group, daemon=True) for group in groups.items()]
    for thread in threads:
        thread.start()
    stopped.wait(plan.seconds)
    stopped.set()
    for thread in threads:
        thread.join()


def _wait_for_the_end(stopped: threading.Event) -> None:
    """Whoever started this process holds its stdin open, and with that process it closes."""
    sys.stdin.read()
    stopped.set()


def _own_stdout() -> TextIO:
    """What others print goes to stderr: valkey-glide's core writes its warnings to descriptor 1."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


def _connect(told: dict[str, Any]) -> Client:
    deadline = time.monotonic() + CONNECT_SECONDS
    while True:
        try:
            return LIBRARIES[told["client"]](target_from(told), told["plan"]["replicas"])
        except Exception:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)
