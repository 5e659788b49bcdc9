# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the local Kubernetes is made of, and where each part of it has its place. Nothing here does anything."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

from tests.cache import cache_dir
from tests.kube.errors import LabError

DEFAULT_NAME = "lab"
API_ADDRESS = "10.240.0.1"
API_PORT = 6443
SERVICE_RANGE = "10.96.0.0/16"
API_SERVICE_ADDRESS = "10.96.0.1"
DNS_SERVICE_ADDRESS = "10.96.0.10"
POD_RANGE = "10.244.0.0/16"
CLUSTER_DOMAIN = "cluster.local"


@dataclass(frozen=True)
class Node:
    """A Kubernetes node: a network namespace and a root of its own on this machine."""

    name: str
    zone: str
    number: int

    @property
    def address(self) -> str:
        return f"10.240.0.{10 + self.number}"

    @property
    def pod_range(self) -> str:
        return f"10.244.{self.number}.0/24"


NODES = (Node("n1", "a", 1), Node("n2", "b", 2), Node("n3", "c", 3))


@dataclass(frozen=True)
class Lab:
    """One local Kubernetes. ``K8SREDIS_LAB`` names another one than the default; they may run side by side."""

    name: str = DEFAULT_NAME

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9-]{1,20}", self.name):
            raise LabError(f"Cannot use K8SREDIS_LAB={self.name!r}: a name has 1 to 20 of a-z, 0-9 and -.")

    @classmethod
    def from_environment(cls) -> Lab:
        return cls(os.environ.get("K8SREDIS_LAB") or DEFAULT_NAME)

    @property
    def folder(self) -> Path:
        """Everything that a running lab writes; made by ``up``, gone after ``down``."""
        return kube_dir() / (self.name if self.name == DEFAULT_NAME else f"lab-{self.name}")

    @property
    def cgroup(self) -> str:
        """Below the machine's cgroup roots. Labs of the same name in different caches do not share it."""
        return f"k8sredis-{self.name}-{hashlib.sha256(str(self.folder).encode()).hexdigest()[:6]}"

    @property
    def kubeconfig(self) -> Path:
        """For programs of this machine: the API on 127.0.0.1."""
        return self.folder / "kubeconfig"

    @property
    def binaries(self) -> Path:
        """A link to the programs that this lab was started with."""
        return self.folder / "bin"

    @property
    def logs(self) -> Path:
        return self.folder / "log"

    @property
    def pki(self) -> Path:
        return self.folder / "pki"

    def network_namespace(self, name: str) -> Path:
        """Of a node, or of the control plane: ``cp``."""
        return self.folder / "netns" / name

    def node_folder(self, node: Node) -> Path:
        return self.folder / node.name


def kube_dir() -> Path:
    """Binaries, images and labs are on one file system: images are shared with the nodes by hard links."""
    return cache_dir() / "kube"
