# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HAProxy with the role's configuration, in front of servers that Sentinels watch."""

from __future__ import annotations

import os
import subprocess
import tempfile
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from tests.environment import CHECKOUT
from tests.integration.pod_process import eventually
from tests.integration.sentinels import NAME, Watched
from tests.loopback import ports
from tests.servers import Server

TEMPLATE = CHECKOUT / "roles" / "redis_sentinel" / "templates" / "haproxy.cfg.j2"
USER, PASSWORD = "k8sredis-probe", "Zm9v-WJh_c2VjcmV0LWJ1dC1ub3QtcmVhbGx5LTEyMw"
APPLICATION = {"username": "application", "password": "app"}
NEVER = 600
"""Seconds; by then every test is over."""

PATIENCE: dict[tuple[int, ...], int] = {(3, 0): 5}
"""Seconds. When a server is marked down to which a client was just being connected, HAProxy 3.0.11 forgets that client:
it is told nothing, and has to leave by itself."""

AT_SERVERS = ("+ping", "+info", "+role")
AT_SENTINELS = ("+ping", "+sentinel|get-master-addr-by-name")


def configuration(servers: Sequence[str], sentinels: Sequence[str], **given: Any) -> str:
    """As Ansible renders it, by addresses; servers are named sessions-0-0 and so on."""
    named = {
        "servers": [{"name": f"sessions-0-{number}", "address": each} for number, each in enumerate(servers)],
        "sentinels": [
            {"name": f"sessions-sentinel-{number}", "address": each} for number, each in enumerate(sentinels)
        ],
    }
    # S701: a configuration of HAProxy, not HTML; escaping would change its quotes.
    environment = Environment(trim_blocks=True, keep_trailing_newline=True, undefined=StrictUndefined)  # noqa: S701
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    return template.render(master_name=NAME, **named, **given)


@dataclass
class Proxy:
    program: Server
    folder: Path
    port: int
    replicas_port: int
    health_port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")

    def start(self, watched: Watched) -> None:
        path = self.folder / "haproxy.cfg"
        text = configuration(
            [each.host for each in watched.servers],
            [each.host for each in watched.sentinels],
            port=watched.servers[0].port,
            sentinel_port=watched.sentinels[0].port,
            proxy_port=self.port,
            proxy_replicas_port=self.replicas_port,
            proxy_health_port=self.health_port,
            ip_family="ipv4",
        )
        path.write_text(text, encoding="utf-8")
        # setpriv: it ends with the program that started it, even when that is killed.
        command = ["setpriv", "--pdeathsig", "KILL", "--", *self.program.command("haproxy"), "-f", str(path)]
        with (self.folder / "log").open("ab") as log:
            environment = {**os.environ, "PROBE_PASSWORD": PASSWORD}
            self.process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)

    def is_healthy(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.health_port}/healthz", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def client(self, *, replicas: bool = False) -> Redis:
        """Plain: one address, one connection, one try, and it never leaves by itself where HAProxy deserves that."""
        patience = PATIENCE.get(self.program.version_key[:2], NEVER)
        port = self.replicas_port if replicas else self.port
        retry = Retry(NoBackoff(), 0)
        return Redis(
            port=port,
            decode_responses=True,
            socket_timeout=patience,
            retry=retry,
            single_connection_client=True,
            **APPLICATION,
        )

    def leads_to(self, *, replicas: bool = False) -> str:
        """The run id of the server that a new connection reaches; empty when it is closed."""
        try:
            with self.client(replicas=replicas) as client:
                return str(client.info("server")["run_id"])
        except (RedisError, OSError):
            return ""

    def end(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()


@contextmanager
def proxied(program: Server, watched: Watched) -> Iterator[Proxy]:
    """Once it leads to the master."""
    for each in watched.servers:
        each.ask("ACL", "SETUSER", "application", "on", ">app", "~*", "&*", "+@all")
    for group, rights in ((watched.servers, AT_SERVERS), (watched.sentinels, AT_SENTINELS)):
        for each in group:
            each.ask("ACL", "SETUSER", USER, "on", f">{PASSWORD}", *rights)
    with unready(program, watched) as made:
        assert eventually(made.leads_to), made.log
        yield made


@contextmanager
def unready(program: Server, watched: Watched) -> Iterator[Proxy]:
    """From its first moment."""
    with tempfile.TemporaryDirectory(prefix="k8sredis-") as folder, ports() as held:
        made = Proxy(program, Path(folder), held.take(), held.take(), held.take())
        made.start(watched)
        try:
            yield made
        finally:
            made.end()
