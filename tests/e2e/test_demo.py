# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`make demo` on a Kubernetes of somebody else's with a single node, and without Go."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.demo.place import NAMESPACE
from tests.e2e.cluster import Cluster
from tests.environment import CHECKOUT


@pytest.fixture
def one_node(cluster: Cluster) -> Iterator[None]:
    """All others take no pods meanwhile."""
    others = [node["metadata"]["name"] for node in cluster.get("nodes") if not node["spec"].get("unschedulable")][1:]
    for other in others:
        cluster.kubectl("cordon", other)
    yield
    for other in others:
        cluster.kubectl("uncordon", other)


def test_single_node(cluster: Cluster, one_node: None, image: str, tmp_path: Path) -> None:
    # Another file than the local Kubernetes' own, so the demo takes it for one that it knows nothing of.
    kubeconfig = tmp_path / "kubeconfig"
    shutil.copyfile(cluster.kubeconfig, kubeconfig)
    made = demo(kubeconfig, "up", f"--image={image}")
    assert "there is one kube_node to run on, so masters and replicas share it" in made
    assert "demo: healthy, 3 shards, 6 of 6 members answer, 16384 of 16384 slots served" in made
    assert f"KUBECONFIG={kubeconfig}" in made
    again = demo(kubeconfig, "up", f"--image={image}")
    assert " s] nothing changed\n" in again
    assert "changed=0" in again
    assert demo(kubeconfig, "down").endswith("the demo's instance and its namespace are gone\n")
    assert not cluster.kubectl("get", "namespace", NAMESPACE, "--ignore-not-found", "--output=name").stdout


def demo(kubeconfig: Path, *words: str) -> str:
    """What it says; the `go` that it would find first does not work."""
    broken = kubeconfig.with_name("go")
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    path = f"{broken.parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [sys.executable, "-m", "tests.demo", *words],
        cwd=CHECKOUT,
        env={**os.environ, "PATH": path, "KUBECONFIG": str(kubeconfig), "NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=900,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout
