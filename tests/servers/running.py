# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One server process that reads a configuration file, for as long as a test needs it."""

from __future__ import annotations

import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis

from tests.loopback import ports
from tests.servers.server import Server

START_WITHIN = 60.0
"""Seconds; a busy machine takes long to load a program."""


class DidNotStartError(Exception):
    """The last lines of the server's log."""


@dataclass
class Running:
    server: Server
    port: int
    folder: Path
    process: subprocess.Popen[bytes]

    def client(self, username: str | None = None, password: str | None = None) -> Any:
        """A client that hands replies over as the server sent them."""
        client = redis.Redis(
            port=self.port, username=username, password=password, decode_responses=True, protocol=2, socket_timeout=10
        )
        client.response_callbacks.clear()
        return client

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")


@contextmanager
def running(server: Server, configuration: str) -> Iterator[Running]:
    """Starts the server in a new folder; ``configuration`` may say ``{folder}`` and ``{port}``."""
    with tempfile.TemporaryDirectory(prefix="k8sredis-") as name, ports() as held:
        folder = Path(name)
        port = held.take()
        path = folder / "redis.conf"
        path.write_text(configuration.replace("{folder}", name).replace("{port}", str(port)), encoding="utf-8")
        # setpriv: the server ends with the program that started it, even when that is killed.
        command = ["setpriv", "--pdeathsig", "KILL", "--", *server.command(f"{server.family}-server"), str(path)]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=subprocess.STDOUT)
        try:
            it = Running(server, port, folder, process)
            wait_until_it_listens(it)
            yield it
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_until_it_listens(it: Running) -> None:
    deadline = time.monotonic() + START_WITHIN
    while time.monotonic() < deadline:
        if it.process.poll() is not None:
            break
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", it.port)) == 0:
                return
        time.sleep(0.02)
    raise DidNotStartError("\n".join(it.log.splitlines()[-5:]))
