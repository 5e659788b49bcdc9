# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An instance with Sentinels whose pods are processes of this machine: the real scripts and programs, each pod at an
address of its own that it keeps, all servers with one port, and all Sentinels with one."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ansible_collections.k8sredis.core.plugins.module_utils._decide import acl
from ansible_collections.k8sredis.core.plugins.module_utils._decide.acl import ALL_CHANNELS, ALL_KEYS, User
from ansible_collections.k8sredis.core.plugins.module_utils._decide.acl import password_hash as hashed
from ansible_collections.k8sredis.core.plugins.module_utils._decide.acl import text as acl_text

from tests.integration.pod_process import PodProcess, ask, eventually, image, new_address, placed
from tests.loopback import ports
from tests.servers import Server
from tests.unit.scripts.pod import Pod

NAMESPACE = "web"
DOWN_AFTER = 3000
"""Milliseconds: with less, a machine that is busy for a second has failovers that no test asked for."""

PASSWORDS = {
    "replication": "replica-secret",
    "probe": "probe-secret",
    "keeper": "keeper-secret",
    "watch": "watch-secret",
    "peer": "peer-secret",
}
TOOL, APPLICATION, ASKER = "tool-secret", "app-secret", "asker-secret"
"""The application is the user default, at the Sentinels with a password of its own."""


TESTER = User(acl.TOOL, (hashed(TOOL),), ("+@all",), ALL_KEYS, ALL_CHANNELS)
"""May do everything: what tests look at is not what the modules send."""


def _but_the_tool(users: tuple[User, ...]) -> list[User]:
    """As the collection makes them, so that the scripts are tried with no more rights than they have."""
    return [TESTER if user.name == acl.TOOL else user for user in users]


SERVER_USERS = (
    acl.apart_from_sentinels(User("default", (hashed(APPLICATION),), acl.APPLICATION_COMMANDS, ALL_KEYS, ALL_CHANNELS)),
    *_but_the_tool(
        acl.watched_users(
            hashed(TOOL), *(hashed(PASSWORDS[name]) for name in ("replication", "probe", "keeper", "watch"))
        )
    ),
)
SENTINEL_USERS = (
    User("default", (hashed(ASKER),), acl.SENTINEL_CLIENT_COMMANDS, channels=ALL_CHANNELS),
    *_but_the_tool(
        acl.sentinel_users(hashed(TOOL), *(hashed(PASSWORDS[name]) for name in ("peer", "probe", "keeper")))
    ),
)


class ServerPod(PodProcess):
    def __init__(self, made: SentinelInstance, name: str, folder: Path) -> None:
        super().__init__(name, image(made.server, Pod(folder, made.shell, "redis_sentinel")))
        self.made = made
        self.pod.address = new_address()
        self._mount()

    def _mount(self) -> None:
        persistence = self.made.persistence
        save = '""' if persistence != "rdb" else "3600 1"
        boot = [
            *(f"port {self.made.port}", f"bind {self.address}", "protected-mode yes", "dir /data"),
            "aclfile /etc/k8sredis/auth/users.acl",
            f"appendonly {'yes' if persistence == 'aof' else 'no'}",
            "include /usr/local/etc/redis/live.conf",
        ]
        live = [f"save {save}", "repl-diskless-sync-delay 0", "repl-backlog-size 16mb"]
        self.pod.write("/usr/local/etc/redis/redis.conf", placed(self.pod, "".join(f"{line}\n" for line in boot)))
        self.pod.write("/usr/local/etc/redis/live.conf", "".join(f"{line}\n" for line in live))
        mount_secrets(self.pod, SERVER_USERS)
        self.pod.environment = {
            "POD_NAMESPACE": NAMESPACE,
            "POD_NAME": self.name,
            "POD_IPS": self.address,
            "IP_FAMILY": "ipv4",
            "PORT": str(self.made.port),
            "SENTINEL_PORT": str(self.made.sentinel_port),
            "MASTER_NAME": self.made.master_name,
            "PERSISTENCE": persistence,
            "MODULES": "bundled",
            "HAND_OVER_SECONDS": "30",
        }

    def ask(self, *words: str, user: str = "k8sredis-tool") -> Any:
        return ask(self.address, self.made.port, user, APPLICATION if user == "default" else TOOL, *words)

    def told(self) -> dict[str, str]:
        """INFO replication."""
        text = self.ask("INFO", "replication")
        return dict(line.split(":", 1) for line in text.splitlines() if ":" in line)

    def is_master(self) -> bool:
        return self.answers() and self.told()["role"] == "master"

    def follows(self, master: ServerPod) -> bool:
        """In sync."""
        return self.answers() and self.ask("ROLE")[:4] == ["slave", master.address, self.made.port, "connected"]

    def follows_nobody(self) -> bool:
        return self.answers() and self.ask("ROLE")[:4] == ["slave", "127.0.0.1", 1, "connect"]

    def waits(self, words: str = "") -> bool:
        """Its gate does, and says so."""
        sign = self.pod.place("/run/redis/gate")
        return sign.exists() and words in sign.read_text(encoding="utf-8")

    def lose_data(self) -> None:
        """A claim that is lost."""
        empty(self.pod.place("/data"))


class SentinelPod(PodProcess):
    def __init__(self, made: SentinelInstance, name: str, folder: Path, server_pod: ServerPod | None = None) -> None:
        """``server_pod``: of which this is the second container."""
        super().__init__(name, image(made.server, Pod(folder, made.shell, "redis_sentinel")))
        self.made = made
        self.pod.address = server_pod.address if server_pod else new_address()
        if server_pod:
            data = self.pod.place("/data")
            data.rmdir()
            data.symlink_to(server_pod.pod.place("/data"))
        # In a pod it is alone; here it would take the port from all others. The option comes last in its file.
        server = f"{made.server.family}-server"
        self.pod.program(server, f'exec {shlex.join(made.server.command(server))} "$@" --bind {self.address}')
        mount_secrets(self.pod, SENTINEL_USERS)
        self.pod.environment = {
            "POD_NAMESPACE": NAMESPACE,
            "POD_NAME": name,
            "MASTER_NAME": made.master_name,
            "PORT": str(made.sentinel_port),
            "SERVER_PORT": str(made.port),
            "QUORUM": str(made.quorum),
            "DOWN_AFTER": str(made.down_after),
            "FAILOVER_TIMEOUT": "10000",
            "PARALLEL_SYNCS": "1",
        }

    @property
    def file(self) -> Path:
        return self.pod.place("/data/sentinel.conf")

    def start(self) -> None:
        self._run = self._program("sentinel", "log")

    def ask(self, *words: str) -> Any:
        return ask(self.address, self.made.sentinel_port, "k8sredis-tool", TOOL, *words)

    def names(self) -> str:
        """The address of its master; empty when it knows none."""
        return (self.ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", self.made.master_name) or [""])[0]

    def told(self) -> dict[str, str]:
        """SENTINEL MASTER."""
        return fields(self.ask("SENTINEL", "MASTER", self.made.master_name))

    def others(self) -> list[dict[str, str]]:
        return list(map(fields, self.ask("SENTINEL", "SENTINELS", self.made.master_name)))

    def replicas(self) -> list[dict[str, str]]:
        return list(map(fields, self.ask("SENTINEL", "REPLICAS", self.made.master_name)))

    def monitor(self, master: ServerPod) -> None:
        """As a run does."""
        name = self.made.master_name
        self.ask("SENTINEL", "MONITOR", name, master.address, str(self.made.port), str(self.made.quorum))
        login = ("auth-user", "k8sredis-sentinel", "auth-pass", PASSWORDS["watch"])
        timing = ("down-after-milliseconds", str(self.made.down_after), "failover-timeout", "10000")
        self.ask("SENTINEL", "SET", name, *login, *timing)

    def lose_disk(self) -> None:
        empty(self.pod.place("/data"))


class SentinelInstance:
    def __init__(
        self,
        server: Server,
        shell: str,
        used: tuple[int, int],
        folder: Path,
        *,
        servers: int = 3,
        sentinels: int = 3,
        name: str = "sessions",
        persistence: str = "none",
        down_after: int = DOWN_AFTER,
        colocated: bool = False,
    ) -> None:
        """``colocated``: each server has a Sentinel in its pod, and nobody is a Sentinel alone."""
        self.server, self.shell = server, shell
        self.port, self.sentinel_port = used
        self.persistence, self.down_after = persistence, down_after
        self.quorum = (servers if colocated else sentinels) // 2 + 1
        self.master_name = f"{NAMESPACE}.{name}"
        self._folder = folder
        self.servers = [ServerPod(self, each, self._made(each)) for each in _names(f"{name}-0", servers)]
        if colocated:
            self.sentinels = [SentinelPod(self, one.name, self._made(f"{one.name}-2"), one) for one in self.servers]
        else:
            self.sentinels = [
                SentinelPod(self, each, self._made(each)) for each in _names(f"{name}-sentinel", sentinels)
            ]
        self.write_book(self.servers, self.sentinels)

    def _made(self, name: str) -> Path:
        folder = self._folder / name
        folder.mkdir(parents=True)
        return folder

    @property
    def pods(self) -> list[PodProcess]:
        return [*self.servers, *self.sentinels]

    def write_book(self, servers: Sequence[ServerPod], sentinels: Sequence[SentinelPod]) -> None:
        """Into every pod."""
        for pod in (each.pod for each in self.pods):
            for kind, listed in (("servers", servers), ("sentinels", sentinels)):
                text = "".join(f"{each.name} {each.address}\n" for each in listed)
                pod.write(f"/etc/k8sredis/addresses/{kind}", text)

    def start(self) -> None:
        for pod in self.pods:
            pod.start()

    def kill(self) -> None:
        for pod in self.pods:
            pod.kill()

    def bootstrap(self) -> ServerPod:
        """All run, and agree on the first server as master."""
        self.start()
        assert eventually(lambda: all(each.follows_nobody() for each in self.servers)), self.trouble()
        assert eventually(lambda: all(each.answers() for each in self.sentinels)), self.trouble()
        self.promote(self.servers[0])
        return self.servers[0]

    def promote(self, master: ServerPod) -> None:
        """As a run does where all servers follow nobody: one becomes master, the others and the Sentinels are told."""
        master.ask("REPLICAOF", "NO", "ONE")
        for other in self.servers:
            if other is not master:
                other.ask("REPLICAOF", master.address, str(self.port))
        for sentinel in self.sentinels:
            sentinel.monitor(master)
        assert eventually(lambda: self.agree_on(master)), self.trouble()

    def master(self) -> ServerPod | None:
        """Whom all Sentinels name, and all servers follow."""
        return next((each for each in self.servers if self.agree_on(each)), None)

    def agreed(self) -> ServerPod:
        """Waits for it."""
        assert eventually(lambda: self.master() is not None), self.trouble()
        master = self.master()
        assert master is not None, self.trouble()
        return master

    def agree_on(self, master: ServerPod) -> bool:
        if not all(each.answers() and self._knows_all(each, master) for each in self.sentinels):
            return False
        return master.is_master() and all(each.follows(master) for each in self.servers if each is not master)

    def _knows_all(self, sentinel: SentinelPod, master: ServerPod) -> bool:
        if sentinel.names() != master.address or sentinel.told()["flags"] != "master":
            return False
        replicas, others = sentinel.replicas(), sentinel.others()
        if not all(is_well(each) for each in (*replicas, *others)):
            return False
        followers = sorted(each.address for each in self.servers if each is not master)
        fellows = sorted(each.address for each in self.sentinels if each is not sentinel)
        return sorted(each["ip"] for each in replicas) == followers and sorted(each["ip"] for each in others) == fellows

    def trouble(self) -> str:
        """For a person who reads why a test failed."""
        texts = []
        for pod in self.pods:
            said = str(pod.ask("ROLE")) if pod.answers() else "no answer"
            texts.append(f"{pod.name} {pod.address}: {said}\n{pod.log[-1500:]}\n{pod.prestop_log}")
        return "\n".join(texts)

    def end(self) -> None:
        for pod in self.pods:
            pod.end()


def mount_secrets(pod: Pod, users: Sequence[User]) -> None:
    pod.write("/etc/k8sredis/auth/users.acl", acl_text(users))
    for name, password in PASSWORDS.items():
        pod.write(f"/etc/k8sredis/auth/{name}-password", password)


def empty(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir():
            path.rmdir()
        else:
            path.unlink()


def fields(told: list[str]) -> dict[str, str]:
    return dict(zip(told[::2], told[1::2], strict=True))


def is_well(told: dict[str, str]) -> bool:
    """Of Valkey 9.1, 'master_down' stays behind when a failover is over."""
    return not {"s_down", "o_down", "disconnected"} & set(told["flags"].split(","))


def _names(stem: str, number: int) -> list[str]:
    return [f"{stem}-{ordinal}" for ordinal in range(number)]


@contextmanager
def sentinel_instance(server: Server, shell: str, folder: Path, **settings: Any) -> Iterator[SentinelInstance]:
    """Nothing of it runs yet."""
    with ports() as held:
        made = SentinelInstance(server, shell, (held.take(), held.take()), folder, **settings)
        try:
            yield made
        finally:
            made.end()
