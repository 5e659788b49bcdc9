# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers and Sentinels that this collection did not make, side by side in pods as charts of others have them:
examined, handed over, and told what to watch, by their labels and through the Kubernetes API alone."""

from __future__ import annotations

import json
import subprocess
import time
from typing import Any

import pytest

from tests.e2e.cluster import Cluster
from tests.e2e.playbook import surroundings

MASTER = "web-sessions"
LABELS = {"app": "sessions"}
SECONDS = 120.0

SERVER = """
own=$(hostname).sessions.$NAMESPACE.svc.cluster.local
[ "$KNOWN_BY" = names ] || own=$POD_IP
set -- --dir /data --protected-mode no --save '' --repl-diskless-sync-delay 0 --replica-announce-ip "$own"
case $(hostname) in *-0) ;; *) set -- "$@" --replicaof sessions-0.sessions.$NAMESPACE.svc.cluster.local 6379 ;; esac
exec redis-server "$@"
"""

SENTINEL = """
own=$(hostname).sessions.$NAMESPACE.svc.cluster.local
first=sessions-0.sessions.$NAMESPACE.svc.cluster.local
until ip=$(getent hosts "$first"); do sleep 1; done
[ "$KNOWN_BY" = names ] || { own=$POD_IP; first=${ip%% *}; }
{
    [ "$KNOWN_BY" = addresses ] || printf 'sentinel %s yes\\n' resolve-hostnames announce-hostnames
    echo "sentinel announce-ip $own"
    echo "sentinel monitor web-sessions $first 6379 2"
    echo "sentinel down-after-milliseconds web-sessions 5000"
} >/data/sentinel.conf
exec redis-server /data/sentinel.conf --sentinel --protected-mode no
"""


@pytest.mark.parametrize("known_by", ["addresses", pytest.param("names", marks=pytest.mark.chaos)])
def test_examined_and_handed_over(cluster: Cluster, namespace: str, image: str, known_by: str) -> None:
    cluster.apply(*objects(namespace, image, known_by))
    there: dict[str, Any] = {"master_name": MASTER, "namespace": namespace}
    there |= {"label_selectors": ["app=sessions"], "sentinel_label_selectors": ["app=sessions"]}
    examined = eventually_healthy(cluster, there)
    assert examined["instance"]["master"] == "sessions-0"
    assert {each["role"] for each in examined["servers"]} == {"master", "replica"}

    foreseen = told(cluster, "sentinel_failover", "--check", **there, to="sessions-2")
    done = told(cluster, "sentinel_failover", **there, to="sessions-2")
    assert [step["text"] for step in done["plan"]] == ["sessions-2 takes over from sessions-0"]
    assert foreseen["plan"] == done["plan"]
    assert not told(cluster, "sentinel_failover", **there, to="sessions-2")["changed"]
    assert told(cluster, "sentinel_info", **there)["instance"]["master"] == "sessions-2"

    changed = told(cluster, "sentinel_monitor", **there, quorum=2, failover_timeout=60000)
    assert len(changed["plan"]) == 3
    assert not told(cluster, "sentinel_monitor", **there, quorum=2, failover_timeout=60000)["changed"]
    cluster.kubectl("delete", "statefulset,service", "sessions", f"--namespace={namespace}", "--timeout=60s")
    cluster.kubectl("wait", "--for=delete", "pod", "-l", "app=sessions", f"--namespace={namespace}", "--timeout=60s")


def eventually_healthy(cluster: Cluster, there: dict[str, Any]) -> dict[str, Any]:
    """With nothing found that would keep a failover from beginning."""
    deadline = time.monotonic() + SECONDS
    while True:
        examined = told(cluster, "sentinel_info", **there)
        wrong = [found for found in examined["findings"] if found["severity"] != "info"]
        if not wrong and len(examined["servers"]) == len(examined["sentinels"]) == 3:
            return examined
        assert time.monotonic() < deadline, examined["report"]
        time.sleep(1)


def told(cluster: Cluster, module: str, *options: str, **arguments: Any) -> dict[str, Any]:
    """What a module returns that has to succeed."""
    done = subprocess.run(
        ["ansible", "localhost", "-m", f"k8sredis.core.{module}", "-a", json.dumps(arguments), *options],
        env=surroundings(cluster),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    values: dict[str, Any] = json.loads(done.stdout.partition("=> ")[2])
    return values


def objects(namespace: str, image: str, known_by: str) -> list[dict[str, Any]]:
    service = {
        "clusterIP": "None",
        "publishNotReadyAddresses": True,
        "selector": LABELS,
        "ports": [{"name": "redis", "port": 6379}, {"name": "sentinel", "port": 26379}],
    }
    statefulset = {
        "replicas": 3,
        "serviceName": "sessions",
        "podManagementPolicy": "Parallel",
        "selector": {"matchLabels": LABELS},
        "template": {"metadata": {"labels": LABELS}, "spec": pod(image, known_by)},
    }
    metadata = {"name": "sessions", "namespace": namespace}
    return [
        {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": service},
        {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": metadata, "spec": statefulset},
    ]


def pod(image: str, known_by: str) -> dict[str, Any]:
    return {
        "terminationGracePeriodSeconds": 2,
        "securityContext": {
            "runAsUser": 999,
            "runAsNonRoot": True,
            "fsGroup": 999,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [
            container("redis", SERVER, image, known_by),
            container("sentinel", SENTINEL, image, known_by),
        ],
        "volumes": [{"name": "redis", "emptyDir": {}}, {"name": "sentinel", "emptyDir": {}}],
    }


def container(name: str, script: str, image: str, known_by: str) -> dict[str, Any]:
    fields = {"NAMESPACE": "metadata.namespace", "POD_IP": "status.podIP"}
    variables = [{"name": key, "valueFrom": {"fieldRef": {"fieldPath": path}}} for key, path in fields.items()]
    return {
        "name": name,
        "image": image,
        "command": ["sh", "-ec", script],
        "env": [*variables, {"name": "KNOWN_BY", "value": known_by}],
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        "volumeMounts": [{"name": name, "mountPath": "/data"}],
    }
