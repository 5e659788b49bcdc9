# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real servers as processes on 127.0.0.1, for integration tests and the bench."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers import Server

START_TIMEOUT = 20.0
"""Seconds for a server to open its port; a busy machine takes a few."""

NODE_TIMEOUT = 15000
"""Milliseconds, the servers' own default."""


@dataclass
class Process:
    """One server; ``directory`` is its working directory, kept over a restart."""

    server: Server
    port: int
    directory: Path
    options: tuple[str, ...]
    process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        log = (self.directory / "log").open("ab")
        command = self.server.command("redis-server" if self.server.family == "redis" else "valkey-server")
        self.process = subprocess.Popen(
            [*command, *_options(self.port, self.directory), *self.options],
            stdout=log,
            stderr=log,
            start_new_session=True,
        )

    def wait_until_open(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        raise RuntimeError(f"{self.endpoint} did not open: {(self.directory / 'log').read_text()[-400:]}")

    def kill(self, number: int = signal.SIGKILL) -> None:
        if self.process is not None and self.process.poll() is None:
            os.kill(self.process.pid, number)
            self.process.wait()


def _options(port: int, directory: Path) -> list[str]:
    return [
        *("--port", str(port), "--bind", "127.0.0.1", "--dir", str(directory), "--daemonize", "no"),
        *("--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf"),
        *("--cluster-node-timeout", str(NODE_TIMEOUT), "--save", ""),
    ]


def free_ports(number: int) -> list[int]:
    """Ports that are free together with their bus port, 10000 above."""
    found: list[int] = []
    for port in range(20000, 30000):
        if len(found) == number:
            break
        if _is_free(port) and _is_free(port + 10000):
            found.append(port)
    return found


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@contextmanager
def processes(server: Server, number: int, options: Sequence[str] = ()) -> Iterator[list[Process]]:
    """``number`` running servers that know nothing of each other; ended and removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="k8sredis-") as folder:
        started = []
        try:
            for port in free_ports(number):
                directory = Path(folder) / str(port)
                directory.mkdir()
                started.append(Process(server, port, directory, tuple(options)))
                started[-1].start()
            for process in started:
                process.wait_until_open()
            yield started
        finally:
            for process in started:
                process.kill()
