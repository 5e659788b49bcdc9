# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An instance whose pods are processes of this machine: the real scripts and servers, each pod at its own address,
all with one port, and a name service that a test can change."""

from __future__ import annotations

import itertools
import shlex
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ansible_collections.k8sredis.core.plugins.module_utils._decide import acl
from ansible_collections.k8sredis.core.plugins.module_utils._decide.configuration import configuration
from ansible_collections.k8sredis.core.plugins.module_utils._decide.declaration import declaration

from tests.integration.pod_process import PodProcess, ask, eventually, image, new_address, placed
from tests.loopback import BUS_OFFSET, ports
from tests.servers import Server
from tests.unit.scripts.pod import Pod

PASSWORDS = {
    "tool": "tool-secret",
    "replication": "replica-secret",
    "probe": "probe-secret",
    "keeper": "keeper-secret",
    "default": "app-secret",
}
DOMAIN = "shop-nodes.web.svc.cluster.local"
NODE_TIMEOUT = 2000
"""Milliseconds; the shortest that the role allows."""


def mount(pod: Pod, **settings: Any) -> None:
    """What preflight and users make for it."""
    declared, problems = declaration({"name": "shop", **settings})
    assert problems == []
    texts = configuration(declared)
    pod.write("/usr/local/etc/redis/redis.conf", placed(pod, texts.boot))
    pod.write("/usr/local/etc/redis/live.conf", placed(pod, texts.live))
    hashes = {name: acl.password_hash(password) for name, password in PASSWORDS.items()}
    system = acl.system_users(hashes["tool"], hashes["replication"], hashes["probe"], hashes["keeper"])
    application = acl.User(acl.DEFAULT, (hashes["default"],), acl.APPLICATION_COMMANDS, acl.ALL_KEYS, acl.ALL_CHANNELS)
    pod.write("/etc/k8sredis/auth/users.acl", acl.text(acl.all_users(system, application, ())))


class Member(PodProcess):
    """A pod; its data outlives a restart, at whatever address."""

    def __init__(self, made: Instance, name: str, folder: Path) -> None:
        super().__init__(name, image(made.server, Pod(folder, made.shell)))
        self.made = made
        self._keeper: subprocess.Popen[bytes] | None = None
        self._resolve_by(made.hosts)
        self.move()

    @property
    def hostname(self) -> str:
        return f"{self.name}.{DOMAIN}"

    @property
    def keeper_log(self) -> str:
        return self._said("keeper-log")

    @property
    def id(self) -> str:
        return str(self.ask("CLUSTER", "MYID"))

    def move(self, address: str = "") -> None:
        """To an address that nobody has had before, unless given; the name follows."""
        self.pod.address = address or new_address()
        mount(self.pod, port=self.made.port, bus_port=self.made.port + BUS_OFFSET, **self.made.settings)
        path = self.pod.place("/usr/local/etc/redis/redis.conf")
        path.write_text(f"{path.read_text(encoding='utf-8')}bind {self.address}\n", encoding="utf-8")
        self.pod.environment |= {
            "POD_NAME": self.name,
            "POD_IPS": self.address,
            "ANNOUNCE_HOSTNAME": self.hostname,
            "PORT": str(self.made.port),
            "PERSISTENCE": self.made.settings["persistence"],
            "HAND_OVER_SECONDS": "30",
        }
        self.made.resolve(self.hostname, self.address)

    def keep(self) -> None:
        self._keeper = self._program("keeper", "keeper-log")

    def forget_log(self) -> None:
        """Of the keeper."""
        (self.pod.folder / "keeper-log").unlink()

    def stop_keeping(self) -> int:
        """As the kubelet does; how the keeper ended."""
        assert self._keeper is not None
        self._keeper.send_signal(signal.SIGTERM)
        return self._keeper.wait(timeout=10)

    def end(self) -> None:
        super().end()
        self._end(self._keeper, signal.SIGKILL)

    def ask(self, *words: str, user: str = acl.TOOL) -> Any:
        """One command over a connection of its own."""
        return ask(self.address, self.made.port, user, PASSWORDS["tool" if user == acl.TOOL else "default"], *words)

    def is_master(self) -> bool:
        return self.answers() and "role:master" in self.ask("INFO", "replication")

    def is_linked(self) -> bool:
        """A replica that has all."""
        return self.answers() and "master_link_status:up" in self.ask("INFO", "replication")

    def sees(self) -> list[list[str]]:
        """The fields of each line of its table."""
        return [line.split() for line in self.ask("CLUSTER", "NODES").splitlines()]

    def _resolve_by(self, hosts: Path) -> None:
        """The client's -h NAME becomes what the file says, or a name that nobody has."""
        cli = f"{self.made.server.family}-cli"
        program = shlex.join(self.made.server.command(cli))
        self.pod.program(
            cli,
            f'[ "$1" = -h ] || exec {program} "$@"\n'
            f'case $2 in *.*.*.cluster.local) address=$(sed -n "s/^$2 //p" "{hosts}") ;; *) address=$2 ;; esac\n'
            f'shift 2\nexec {program} -h "${{address:-no-such-name.invalid}}" "$@"',
        )


class Instance:
    def __init__(self, server: Server, shell: str, port: int, folder: Path, **settings: Any) -> None:
        self.server, self.shell, self.port = server, shell, port
        self.settings = {"node_timeout": NODE_TIMEOUT, "persistence": "none", **settings}
        self.hosts = folder / "hosts"
        self._names: dict[str, str] = {}
        self.members: dict[str, Member] = {}
        self._folder = folder

    def __getitem__(self, name: str) -> Member:
        return self.members[name]

    def resolve(self, name: str, address: str) -> None:
        """An empty address: nobody has the name any more."""
        self._names[name] = address
        text = "".join(f"{each} {where}\n" for each, where in self._names.items() if where)
        self.hosts.write_text(text, encoding="utf-8")

    def create(self, shards: int, replicas: int) -> None:
        """All linked; ordinal 0 of each shard is its master."""
        for shard, ordinal in itertools.product(range(shards), range(replicas + 1)):
            name = f"shop-{shard}-{ordinal}"
            folder = self._folder / name
            folder.mkdir()
            self.members[name] = Member(self, name, folder)
        self.start()
        first, *others = self.members.values()
        for member in others:
            first.ask("CLUSTER", "MEET", member.address, str(self.port), str(self.port + BUS_OFFSET))
        assert eventually(lambda: all(self._is_met(member) for member in self.members.values())), self.trouble()
        ends = [16384 * shard // shards for shard in range(shards + 1)]
        for shard in range(shards):
            master = self[f"shop-{shard}-0"]
            master.ask("CLUSTER", "BUMPEPOCH")
            master.ask("CLUSTER", "ADDSLOTSRANGE", str(ends[shard]), str(ends[shard + 1] - 1))
            for ordinal in range(1, replicas + 1):
                self[f"shop-{shard}-{ordinal}"].ask("CLUSTER", "REPLICATE", master.id)
        assert eventually(self.is_healthy), self.trouble()

    def _is_met(self, member: Member) -> bool:
        lines = member.sees()
        return len(lines) == len(self.members) and not any("handshake" in line[2] for line in lines)

    def start(self) -> None:
        for member in self.members.values():
            member.start()
        assert eventually(lambda: all(member.answers() for member in self.members.values())), self.trouble()

    def is_healthy(self) -> bool:
        """Everybody sees everybody, by name, address, role and slots, every replica has all."""
        names = {member.hostname for member in self.members.values()}
        if not all(self._is_well(member, names) for member in self.members.values()):
            return False
        tables = [{(line[0], line[3], *line[8:]) for line in member.sees()} for member in self.members.values()]
        return all(table == tables[0] for table in tables)

    def _is_well(self, member: Member, names: set[str]) -> bool:
        if not member.answers() or "cluster_state:ok" not in member.ask("CLUSTER", "INFO"):
            return False
        lines = member.sees()
        known = {line[1].split(",")[1]: line[1].split(":")[0] for line in lines if "," in line[1]}
        well = not any("fail" in line[2] or "handshake" in line[2] or line[7] != "connected" for line in lines)
        right = all(known.get(each.hostname) == each.address for each in self.members.values())
        return well and right and set(known) == names and (member.is_master() or member.is_linked())

    def trouble(self) -> str:
        """For a person who reads why a test failed."""
        texts = []
        for member in self.members.values():
            seen = member.ask("CLUSTER", "NODES") if member.answers() else "no answer"
            texts.append(f"{member.name} {member.address}\n{seen}\n{member.log[-600:]}\n{member.keeper_log}")
        return "\n".join(texts)

    def end(self) -> None:
        for member in self.members.values():
            member.end()


@contextmanager
def instance(
    server: Server, shell: str, folder: Path, shards: int = 3, replicas: int = 1, **settings: Any
) -> Iterator[Instance]:
    folder.mkdir(parents=True, exist_ok=True)
    with ports() as held:
        made = Instance(server, shell, held.take(), folder, **settings)
        try:
            made.create(shards, replicas)
            yield made
        finally:
            made.end()
