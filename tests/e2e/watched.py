# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A playbook that runs on its own, watched task by task, so that a test can act or kill it at a known point."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.e2e import playbook
from tests.e2e.cluster import Cluster
from tests.environment import CHECKOUT

TASK = re.compile(r"^TASK \[(?:k8sredis\.core\.redis_\w+ : )?(.*?)\] \**$")


class Watched:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._lines: list[str] = []
        self.changed: list[str] = []
        """Names of the tasks that have changed something."""

    def tasks(self) -> Iterator[str]:
        """The name of each task when it begins, until the playbook ends."""
        name = ""
        for line in self._process.stdout or ():
            self._lines.append(line)
            if found := TASK.match(line):
                name = found[1]
                yield name
            elif line.startswith("changed: "):
                self.changed.append(name)

    def until(self, task: str) -> None:
        """Wait until this task begins."""
        assert any(name == task for name in self.tasks()), f"the run ended before {task!r}:\n{self.output}"

    def until_line(self, part: str) -> None:
        """Wait until a line has this in it."""
        for line in self._process.stdout or ():
            self._lines.append(line)
            if part in line:
                return
        raise AssertionError(f"the run ended before {part!r}:\n{self.output}")

    def end(self) -> playbook.Run:
        for _task in self.tasks():
            pass
        return playbook.Run(self._process.wait(), self.output)

    @property
    def output(self) -> str:
        """So far."""
        return "".join(self._lines)

    def terminate(self, number: int) -> None:
        """As AWX cancels a job: the command and all that it started are told to end."""
        for pid in [*descendants(self._process.pid), self._process.pid]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def kill(self) -> None:
        """As a pod of a job is killed: the command with all that it started, none of them asked.

        Ansible puts each worker into a session of its own, so a signal to one process group would miss most of them.
        """
        self._process.send_signal(signal.SIGSTOP)  # it starts nothing more
        while children := descendants(self._process.pid):
            for pid in children:
                _kill(pid)
        self._process.kill()
        self._process.wait()


@contextmanager
def watched(cluster: Cluster, name: str, variables: Mapping[str, Any], *options: str) -> Iterator[Watched]:
    """``playbook.run``, going on meanwhile; killed when the block ends before it, or after the usual time."""
    with playbook.command(name, variables, *options) as words:
        process = subprocess.Popen(
            words,
            env=playbook.surroundings(cluster),
            cwd=CHECKOUT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        run = Watched(process)
        timer = threading.Timer(playbook.SECONDS, run.kill)
        timer.start()
        try:
            yield run
        finally:
            timer.cancel()
            if process.poll() is None:
                run.kill()


def descendants(pid: int) -> list[int]:
    """Living processes below ``pid``, whatever session they are in."""
    parents = dict(_parents())
    return [child for child in parents if pid in _ancestors(child, parents)]


def _parents() -> Iterator[tuple[int, int]]:
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            # pid (name) state ppid ...; the name may hold anything, also spaces and brackets
            state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue  # it has ended meanwhile
        if state not in "ZX":
            yield int(entry.name), int(parent)


def _ancestors(pid: int, parents: Mapping[int, int]) -> list[int]:
    found = []
    while (pid := parents.get(pid, 0)) > 1:
        found.append(pid)
    return found


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
