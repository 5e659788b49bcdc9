# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pod whose container is a process of this machine: started, killed and told to end as the kubelet does."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import shlex
import signal
import subprocess
import time
from collections.abc import Callable
from typing import Any

from redis import Redis
from redis.driver_info import DriverInfo
from redis.exceptions import RedisError

from tests.servers import Server
from tests.unit.scripts.pod import PLACES, Pod, which

WITHIN = 60.0
"""Seconds for what servers and scripts do by themselves; a busy machine is slow."""

_addresses = itertools.count(1)


def new_address() -> str:
    """On loopback, and nobody has had it before."""
    number = next(_addresses)
    return f"127.{1 + os.getpid() % 250}.{number // 250}.{1 + number % 250}"


def image(server: Server, pod: Pod) -> Pod:
    """With the programs of a version."""
    for program in ("server", "cli", "check-rdb"):
        name = f"{server.family}-{program}"
        pod.program(name, f'exec {shlex.join(server.command(name))} "$@"')
    return pod


def placed(pod: Pod, text: str) -> str:
    return re.sub("|".join(PLACES), lambda found: str(pod.place(found[0])), text)


def eventually(happens: Callable[[], Any], within: float = WITHIN) -> bool:
    deadline = time.monotonic() + within
    while not happens():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def ask(host: str, port: int, user: str, password: str, *words: str) -> Any:
    """One command over a connection of its own; the reply as the server sent it."""
    # Without CLIENT SETINFO, which not every user may send.
    nameless = DriverInfo(name="", lib_version="")
    login = {"username": user, "password": password, "decode_responses": True, "protocol": 2}
    with Redis(host=host, port=port, socket_timeout=5, driver_info=nameless, **login) as client:
        client.response_callbacks.clear()
        return client.execute_command(*words)


class PodProcess:
    """The container of a pod; what the pod has as files outlives it."""

    def __init__(self, name: str, pod: Pod) -> None:
        self.name, self.pod = name, pod
        self._run: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return self.pod.address

    @property
    def log(self) -> str:
        """Of the server and of what came before it."""
        return self._said("log")

    @property
    def prestop_log(self) -> str:
        return self._said("prestop-log")

    def ask(self, *words: str) -> Any:
        """As the user of the tool."""
        raise NotImplementedError

    def answers(self) -> bool:
        try:
            return bool(self.ask("PING") == "PONG")
        except (RedisError, OSError):
            return False

    def start(self) -> None:
        self._run = self._program("start", "log")

    def kill(self, number: int = signal.SIGKILL) -> None:
        """The container: the server, or the gate before it."""
        self._end(self._run, number)

    def signal(self, number: int) -> None:
        """SIGSTOP makes a server that neither answers nor ends, SIGCONT wakes it up."""
        assert self._run is not None
        os.killpg(self._run.pid, number)

    def told_to_end(self) -> int:
        """SIGTERM to the first process alone, as the kubelet does; how it ended."""
        assert self._run is not None
        self._run.send_signal(signal.SIGTERM)
        return self.ended()

    def ended(self) -> int:
        assert self._run is not None
        return self._run.wait(timeout=WITHIN)

    def end(self) -> None:
        self._end(self._run, signal.SIGKILL)

    def prestop(self) -> subprocess.Popen[bytes]:
        return self._program("prestop", "prestop-log")

    def _said(self, log: str) -> str:
        path = self.pod.folder / log
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def _program(self, script: str, log: str) -> subprocess.Popen[bytes]:
        # setpriv: it ends with the program that started it, even when that is killed.
        command = [which("setpriv"), "--pdeathsig", "KILL", "--", *self.pod.command(script)]
        with (self.pod.folder / log).open("ab") as output:
            return subprocess.Popen(
                command,
                cwd=self.pod.place("/data"),
                env=self.pod.variables(),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @staticmethod
    def _end(process: subprocess.Popen[bytes] | None, number: int) -> None:
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            process.wait()
