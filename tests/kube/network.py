# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's network, made of namespaces only: nothing is added to the machine's own.

``cp`` has a bridge (10.240.0.1) to which every node is wired by a veth pair; pods of node N are 10.244.N.0/24, and
static routes lead there. A namespace is held by a file in the lab's folder.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from tests.kube.errors import LabError
from tests.kube.lab import API_ADDRESS, NODES, Lab, Node

CLONE_NEWNET = 0x40000000
CONTROL_PLANE = "cp"
Result = TypeVar("Result")


def create(lab: Lab) -> None:
    lab.network_namespace(CONTROL_PLANE).parent.mkdir()
    for name in (CONTROL_PLANE, *(node.name for node in NODES)):
        file = lab.network_namespace(name)
        file.touch()
        subprocess.run(["unshare", f"--net={file}", "true"], check=True)
    _configure(lab.network_namespace(CONTROL_PLANE), _control_plane_commands(lab))
    for node in NODES:
        _configure(lab.network_namespace(node.name), _node_commands(node))


def _control_plane_commands(lab: Lab) -> list[str]:
    commands = [
        "link set lo up",
        "link add br0 type bridge",
        f"address add {API_ADDRESS}/24 dev br0",
        "link set br0 up",
    ]
    for node in NODES:
        commands += [
            f"link add {node.name} type veth peer name eth0 netns {lab.network_namespace(node.name)}",
            f"link set {node.name} master br0 up",
            f"route add {node.pod_range} via {node.address}",
        ]
    return commands


def _node_commands(node: Node) -> list[str]:
    return [
        "link set lo up",
        f"address add {node.address}/24 dev eth0",
        "link set eth0 up",
        f"route add default via {API_ADDRESS}",
        *(f"route add {other.pod_range} via {other.address}" for other in NODES if other != node),
    ]


def _configure(namespace: Path, commands: list[str]) -> None:
    def run() -> subprocess.CompletedProcess[str]:
        Path("/proc/sys/net/ipv4/ip_forward").write_text("1", encoding="ascii")
        return subprocess.run(
            ["ip", "-batch", "-"], input="\n".join(commands), capture_output=True, text=True, check=False
        )

    done = inside(namespace, run)
    if done.returncode != 0:
        raise LabError(f"Cannot make the network of the lab: {done.stderr.strip() or 'ip failed'}.")


def inside(namespace: Path, function: Callable[[], Result]) -> Result:
    """Call ``function`` in a network namespace. Only the thread that calls it is moved, and it ends with the call."""

    def call() -> Result:
        enter(namespace)
        return function()

    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(call).result()


def enter(namespace: Path) -> None:
    """Move the calling thread for good. (``os.setns`` exists since Python 3.12.)"""
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = os.open(namespace, os.O_RDONLY)
    try:
        if libc.setns(descriptor, CLONE_NEWNET) != 0:
            raise LabError(f"Cannot enter the network {namespace}: {os.strerror(ctypes.get_errno())}.")
    finally:
        os.close(descriptor)
