# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the clients beside a test, and gives the verdict in the end.

with ledger.running(seeds, access, folder) as run:
    run.mark("scale out")
    ...
    verdict = run.finish()
assert verdict.clean, verdict
"""

from __future__ import annotations

import contextlib
import json
import secrets
import select
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.chaos import record, timeline
from tests.chaos.clients import OF_CLUSTERS, OF_SENTINELS
from tests.chaos.plan import Plan
from tests.chaos.record import Mark, Run, log_path, slots_from
from tests.chaos.target import Sentinels, Target
from tests.chaos.verdict import Verdict, judge
from tests.environment import CHECKOUT

READY_SECONDS = 60.0
WRITES_WITHIN = 120.0
END_SECONDS = 30.0
"""For the operations that a stopped client still waits for; then it is killed, and their outcome is unknown."""


@dataclass
class Ledger:
    """Made by ``running``."""

    target: Target
    folder: Path
    command: Sequence[str]
    clients: tuple[str, ...]
    plan: Plan
    began: float = 0.0
    ended: float = 0.0
    started: str = ""
    owners: tuple[record.Slots, ...] = ()
    marks: list[Mark] = field(default_factory=list)
    processes: dict[str, subprocess.Popen[str]] = field(default_factory=dict)
    gone: tuple[str, ...] = ()
    verdict: Verdict | None = None

    def start(self) -> None:
        """Returns when each client has had a success in each group of slots."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.owners = slots_from(json.loads(self._ask("owners", {})))
        for client in self.clients:
            for verb in ("write", "read"):
                self._launch(client, verb)
        deadline = time.monotonic() + READY_SECONDS
        for name, process in self.processes.items():
            self._wait_until_ready(name, process, deadline)
        self.began, self.started = time.monotonic(), datetime.now(UTC).isoformat(timespec="milliseconds")

    def _launch(self, client: str, verb: str) -> None:
        log = log_path(self.folder, client, verb)
        log.write_text("", encoding="utf-8")  # of an earlier run in the same folder
        with log.with_suffix(".stderr").open("w") as complaints:
            process = subprocess.Popen(
                self._words(verb),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=complaints,
                text=True,
                cwd=CHECKOUT,
            )
        self.processes[f"{client}-{verb}"] = process
        assert process.stdin
        with contextlib.suppress(BrokenPipeError):  # one that has ended already will not be ready
            process.stdin.write(self._told({"client": client, "log": str(log.absolute())}))
            process.stdin.flush()  # and left open: its end is the sign to stop

    def _wait_until_ready(self, name: str, process: subprocess.Popen[str], deadline: float) -> None:
        assert process.stdout
        ready, _writable, _failed = select.select([process.stdout], [], [], max(deadline - time.monotonic(), 0))
        if not ready or process.stdout.readline() != "ready\n":
            complaints = (self.folder / f"{name}.stderr").read_text(encoding="utf-8")[-2000:]
            raise RuntimeError(f"{name} had no success in some slots within {READY_SECONDS:.0f} s: {complaints}")

    def mark(self, text: str) -> None:
        """The operation begins its next step."""
        self.marks.append(Mark(time.monotonic(), text))

    def wait_for_writes(self, number: int) -> None:
        """Until each client was acknowledged so many more, however slow a busy machine makes it."""
        wanted = {client: self._acknowledged(client) + number for client in self.clients}
        deadline = time.monotonic() + WRITES_WITHIN
        while missing := [client for client, many in wanted.items() if self._acknowledged(client) < many]:
            if time.monotonic() > deadline:
                raise RuntimeError(f"{missing[0]} had not {number} writes acknowledged within {WRITES_WITHIN:.0f} s")
            time.sleep(0.1)

    def _acknowledged(self, client: str) -> int:
        return log_path(self.folder, client, "write").read_bytes().count(b'"reply":')

    def stop(self) -> None:
        """The clients end after the operations that they are at; a second call does nothing."""
        if not self.ended:
            self.ended = time.monotonic()
            self.gone = tuple(name for name, process in self.processes.items() if process.poll() is not None)
        for process in self.processes.values():
            if process.stdin and not process.stdin.closed:
                with contextlib.suppress(BrokenPipeError):
                    process.stdin.close()
        deadline = time.monotonic() + END_SECONDS
        for process in self.processes.values():
            try:
                process.wait(max(deadline - time.monotonic(), 0))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout:
                process.stdout.close()

    def finish(self) -> Verdict:
        """Stops, reads everything back, writes ``verdict.json`` and ``timeline.svg``."""
        if self.verdict is None:
            self.stop()
            record.write_run(self.folder, self._record())
            into = self.folder / "found.json"
            self._ask("found", {"clients": self.clients, "into": str(into.absolute())})
            self.verdict = judge_folder(self.folder)
        return self.verdict

    def _record(self) -> Run:
        marks = tuple(self.marks)
        return Run(self.plan, self.clients, self.began, self.ended, self.owners, marks, self.started, self.gone)

    def _ask(self, verb: str, more: Mapping[str, Any]) -> str:
        asked = subprocess.run(
            self._words(verb), input=self._told(more), capture_output=True, text=True, cwd=CHECKOUT, check=False
        )
        if asked.returncode != 0:
            raise RuntimeError(f"`{verb}` of the ledger failed: {asked.stderr[-2000:]}")
        return asked.stdout

    def _words(self, verb: str) -> list[str]:
        return [*self.command, sys.executable, "-m", "tests.chaos", verb]

    def _told(self, more: Mapping[str, Any]) -> str:
        told = {**asdict(self.target), "plan": asdict(self.plan), **more}
        return json.dumps(told) + "\n"


@contextmanager
def running(
    seeds: Sequence[str],
    access: Mapping[str, str],
    folder: Path,
    *,
    command: Sequence[str] = (),
    clients: Sequence[str] = (),
    sentinels: Sentinels | None = None,
    **plan: Any,
) -> Iterator[Ledger]:
    """Clients that write and read until ``finish`` or the end of the block.

    ``seeds``: ``host:port`` of some members, or a name that leads to them; beside ``sentinels``, that of the proxy.
    ``access``: username and password, or nothing. ``command``: words before each program of the ledger, to run it in
    another network; it must see the same files, and pass stdin on. ``clients``: all that know the topology, unless
    some are named. ``plan``: see ``Plan``.
    """
    target = Target(list(seeds), dict(access), sentinels)
    libraries = tuple(clients or (OF_SENTINELS if sentinels else OF_CLUSTERS))
    made = Ledger(target, folder, command, libraries, Plan(secrets.token_hex(4), **plan))
    try:
        made.start()
        yield made
    finally:
        made.stop()


def judge_folder(folder: Path) -> Verdict:
    """Also once more by hand, after a change of the judge."""
    run, found = record.read_run(folder), record.read_found(folder)
    operations = record.read_operations(folder, run)
    verdict = judge(run, operations, found)
    (folder / "verdict.json").write_text(verdict.as_json(), encoding="utf-8")
    (folder / "timeline.svg").write_text(timeline.draw(run, operations, verdict), encoding="utf-8")
    return verdict
