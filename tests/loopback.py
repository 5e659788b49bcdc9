# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real servers as processes on loopback addresses, for integration tests and the bench.

All of 127.0.0.0/8 is the machine itself, so 127.0.0.1, 127.0.0.2 … serve as different hosts.
"""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from redis import Redis
from redis.driver_info import DriverInfo

from tests.servers import Server

START_TIMEOUT = 60.0
"""Seconds for a server to open its port; a busy machine takes a few."""

NODE_TIMEOUT = 15000
"""Milliseconds, the servers' own default."""

BUS_OFFSET = 10000
"""A server's bus port is this much above its port, unless told otherwise."""

PORTS = range(11000, 20000)
"""With the bus ports it ends at 30000: below the ports that Linux gives to outgoing connections (32768 and up)."""


@dataclass
class Process:
    """One server; ``directory`` is its working directory, kept over a restart.

    In ``options``, ``{port}`` and ``{host}`` stand for the server's own. ``access``: arguments of
    redis.Redis to log in with.
    """

    server: Server
    host: str
    port: int
    directory: Path
    options: tuple[str, ...] = ()
    access: Mapping[str, Any] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def start(self) -> None:
        """Also restarts: at another ``host`` or ``port`` when these were changed meanwhile."""
        command = self.server.command(f"{self.server.family}-server")
        with (self.directory / "log").open("ab") as log:
            # setpriv: the server ends with the program that started it, even when that is killed.
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "--", *command, *self._words()],
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _words(self) -> list[str]:
        options = [option.replace("{port}", str(self.port)).replace("{host}", self.host) for option in self.options]
        return [
            *("--port", str(self.port), "--bind", self.host, "--dir", str(self.directory), "--daemonize", "no"),
            *("--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf"),
            # As pods do: without it a server takes the address from which a connection happens to come.
            *("--cluster-announce-ip", self.host),
            *("--cluster-node-timeout", str(NODE_TIMEOUT), "--save", "", *options),
        ]

    def wait_until_open(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        while time.monotonic() < deadline:
            if _is_open(self.host, self.port):
                return
            time.sleep(0.02)
        raise RuntimeError(f"{self.endpoint} did not open: {(self.directory / 'log').read_text()[-400:]}")

    def send_signal(self, number: int) -> None:
        """SIGSTOP makes a server that neither answers nor ends, SIGCONT wakes it up."""
        if self.process is not None and self.process.poll() is None:
            os.kill(self.process.pid, number)

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Ends the server and waits until it has."""
        self.send_signal(number)
        if self.process is not None:
            self.process.wait()

    def ask(self, *words: str) -> Any:
        """One command over a connection of its own; the reply as the server sent it."""
        # Without CLIENT SETINFO, which not every user may send.
        nameless = DriverInfo(name="", lib_version="")
        options = {"decode_responses": True, "protocol": 2, "driver_info": nameless, **self.access}
        with Redis(host=self.host, port=self.port, **options) as client:
            client.response_callbacks.clear()
            return client.execute_command(*words)


def _is_open(host: str, port: int) -> bool:
    with socket.socket(_family(host)) as probe:
        return probe.connect_ex((host, port)) == 0


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


class Ports:
    """Ports that nobody else takes while they are held, not even over a restart of their server."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.gettempdir()) / f"k8sredis-ports-{os.getuid()}"
        self._folder.mkdir(exist_ok=True)
        self._held: list[IO[str]] = []

    def take(self, host: str = "127.0.0.1") -> int:
        for port in PORTS:
            if self._hold(port) and _is_free(host, port) and _is_free(host, port + BUS_OFFSET):
                return port
        raise RuntimeError(f"no free port on {host}")

    def _hold(self, port: int) -> bool:
        """Test processes that run side by side tell each other by locks, which the kernel drops with the process."""
        lock = (self._folder / str(port)).open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            return False
        self._held.append(lock)
        return True

    def release(self) -> None:
        for lock in self._held:
            lock.close()


def _is_free(host: str, port: int) -> bool:
    with socket.socket(_family(host)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the servers themselves do
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


@contextmanager
def ports() -> Iterator[Ports]:
    held = Ports()
    try:
        yield held
    finally:
        held.release()


@contextmanager
def processes(
    server: Server,
    number: int,
    options: Sequence[str] = (),
    hosts: Sequence[str] = ("127.0.0.1",),
    access: Mapping[str, Any] | None = None,
) -> Iterator[list[Process]]:
    """``number`` running servers that know nothing of each other, on ``hosts`` in turn; removed at the end."""
    with tempfile.TemporaryDirectory(prefix="k8sredis-") as folder, ports() as held:
        made = []
        for index in range(number):
            host = hosts[index % len(hosts)]
            port = held.take(host)
            directory = Path(folder) / str(port)
            directory.mkdir()
            made.append(Process(server, host, port, directory, tuple(options), access or {}))
        try:
            for process in made:
                process.start()
            for process in made:
                process.wait_until_open()
            yield made
        finally:
            for process in made:
                process.kill()
