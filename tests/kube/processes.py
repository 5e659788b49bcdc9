# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Start the lab's components and see whether they run.

A component is a process that outlives the command that starts it. It enters the lab's cgroup before it becomes the
program, so it can always be found and ended, also when whoever started it was killed in between.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests.kube.cgroups import Cgroups
from tests.kube.errors import LabError
from tests.kube.lab import Lab

ENTER_CGROUP = 'echo 0 >"$1"; shift; exec "$@"'
WAIT_SECONDS = 300  # each step takes a few; a machine that is busy with other things may need many times that
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def start(
    lab: Lab,
    name: str,
    command: list[str],
    environment: dict[str, str] | None = None,
    pass_fds: tuple[int, ...] = (),
) -> None:
    """``name`` is also that of its log and of its pid file. ``environment`` is added to the little that it gets."""
    roster = Cgroups.of(lab.cgroup).roster
    words = ["sh", "-c", ENTER_CGROUP, "sh", str(roster), *command]
    with (lab.logs / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={"PATH": f"{lab.binaries}:{SYSTEM_PATH}", "HOME": "/root", **(environment or {})},
            cwd="/",
            pass_fds=pass_fds,
            start_new_session=True,
        )
    while str(process.pid) not in roster.read_text(encoding="ascii").split():
        if process.poll() is not None:
            raise LabError(f"Cannot start {name}: it ended at once; {last_words(lab, name)}")
        time.sleep(0.002)
    _pid_file(lab, name).write_text(str(process.pid), encoding="ascii")


def in_network(namespace: Path, command: list[str]) -> list[str]:
    return ["nsenter", f"--net={namespace}", *command]


def pid(lab: Lab, name: str) -> int | None:
    """Of a component that runs. A pid that the kernel gave to somebody else since is not in the lab's cgroup."""
    try:
        number = int(_pid_file(lab, name).read_text(encoding="ascii"))
    except (FileNotFoundError, ValueError):
        return None
    return number if number in Cgroups.of(lab.cgroup).members() else None


def components(lab: Lab) -> dict[str, int | None]:
    """Every component that was started, with its pid, or None if it does not run."""
    members = Cgroups.of(lab.cgroup).members()
    pids = {
        file.name: int(file.read_text(encoding="ascii") or 0) for file in sorted(_pid_file(lab, "x").parent.iterdir())
    }
    return {name: number if number in members else None for name, number in pids.items()}


def wait_until(lab: Lab, what: str, check: Callable[[], bool], poll: float = 0.1) -> None:
    """Wait for ``check``; end early when a component has died, since then it will not come true."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not check():
        dead = [name for name, number in components(lab).items() if number is None]
        if dead:
            raise LabError(
                f"Cannot bring up the lab: {dead[0]} ended while waiting for {what}; {last_words(lab, dead[0])}"
            )
        if time.monotonic() > deadline:
            raise LabError(f"Cannot bring up the lab: {what} did not come about in {WAIT_SECONDS} s; see {lab.logs}.")
        time.sleep(poll)


def last_words(lab: Lab, name: str) -> str:
    path = lab.logs / f"{name}.log"
    lines = path.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return f"its last line is {lines[-1]!r}, see {path}." if lines else f"it said nothing in {path}."


def run(command: list[str], deed: str, given: str = "", environment: dict[str, str] | None = None) -> str:
    """A command that ends by itself, and whose failure is ours."""
    done = subprocess.run(
        command,
        input=given,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
        env=None if environment is None else {**os.environ, **environment},
    )
    if done.returncode != 0:
        seen = (done.stderr.strip().splitlines() or [f"{command[0]} ended with {done.returncode}"])[-1]
        raise LabError(f"Cannot {deed}: {seen}")
    return done.stdout


def _pid_file(lab: Lab, name: str) -> Path:
    return lab.folder / "pid" / name
