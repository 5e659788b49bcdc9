# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the servers of an instance say themselves, asked over the network of a node of the local Kubernetes.

No kubelet and no API takes part, so it also works where these are away; the collection's own code does not either.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

from tests.e2e.cluster import Cluster
from tests.e2e.instances import Variables, password, pods
from tests.kube import network
from tests.kube.lab import NODES, Lab, Node

ANSWER_SECONDS = 3.0


@dataclass(frozen=True)
class Members:
    """``tool`` and ``application`` are logins."""

    cluster: Cluster
    namespace: str
    name: str
    tool: dict[str, str]
    application: dict[str, str]

    @classmethod
    def of(cls, cluster: Cluster, variables: Variables) -> Members:
        name, namespace = variables["redis_cluster_name"], variables["redis_cluster_namespace"]
        tool = {"username": "k8sredis-tool", "password": password(cluster, namespace, name, "tool-password")}
        application = {"username": "default", "password": password(cluster, namespace, name)}
        return cls(cluster, namespace, name, tool, application)

    def pods(self) -> list[dict[str, Any]]:
        return pods(self.cluster, self.namespace, self.name)

    def ask(self, pod: dict[str, Any], *words: str, login: dict[str, str] | None = None, via: Node = NODES[0]) -> Any:
        """The answer as the server sent it, over the network of the node ``via``."""

        def asked() -> Any:
            limits = {"socket_timeout": ANSWER_SECONDS, "socket_connect_timeout": ANSWER_SECONDS}
            access = {**(login or self.tool), "decode_responses": True, "protocol": 2}
            with Redis(host=pod["status"]["podIP"], port=6379, retry=None, **limits, **access) as client:
                client.response_callbacks.clear()
                return client.execute_command(*words)

        return network.inside(Lab.from_environment().network_namespace(via.name), asked)

    def is_master(self, pod: dict[str, Any]) -> bool:
        return bool(self.ask(pod, "ROLE")[0] == "master")

    def own_id(self, pod: dict[str, Any]) -> str:
        return str(self.ask(pod, "CLUSTER", "MYID"))

    def first_slot(self, pod: dict[str, Any]) -> int:
        own = next(line.split() for line in self.ask(pod, "CLUSTER", "NODES").splitlines() if "myself" in line)
        return int(own[8].partition("-")[0])

    def master_away_from(self, node: Node) -> dict[str, Any]:
        """A pod that is a master and runs on another node."""
        return next(pod for pod in self.pods() if pod["spec"]["nodeName"] != node.name and self.is_master(pod))

    def heirs(self, pod: dict[str, Any]) -> list[dict[str, Any]]:
        """The other pods of its shard."""
        shard, own = pod["metadata"]["labels"]["k8sredis.io/shard"], pod["metadata"]["name"]
        found = [one for one in self.pods() if one["metadata"]["labels"]["k8sredis.io/shard"] == shard]
        return [one for one in found if one["metadata"]["name"] != own]

    def wait_until_healthy(self, number: int = 6, seconds: float = 180.0) -> None:
        """All pods are Ready; each server knows all others and nobody else, all slots are served, and every replica
        has its link to a master."""
        deadline = time.monotonic() + seconds
        while seen := self.trouble(number):
            assert time.monotonic() < deadline, f"not healthy within {seconds:.0f} s: {seen}"
            time.sleep(0.5)

    def trouble(self, number: int) -> str:
        """The first that is seen; empty when there is none."""
        there = self.pods()
        if len(there) != number:
            return f"{len(there)} pods of {number}"
        for pod in there:
            name = pod["metadata"]["name"]
            try:
                seen = _not_ready(pod) or self._trouble_of(pod, number)
            except (RedisError, OSError) as error:
                seen = str(error)
            if seen:
                return f"{name}: {seen}"
        return ""

    def _trouble_of(self, pod: dict[str, Any], number: int) -> str:
        lines = [line.split() for line in self.ask(pod, "CLUSTER", "NODES").splitlines()]
        if len(lines) != number:
            return f"it knows {len(lines)} nodes"
        masters = {line[0] for line in lines if "master" in line[2].split(",")}
        for node_id, _address, flags, master, _ping, _pong, _epoch, link, *_slots in lines:
            if "fail" in flags or "handshake" in flags or "noaddr" in flags or link != "connected":
                return f"it sees {node_id} as {flags} {link}"
            if node_id not in masters and master not in masters:
                return f"{node_id} replicates {master}, which is no master"
        if "cluster_state:ok" not in self.ask(pod, "CLUSTER", "INFO"):
            return "its cluster is not ok"
        replication = self.ask(pod, "INFO", "replication")
        is_linked = "role:master" in replication or "master_link_status:up" in replication
        return "" if is_linked else "its link to its master is down"


def _not_ready(pod: dict[str, Any]) -> str:
    conditions = {one["type"]: one["status"] for one in pod["status"].get("conditions", [])}
    return "" if conditions.get("Ready") == "True" and pod["status"].get("podIP") else "it is not Ready"
