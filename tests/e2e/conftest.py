# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every test here has a Kubernetes: the one of KUBECONFIG, else the local one, which is brought up for them and ended
again unless it was up before. What a test makes is in namespaces of its own, which it removes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.cache import cache_dir, locked
from tests.e2e.cluster import Cluster, chosen, images
from tests.environment import CHECKOUT

RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}


@pytest.fixture(scope="session")
def alone() -> Iterator[None]:
    """Another run of these tests on this machine would use the same namespaces; the later one waits."""
    with locked(cache_dir() / "e2e"):
        yield


@pytest.fixture(scope="session")
def cluster(pytestconfig: pytest.Config, alone: None) -> Iterator[Cluster]:
    found = chosen()
    if not found.local:
        yield found
        return
    if os.geteuid() != 0:
        pytest.skip("the local Kubernetes needs root; set KUBECONFIG to use another one")
    was_up = kube("status", stdout=subprocess.DEVNULL) == 0
    # The first time it is built, which takes minutes: whoever waits sees what it does.
    with pytestconfig.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        assert kube("up") == 0, "the local Kubernetes does not start; its reason stands above"
    yield found
    if not was_up:
        kube("down")


@pytest.fixture(scope="session")
def local(cluster: Cluster) -> Cluster:
    """For tests whose clients reach pods from this machine, or that trouble servers and nodes."""
    if not cluster.local:
        pytest.skip("only the local Kubernetes is reached from outside, and troubled")
    return cluster


def kube(verb: str, stdout: int | None = None) -> int:
    return subprocess.run(
        [sys.executable, "-m", "tests.kube", verb], cwd=CHECKOUT, stdout=stdout, check=False
    ).returncode


@pytest.fixture(scope="module")
def namespace(cluster: Cluster, request: pytest.FixtureRequest) -> Iterator[str]:
    """One for each module, named after it, under the restricted level of Pod Security."""
    name = f"e2e-{request.module.__name__.rpartition('test_')[2].replace('_', '-')}"
    remove_namespace(cluster, name)
    made = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": RESTRICTED}}
    cluster.apply(made)
    # Without it pods are refused; the controller manager makes it a moment later.
    cluster.kubectl("wait", "--for=create", "serviceaccount/default", f"--namespace={name}", "--timeout=60s")
    yield name
    remove_namespace(cluster, name)


def remove_namespace(cluster: Cluster, name: str) -> None:
    cluster.kubectl("delete", "namespace", name, "--ignore-not-found", "--timeout=280s")


@pytest.fixture(scope="session")
def image(cluster: Cluster) -> str:
    """The image for tests that do not care which."""
    return images(cluster)["redis-8.0"]
