# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which Kubernetes the end-to-end tests use: the one of KUBECONFIG, else the local one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.kube.lab import Lab
from tests.servers import available
from tests.servers.suites import SOURCES

OFFICIAL = {
    "redis-7.0": "docker.io/library/redis:7.0.15",
    "redis-8.0": "docker.io/library/redis:8.0.2",
    "redis-8.6": "docker.io/library/redis:8.6.3",
    "valkey-8.1": "docker.io/valkey/valkey:8.1.1",
    "valkey-9.1": "docker.io/valkey/valkey:9.1.2",
}
"""For another Kubernetes than the local one; it pulls them itself."""

COMMAND_SECONDS = 300
"""For one kubectl; none takes longer unless it hangs."""


@dataclass(frozen=True)
class Cluster:
    """``local``: the one of tests/kube, with images and a kubectl of its own, and a way into its network."""

    kubeconfig: Path
    local: bool

    def kubectl(self, *words: str, given: str = "", check: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            self.command(*words),
            input=given,
            capture_output=True,
            text=True,
            check=False,
            timeout=COMMAND_SECONDS,
        )
        assert not check or done.returncode == 0, f"kubectl {' '.join(words)}: {done.stderr}"
        return done

    def command(self, *words: str) -> list[str]:
        """Of kubectl."""
        path = f"{Lab.from_environment().binaries}{os.pathsep}" if self.local else ""
        found = shutil.which("kubectl", path=path + os.environ.get("PATH", os.defpath))
        assert found, "there is no kubectl; the end-to-end tests need it for a Kubernetes that is not the local one"
        return [found, f"--kubeconfig={self.kubeconfig}", *words]

    def get(self, *words: str) -> Any:
        """An object, or a list of objects, as dictionaries."""
        found = json.loads(self.kubectl("get", *words, "--output=json").stdout)
        return found["items"] if found["kind"] == "List" else found

    def apply(self, *objects: dict[str, Any]) -> None:
        self.kubectl("apply", "--filename=-", given=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))


def chosen() -> Cluster:
    lab = Lab.from_environment()
    given = os.environ.get("KUBECONFIG")
    if given and Path(given).resolve() != lab.kubeconfig.resolve():
        return Cluster(Path(given).resolve(), local=False)
    return Cluster(lab.kubeconfig, local=True)


def images(cluster: Cluster) -> dict[str, str]:
    """Image by line, such as ``redis-8.0``."""
    if not cluster.local:
        return OFFICIAL
    required = {source.suite for source in SOURCES if source.required}
    # Of two versions of a line the one that every machine has comes last and wins.
    servers = sorted(available(), key=lambda server: server.suite in required)
    return {f"{server.family}-{'.'.join(server.version.split('.')[:2])}": server.image for server in servers}
