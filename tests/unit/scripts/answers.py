# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A pod of an instance with Sentinels, with a client that says what the others would say."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from tests.unit.scripts.pod import Pod

SERVERS = {f"sessions-0-{number}": f"10.96.1.{number}" for number in range(3)}
SENTINELS = {f"sessions-sentinel-{number}": f"10.96.2.{number}" for number in range(3)}
WITHIN = 30.0
NOBODY = "\nPONG\nERR No such master with that name\n\n"

OF_SENTINEL = {
    "PORT": "26379",
    "SERVER_PORT": "6379",
    "QUORUM": "2",
    "DOWN_AFTER": "5000",
    "FAILOVER_TIMEOUT": "60000",
    "PARALLEL_SYNCS": "1",
}
"""The environment of the container of a Sentinel."""


def names(address: str, *, flags: str = "master", silence: int = 300) -> str:
    """What a Sentinel says that has this master."""
    fields = {"flags": flags, "last-ok-ping-reply": silence, "down-after-milliseconds": 5000}
    return f"{address}\n6379\nPONG\n" + "".join(f"{name}\n{value}\n" for name, value in fields.items())


def replica(*, offset: int = 0, history: str = "a", link: str = "down", since: int = -1, loading: int = 0) -> str:
    """What a server says that follows somebody."""
    state = f"master_link_status:{link}\r\n" + (f"master_link_down_since_seconds:{since}\r\n" if link != "up" else "")
    replication = f"role:slave\r\nmaster_host:10.96.1.1\r\n{state}slave_repl_offset:{max(offset, 1)}\r\n"
    told = f"# Replication\r\n{replication}master_replid:{history}\r\nmaster_repl_offset:{offset}\r\n"
    keys = "db0:keys=3,expires=0,avg_ttl=0\r\n" if offset else ""
    return f"# Persistence\r\nloading:{loading}\r\nasync_loading:0\r\n\r\n{told}\r\n# Keyspace\r\n{keys}"


def master(offset: int = 7) -> str:
    told = f"# Replication\r\nrole:master\r\nmaster_replid:b\r\nmaster_repl_offset:{offset}\r\n"
    return f"# Persistence\r\nloading:0\r\n\r\n{told}\r\n# Keyspace\r\n"


class Answering(Pod):
    """The pod sessions-0-1, or one of a Sentinel; all others are silent until they are given something to say."""

    def __init__(self, folder: Path, shell: str) -> None:
        super().__init__(folder, shell, "redis_sentinel")
        self.environment = {
            "POD_NAMESPACE": "web",
            "POD_NAME": "sessions-0-1",
            "PORT": "6379",
            "SENTINEL_PORT": "26379",
            "MASTER_NAME": "web.sessions",
            "PERSISTENCE": "aof",
            "MODULES": "",
            "HAND_OVER_SECONDS": "20",
        }
        self.answers = folder / "answers"
        self.answers.mkdir()
        for kind, book in (("servers", SERVERS), ("sentinels", SENTINELS)):
            self.write(
                f"/etc/k8sredis/addresses/{kind}", "".join(f"{name} {address}\n" for name, address in book.items())
            )
        self.write("/etc/k8sredis/auth/watch-password", "watch-secret")
        self.write("/etc/k8sredis/auth/peer-password", "peer-secret")
        self.program("redis-server", 'echo "redis-server $*"')
        self.program("redis-cli", f'cat >>"{folder}/asked"; cat "{self.answers}/$2"')

    def says(self, text: str, *hosts: str) -> None:
        """By names in the book."""
        for host in hosts:
            path = self.answers / (SERVERS | SENTINELS).get(host, host)
            new = path.with_suffix(".new")
            new.write_text(text, encoding="utf-8")
            new.replace(path)

    def begin(self, script: str = "start", **environment: str) -> subprocess.Popen[str]:
        command, variables = self.command(script), self.variables(**environment)
        return subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def waits_for(self, words: str) -> bool:
        """The gate says so, in time."""
        sign = self.place("/run/redis/gate")
        deadline = time.monotonic() + WITHIN
        while not (sign.exists() and words in sign.read_text(encoding="utf-8")):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True

    def configuration(self) -> list[str]:
        return self.place("/run/redis/redis.conf").read_text(encoding="utf-8").splitlines()
