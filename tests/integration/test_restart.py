# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers restarted one by one under writes, by the code that restarts pods; Kubernetes is a stand-in that ends a
process and starts it again."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ansible_collections.k8sredis.core.plugins.module_utils._decide.rollout import Wanted
from ansible_collections.k8sredis.core.plugins.module_utils._execute import restart
from ansible_collections.k8sredis.core.plugins.module_utils._execute.restart import Job
from ansible_collections.k8sredis.core.plugins.module_utils._execute.session import Session
from ansible_collections.k8sredis.core.plugins.module_utils._model import Member, Wish
from ansible_collections.k8sredis.core.plugins.module_utils._observe.target import Access, direct_client

from tests.integration import modules, servers_say
from tests.integration.servers_say import shards
from tests.integration.test_failover import HOSTS, QUICK, WISH
from tests.integration.writer import writing
from tests.loopback import Process, processes
from tests.servers import Server
from tests.unit.stand_ins.kube import StandInKube

SUITES = ("trixie",)
OLD, NEW = "0ld", "new"


class Pods:
    """Processes as pods, each with a shard of its own choice."""

    kube = None
    login = ("", "")

    def __init__(self, found: list[list[Process]]) -> None:
        self.processes = {
            f"shop-{shard}-{ordinal}": process
            for shard, group in enumerate(found)
            for ordinal, process in enumerate(group)
        }
        self.lives = dict.fromkeys(self.processes, 0)
        self.api = StandInKube()
        self.api.on_evict = self.replace
        self.roles_when_told: list[str] = []

    def members(self) -> tuple[Member, ...]:
        return tuple(
            Member(
                name,
                process.host,
                process.port,
                shard=int(name.split("-")[1]),
                ordinal=int(name.split("-")[2]),
                uid=f"{name} {self.lives[name]}",
                ready=True,
                restart_hash=NEW if self.lives[name] else OLD,
            )
            for name, process in self.processes.items()
        )

    def connect(self, member: Member, timeout: float | None = None) -> Any:
        return direct_client(member, Access().within(timeout))

    def not_made(self, name: str) -> str:
        del name
        return ""

    def not_ready(self, name: str) -> str:
        del name
        return ""

    def replace(self, name: str, uid: str) -> None:
        process = self.processes[name]
        assert uid == f"{name} {self.lives[name]}"
        self.roles_when_told.append(process.ask("ROLE")[0])
        self.lives[name] += 1
        process.kill(signal.SIGTERM)
        process.start()


@contextmanager
def session(pods: Pods) -> Iterator[Session]:
    made = Session(pods, tuple(pods.processes), wish=Wish(3, 1))
    try:
        yield made
    finally:
        made.close()


def test_all_of_them_under_writes(server: Server) -> None:
    with processes(server, 6, (*QUICK, "--appendonly", "yes"), HOSTS) as members:
        modules.create(members, **WISH, replicas=1)
        pods = Pods(shards(members))
        job = Job({name: Wanted(NEW) for name in pods.processes}, timeout=60.0)
        order = []
        with writing(members[0]) as writer:
            for _pod in pods.processes:
                with session(pods) as work:
                    done = restart.restart_next(work, pods.api, Wish(3, 1), job)
                assert done.turn
                order.append(done.turn.pod)
            writer.wait_for_more()
        assert order == ["shop-0-1", "shop-0-0", "shop-1-1", "shop-1-0", "shop-2-1", "shop-2-0"]
        assert pods.roles_when_told == ["slave"] * 6
        assert set(pods.lives.values()) == {1}
        stored = writer.stored()
        assert {name: number for name, number in writer.acknowledged.items() if stored[name] < number} == {}
        assert {len(servers_say.table(member)) for member in members} == {6}
        (found,) = modules.succeed(("cluster_info",), members, shards=3)
        assert found.values["cluster"]["healthy"]
