# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults of the local Kubernetes, made on purpose and undone when their block ends.

They touch what the lab started and nothing else: a server is looked for below the cgroup of its own pod, a node's wire
is in the lab's own network, a kubelet is a component of the lab.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.e2e.cluster import Cluster
from tests.e2e.instances import pods
from tests.kube import dns, network, processes
from tests.kube import node as nodes
from tests.kube.cgroups import Cgroups
from tests.kube.lab import NODES, Lab, Node

SERVERS = ("redis-server", "valkey-server", "haproxy")
CONTAINERS = ("redis", "sentinel", "haproxy")
EVICTED_WITHIN = 120.0
"""Seconds: a disruption budget refuses the second pod until the first one is Ready again."""
ENDED_WITHIN = 30.0
"""Seconds for a component of the lab."""


def kill(pod: dict[str, Any]) -> None:
    """The server process of a pod, or its Sentinel or proxy, as the kernel does when memory runs out; its pod stays."""
    with _server(pod) as process:
        signal.pidfd_send_signal(process, signal.SIGKILL)


@contextmanager
def stopped(pod: dict[str, Any]) -> Iterator[None]:
    """A server that neither answers nor ends, as on a machine that hangs. The kubelet may end it meanwhile."""
    with _server(pod) as process:
        signal.pidfd_send_signal(process, signal.SIGSTOP)
        try:
            yield
        finally:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(process, signal.SIGCONT)


@contextmanager
def _server(pod: dict[str, Any]) -> Iterator[int]:
    """A descriptor of the process: its number may be another's when it has ended."""
    pid = server_of(pod, Lab.from_environment())
    process = os.pidfd_open(pid)
    try:
        assert server_of(pod, Lab.from_environment()) == pid, "the server ended while it was looked for"
        yield process
    finally:
        os.close(process)


def server_of(pod: dict[str, Any], lab: Lab) -> int:
    """Its pid on this machine."""
    (status,) = [one for one in pod["status"]["containerStatuses"] if one["name"] in CONTAINERS]
    container = status["containerID"].rpartition("/")[2]
    folders = [tree.folder / lab.cgroup / pod["spec"]["nodeName"] for tree in Cgroups.of(lab.cgroup).trees]
    found = servers_in(folders, pod["metadata"]["uid"], container)
    assert found, f"no server runs in {pod['metadata']['name']}"
    # A fork that saves has the same name; the server has the lower number in the pod.
    return min(found, key=_number_inside)


def servers_in(folders: Iterable[Path], uid: str, container: str) -> set[int]:
    """``folders``: the cgroups of a node. Kubelet makes kubepods/<class>/pod<uid>/<container> there."""
    members = {
        int(pid)
        for folder in folders
        for file in folder.glob(f"kubepods/**/pod{uid}/{container}/cgroup.procs")
        for pid in file.read_text(encoding="ascii").split()
    }
    return {pid for pid in members if _name(pid) in SERVERS}


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip()
    except OSError:
        return ""  # it has ended meanwhile


def _number_inside(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(next(line for line in status.splitlines() if line.startswith("NSpid:")).split()[-1])


def node_of(pod: dict[str, Any]) -> Node:
    return next(node for node in NODES if node.name == pod["spec"]["nodeName"])


@contextmanager
def cut_off(node: Node) -> Iterator[None]:
    """Its wire is pulled: nobody reaches it or its pods, and they go on and reach each other."""
    _wire(node, "down")
    try:
        yield
    finally:
        _wire(node, "up")


def _wire(node: Node, state: str) -> None:
    lab = Lab.from_environment()
    command = ["ip", "link", "set", node.name, state]
    network.inside(lab.network_namespace(network.CONTROL_PLANE), lambda: subprocess.run(command, check=True))


@contextmanager
def without_kubelet(node: Node) -> Iterator[None]:
    """Its pods go on; nobody starts them again, and after a while the node is not Ready."""
    lab = Lab.from_environment()
    name = f"{node.name}-kubelet"
    _end(lab, name)
    try:
        yield
    finally:
        processes.start(lab, name, nodes.inside(lab, node, nodes.kubelet_command(lab, node)))


@contextmanager
def cached_names() -> Iterator[None]:
    """The name service of the lab keeps what it found, and that it found nothing, for 30 s, as caches on nodes do."""
    lab = Lab.from_environment()
    _end(lab, dns.PROCESS)
    dns.start_dns(lab, cached=True)
    try:
        yield
    finally:
        _end(lab, dns.PROCESS)
        dns.start_dns(lab)


@contextmanager
def without_names() -> Iterator[None]:
    """The name service of the lab is gone: no name resolves, and who asks waits."""
    lab = Lab.from_environment()
    _end(lab, dns.PROCESS)
    try:
        yield
    finally:
        dns.start_dns(lab)


def _end(lab: Lab, component: str) -> None:
    pid = processes.pid(lab, component)
    assert pid, f"{component} does not run"
    os.kill(pid, signal.SIGTERM)
    _wait_until(lambda: processes.pid(lab, component) is None, f"{component} does not end", ENDED_WITHIN)


@contextmanager
def lost(node: Node, there: Iterable[dict[str, Any]]) -> Iterator[None]:
    """As without power: no wire, no kubelet, and the servers of its pods, which are among ``there``, are dead."""
    with ExitStack() as stack:
        stack.enter_context(without_kubelet(node))
        stack.enter_context(cut_off(node))
        for pod in there:
            if pod["spec"]["nodeName"] == node.name:
                kill(pod)
        yield


@contextmanager
def drained(cluster: Cluster, node: str, namespace: str, name: str) -> Iterator[None]:
    """Cordoned, and every pod of the instance evicted, as `kubectl drain` does; all else on the node stays."""
    cluster.kubectl("cordon", node)
    try:
        for pod in pods(cluster, namespace, name):
            if pod["spec"].get("nodeName") == node:
                _evict(cluster, pod)
        yield
    finally:
        cluster.kubectl("uncordon", node)


def _evict(cluster: Cluster, pod: dict[str, Any]) -> None:
    """Asked again while a disruption budget refuses it, and waited for."""
    name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
    eviction = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": name, "namespace": namespace},
        "deleteOptions": {"preconditions": {"uid": pod["metadata"]["uid"]}},
    }
    path = f"/api/v1/namespaces/{namespace}/pods/{name}/eviction"
    deadline = time.monotonic() + EVICTED_WITHIN
    while True:
        asked = cluster.kubectl("create", f"--raw={path}", "--filename=-", given=json.dumps(eviction), check=False)
        if asked.returncode == 0:
            break
        assert "disruption budget" in asked.stderr, asked.stderr
        assert time.monotonic() < deadline, f"{name} may not be evicted: {asked.stderr}"
        time.sleep(1)
    _wait_until(lambda: not _is_there(cluster, pod), f"{name} does not end", EVICTED_WITHIN)


def _is_there(cluster: Cluster, pod: dict[str, Any]) -> bool:
    """The same one, and not its successor."""
    name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
    words = ("get", "pod", name, f"--namespace={namespace}", "--ignore-not-found", "--output=jsonpath={.metadata.uid}")
    return cluster.kubectl(*words).stdout == pod["metadata"]["uid"]


def _wait_until(done: Callable[[], bool], words: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, words
        time.sleep(0.2)
