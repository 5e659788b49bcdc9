# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the servers and the Sentinels of an instance say themselves, asked over the network of a node of the local
Kubernetes.

No kubelet and no API takes part in asking, so it also works where these are away; the collection's own code does not.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

from tests.e2e.cluster import Cluster
from tests.e2e.instances import Variables, password, place_of, pods
from tests.kube import network
from tests.kube.lab import NODES, Lab, Node

ANSWER_SECONDS = 3.0
PORTS = {"server": 6379, "sentinel": 26379}
BOTH = "server-with-sentinel"
"""The component of a pod that has a Sentinel beside its server."""
HEALTHY_WITHIN = 180.0

Pod = dict[str, Any]
Login = dict[str, str]


@dataclass(frozen=True)
class SentinelMembers:
    """``tools`` are the logins by component; ``application`` is that of servers, ``asker`` that of Sentinels."""

    cluster: Cluster
    namespace: str
    name: str
    number: dict[str, int]
    quorum: int
    tools: dict[str, Login]
    application: Login
    asker: Login

    @classmethod
    def of(cls, cluster: Cluster, variables: Variables) -> SentinelMembers:
        namespace, name = place_of(variables)
        servers = variables.get("redis_sentinel_replicas", 2) + 1
        colocated = variables.get("redis_sentinel_colocated", False)
        watchers = servers if colocated else variables.get("redis_sentinel_sentinels", 3)
        number = {"server": servers, "sentinel": watchers, "proxy": 2}

        def login(user: str, key: str) -> Login:
            return {"username": user, "password": password(cluster, namespace, name, key)}

        tools = {
            "server": login("k8sredis-tool", "tool-password"),
            "sentinel": login("k8sredis-tool", "sentinel-tool-password"),
        }
        application, asker = login("default", "password"), login("default", "sentinel-password")
        return cls(cluster, namespace, name, number, watchers // 2 + 1, tools, application, asker)

    @property
    def master_name(self) -> str:
        return f"{self.namespace}.{self.name}"

    def pods(self, component: str) -> list[Pod]:
        """Those with a ``server``, ``sentinel`` or ``proxy``."""
        found = pods(self.cluster, self.namespace, self.name)
        wanted = {component} if component == "proxy" else {component, BOTH}
        return [pod for pod in found if component_of(pod) in wanted]

    def addresses(self) -> dict[str, str]:
        """Of the Services, by name."""
        found = self.cluster.get("services", f"--namespace={self.namespace}")
        return {service["metadata"]["name"]: service["spec"]["clusterIP"] for service in found}

    def ask(self, pod: Pod, *words: str, login: Login | None = None, via: Node = NODES[0], of: str = "") -> Any:
        """The answer of a server or Sentinel as it was sent, over the network of the node ``via``; ``of``: which of
        both in a pod that has both, else the server."""
        component = of or component_of(pod).replace(BOTH, "server")

        def asked() -> Any:
            limits = {"socket_timeout": ANSWER_SECONDS, "socket_connect_timeout": ANSWER_SECONDS}
            access = {**(login or self.tools[component]), "decode_responses": True, "protocol": 2}
            with Redis(pod["status"]["podIP"], PORTS[component], retry=None, **limits, **access) as client:
                client.response_callbacks.clear()
                return client.execute_command(*words)

        return network.inside(Lab.from_environment().network_namespace(via.name), asked)

    def masters(self) -> list[str]:
        """Servers that call themselves master; who does not answer is none."""
        return [pod["metadata"]["name"] for pod in self.pods("server") if self.role_of(pod) == "master"]

    def role_of(self, pod: Pod) -> str:
        """Empty when it does not answer."""
        try:
            return str(self.ask(pod, "ROLE")[0])
        except (RedisError, OSError):
            return ""

    def named(self, sentinel: Pod) -> dict[str, str]:
        """What a Sentinel says of the master."""
        told = self.ask(sentinel, "SENTINEL", "MASTER", self.master_name, of="sentinel")
        return dict(zip(told[::2], told[1::2], strict=True))

    def master(self) -> Pod:
        """The only one; a failed assertion when there is none or several."""
        masters = self.masters()
        assert len(masters) == 1, f"masters of {self.name}: {masters}"
        return next(pod for pod in self.pods("server") if pod["metadata"]["name"] == masters[0])

    def trouble(self) -> str:
        """The first that is seen; empty when all pods are Ready, one server is master that all others follow, and
        each Sentinel watches it with its quorum, all of the other servers and Sentinels, and nobody else."""
        try:
            return next(self._troubles(), "")
        except (RedisError, OSError) as error:
            return str(error)

    def _troubles(self) -> Iterator[str]:
        for component, number in self.number.items():
            there = self.pods(component)
            if len(there) != number:
                yield f"{len(there)} pods of {number} with a {component}"
            yield from (f"{pod['metadata']['name']} is not Ready" for pod in there if not is_ready(pod))
        masters = self.masters()
        if len(masters) != 1:
            yield f"masters are {masters}"
            return
        addresses = self.addresses()
        for pod in self.pods("server"):
            yield from self._of_server(pod, masters[0], addresses)
        for pod in self.pods("sentinel"):
            yield from self._of_sentinel(pod, masters[0], addresses)

    def _of_server(self, pod: Pod, master: str, addresses: dict[str, str]) -> Iterator[str]:
        name, replication = pod["metadata"]["name"], self.ask(pod, "INFO", "replication").splitlines()
        said = dict(line.split(":", 1) for line in replication if ":" in line)
        if name == master:
            replicas = self.number["server"] - 1
            online = sum("state=online" in value for key, value in said.items() if key.startswith("slave"))
            if int(said["connected_slaves"]) != replicas or online != replicas:
                yield f"{name} has {said['connected_slaves']} replicas, {online} online"
        elif said["master_host"] != addresses[master] or said["master_link_status"] != "up":
            yield f"{name} follows {said['master_host']}, link {said['master_link_status']}"

    def _of_sentinel(self, pod: Pod, master: str, addresses: dict[str, str]) -> Iterator[str]:
        name, said = pod["metadata"]["name"], self.named(pod)
        wished = {
            "ip": addresses[master],
            "flags": "master",
            "num-slaves": str(self.number["server"] - 1),
            "num-other-sentinels": str(self.number["sentinel"] - 1),
            "quorum": str(self.quorum),
        }
        for key, value in wished.items():
            if said[key] != value:
                yield f"{name} says {key} {said[key]} and not {value}"
        for kind, component, own in (("REPLICAS", "server", master), ("SENTINELS", "sentinel", name)):
            others = {addresses[one["metadata"]["name"]] for one in self.pods(component)} - {addresses[own]}
            told = self.ask(pod, "SENTINEL", kind, self.master_name, of="sentinel")
            known = [dict(zip(one[::2], one[1::2], strict=True)) for one in told]
            if {one["ip"] for one in known} != others:
                yield f"{name} knows the {kind} {sorted(one['ip'] for one in known)} and not {sorted(others)}"
            yield from (f"{name} says {one['ip']} is {one['flags']}" for one in known if "down" in one["flags"])
        if not self.ask(pod, "SENTINEL", "CKQUORUM", self.master_name, of="sentinel").startswith("OK"):
            yield f"{name} has no quorum"

    def wait_until_healthy(self, seconds: float = HEALTHY_WITHIN) -> float:
        """How many seconds it took."""
        began = time.monotonic()
        while seen := self.trouble():
            assert time.monotonic() - began < seconds, f"{self.name} is not healthy within {seconds:.0f} s: {seen}"
            time.sleep(0.5)
        return time.monotonic() - began


def component_of(pod: Pod) -> str:
    return str(pod["metadata"]["labels"]["app.kubernetes.io/component"])


def is_ready(pod: Pod) -> bool:
    conditions = {one["type"]: one["status"] for one in pod["status"].get("conditions", [])}
    return conditions.get("Ready") == "True" and bool(pod["status"].get("podIP"))
