# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run client.py inside the network of the cluster: ``python -m tests.e2e.inside <verb>``, the login as JSON on stdin.

On the local Kubernetes this is the network of a node. Elsewhere it is a pod with Python, of the image in
``K8SREDIS_CLIENT_IMAGE``, in a namespace of its own; redis-py, which is Python alone, is copied into it.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import redis

from tests.e2e.cluster import Cluster, chosen
from tests.environment import CHECKOUT
from tests.kube.lab import NODES

CLIENT = Path(__file__).with_name("client.py")
NAMESPACE = "e2e-client"
POD = "client"
IMAGE = "docker.io/library/python:3.13-slim"


def client(cluster: Cluster, verb: str, login: Mapping[str, str]) -> Any:
    """What the client says; see client.py."""
    done = start(cluster, verb, login).communicate()[0]
    return json.loads(done.splitlines()[-1])


def start(cluster: Cluster, verb: str, login: Mapping[str, str]) -> subprocess.Popen[str]:
    """The client with its login on its stdin already, so that no password is in an argument."""
    process = subprocess.Popen(
        command(cluster, verb), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=CHECKOUT
    )
    assert process.stdin
    process.stdin.write(json.dumps(dict(login)))
    process.stdin.close()
    process.stdin = None  # so that communicate() does not flush it again
    return process


def command(cluster: Cluster, verb: str) -> list[str]:
    if cluster.local:
        python = [sys.executable, str(CLIENT), verb]
        return [sys.executable, "-m", "tests.kube", "exec", "--node", NODES[0].name, "--", *python]
    if not cluster.kubectl("get", "namespace", NAMESPACE, "--ignore-not-found", "--output=name").stdout:
        make_pod(cluster)
    return cluster.command("exec", "--stdin", f"--namespace={NAMESPACE}", POD, "--", "python", "/tmp/client.py", verb)


def make_pod(cluster: Cluster) -> None:
    container = {
        "name": "python",
        "image": os.environ.get("K8SREDIS_CLIENT_IMAGE", IMAGE),
        "command": ["sleep", "3600"],
    }
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": POD, "namespace": NAMESPACE}}
    cluster.apply(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
        {**pod, "spec": {"containers": [container], "terminationGracePeriodSeconds": 0}},
    )
    cluster.kubectl("wait", "--for=condition=Ready", f"--namespace={NAMESPACE}", f"pod/{POD}", "--timeout=100s")
    unpack = cluster.command("exec", "--stdin", f"--namespace={NAMESPACE}", POD, "--", "tar", "-xC", "/tmp")
    subprocess.run(unpack, input=archive(), check=True)


def archive() -> bytes:
    """client.py and the redis package beside it."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as tar:
        tar.add(CLIENT, "client.py")
        tar.add(Path(redis.__file__).parent, "redis")
    return content.getvalue()


if __name__ == "__main__":
    sys.exit(subprocess.run(command(chosen(), sys.argv[1]), cwd=CHECKOUT, check=False).returncode)
