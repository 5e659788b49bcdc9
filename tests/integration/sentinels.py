# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A master, its replicas and the Sentinels that watch it, as processes on loopback addresses."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.integration import modules
from tests.integration.pod_process import eventually
from tests.loopback import Process, ports
from tests.servers import Server

NAME = "web-sessions"
DOWN_AFTER = 3000
"""Milliseconds: with less, a machine that is busy for a second has failovers that no test asked for."""


class Plain(Process):
    """A server that belongs to no cluster."""

    def _words(self) -> list[str]:
        return [
            *("--port", str(self.port), "--bind", self.host, "--dir", str(self.directory), "--daemonize", "no"),
            # On loopback a connection comes from 127.0.0.1, whatever the server is bound to.
            *("--replica-announce-ip", self.host, "--save", "", "--repl-diskless-sync-delay", "0", *self.options),
        ]


class Watcher(Process):
    """A Sentinel."""

    def _words(self) -> list[str]:
        file = self.directory / "sentinel.conf"
        if not file.exists():
            lines = [f"port {self.port}", f"bind {self.host}", f"dir {self.directory}"]
            lines += [f"sentinel announce-ip {self.host}", *self.options, ""]
            file.write_text("\n".join(lines), encoding="utf-8")
        return [str(file), "--sentinel"]


@dataclass(frozen=True)
class Watched:
    servers: list[Process]
    """The first one was made the master."""
    sentinels: list[Process]

    def run(self, module: str, *, check: bool = False, **options: Any) -> modules.Result:
        return modules.run([module], self.servers, check=check, **self.target(), **options)[0]

    def succeed(self, module: str, *, check: bool = False, **options: Any) -> modules.Result:
        return modules.succeed([module], self.servers, check=check, **self.target(), **options)[0]

    def refuse(self, module: str, **options: Any) -> str:
        return modules.refuse(module, self.servers, **self.target(), **options)

    def target(self) -> dict[str, Any]:
        return {"master_name": NAME, "sentinels": [each.endpoint for each in self.sentinels]}

    def findings(self) -> set[str]:
        return self.succeed("sentinel_info").findings

    def masters(self) -> list[str]:
        """Servers that call themselves master."""
        return self.masters_of(self.servers)

    @staticmethod
    def masters_of(servers: Sequence[Process]) -> list[str]:
        """Of these."""
        return [server.endpoint for server in servers if server.ask("ROLE")[0] == "master"]


def agree_on(watched: Watched, master: Process) -> bool:
    """Read without the collection's own code: what every Sentinel and every server says."""
    for sentinel in watched.sentinels:
        fields = told_by(sentinel)
        if (fields["ip"], fields["port"], fields["flags"]) != (master.host, str(master.port), "master"):
            return False
        replicas, others = (
            list(map(_fields, sentinel.ask("SENTINEL", kind, NAME))) for kind in ("REPLICAS", "SENTINELS")
        )
        if [each["flags"] for each in replicas] != ["slave"] * (len(watched.servers) - 1):
            return False
        if [each["flags"] for each in others] != ["sentinel"] * (len(watched.sentinels) - 1):
            return False
    return follow_all(watched, master)


def follow_all(watched: Watched, master: Process) -> bool:
    return all(_follows(server, master) for server in watched.servers)


def come_to_agree(watched: Watched, master: Process) -> bool:
    """On a busy machine a Sentinel now and then holds a server for dead for a moment."""
    return eventually(lambda: agree_on(watched, master))


def told_by(sentinel: Process) -> dict[str, str]:
    """What it says of the master."""
    return _fields(sentinel.ask("SENTINEL", "MASTER", NAME))


def _fields(told: list[str]) -> dict[str, str]:
    return dict(zip(told[::2], told[1::2], strict=True))


def _follows(server: Process, master: Process) -> bool:
    role = server.ask("ROLE")
    if server is master:
        return bool(role[0] == "master")
    return bool(role[:4] == ["slave", master.host, master.port, "connected"])


@contextmanager
def watched(
    server: Server, replicas: int = 2, sentinels: int = 3, *, told: bool = True, down_after: int = DOWN_AFTER
) -> Iterator[Watched]:
    """Each server on an address of its own, and so each Sentinel, with one port as pods have; all agree, unless the
    Sentinels are not ``told``."""
    with tempfile.TemporaryDirectory(prefix="k8sredis-") as folder, ports() as held:
        port, sentinel_port = held.take(), held.take()
        master = _made(Plain, server, port, Path(folder), 0)
        follow = ("--replicaof", f"{master.host} {master.port}")
        servers = [master, *(_made(Plain, server, port, Path(folder), n, follow) for n in range(1, replicas + 1))]
        watch = (
            f"sentinel monitor {NAME} {master.host} {master.port} {sentinels // 2 + 1}",
            f"sentinel down-after-milliseconds {NAME} {down_after}",
            f"sentinel failover-timeout {NAME} 10000",
        )
        watchers = [
            _made(Watcher, server, sentinel_port, Path(folder), n, watch if told else ()) for n in range(sentinels)
        ]
        try:
            for process in (*servers, *watchers):
                process.start()
            for process in (*servers, *watchers):
                process.wait_until_open()
            made = Watched(servers, watchers)
            assert eventually(lambda: follow_all(made, master)), "they do not follow"
            assert not told or come_to_agree(made, master), "they do not agree"
            yield made
        finally:
            for process in (*servers, *watchers):
                process.kill()


def _made(
    kind: type[Process], server: Server, port: int, folder: Path, number: int, options: tuple[str, ...] = ()
) -> Process:
    host = f"127.0.0.{number + 1}"
    directory = folder / f"{port}-{number}"
    directory.mkdir()
    return kind(server, host, port, directory, options)
