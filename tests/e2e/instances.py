# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Variables of small instances of both roles, and what pods say."""

from __future__ import annotations

import base64
from typing import Any

from tests.e2e.cluster import Cluster
from tests.servers import proxies

Variables = dict[str, Any]

OFFICIAL_PROXY = "docker.io/library/haproxy:3.2.9"
"""For another Kubernetes than the local one."""


def instance(name: str, namespace: str, image: str, **variables: Any) -> Variables:
    """Six pods of little weight whose data ends with them; ``variables`` without the role's prefix win."""
    small = {
        "name": name,
        "namespace": namespace,
        "image": image,
        "resources": {"requests": {"cpu": "20m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}},
        "storage": {"type": "empty_dir", "size": "256Mi"},
        **variables,
    }
    return {f"redis_cluster_{key}": value for key, value in small.items()}


def sentinel_instance(cluster: Cluster, name: str, namespace: str, image: str, **variables: Any) -> Variables:
    """Three servers, three Sentinels and two proxies of little weight, with small claims."""
    small = {
        "name": name,
        "namespace": namespace,
        "image": image,
        "proxy_image": proxies()[-1].image if cluster.local else OFFICIAL_PROXY,
        "proxy_resources": {"requests": {"cpu": "20m", "memory": "32Mi"}, "limits": {"memory": "128Mi"}},
        "resources": {"requests": {"cpu": "20m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}},
        "sentinel_resources": {"requests": {"cpu": "20m", "memory": "32Mi"}, "limits": {"memory": "64Mi"}},
        "storage": {"size": "64Mi"},
        "sentinel_storage": {"size": "16Mi"},
        **variables,
    }
    return {f"redis_sentinel_{key}": value for key, value in small.items()}


def role_of(variables: Variables) -> str:
    """The one that these are variables of."""
    return "redis_sentinel" if "redis_sentinel_name" in variables else "redis_cluster"


def place_of(variables: Variables) -> tuple[str, str]:
    """Namespace and name."""
    role = role_of(variables)
    return variables[f"{role}_namespace"], variables[f"{role}_name"]


def pods(cluster: Cluster, namespace: str, name: str) -> list[dict[str, Any]]:
    return list(cluster.get("pods", f"--namespace={namespace}", f"--selector=app.kubernetes.io/instance={name}"))


def lives(cluster: Cluster, namespace: str, name: str) -> dict[str, tuple[str, int]]:
    """Uid and number of restarts by pod: equal before and after when no server was restarted."""
    return {pod["metadata"]["name"]: (pod["metadata"]["uid"], _restarts(pod)) for pod in pods(cluster, namespace, name)}


def lasting(cluster: Cluster, namespace: str, name: str) -> dict[str, tuple[str, int]]:
    """Servers and Sentinels; a proxy that is made anew has another name."""
    found = lives(cluster, namespace, name)
    return {pod: life for pod, life in found.items() if not pod.startswith(f"{name}-proxy-")}


def assert_each_was_replaced_once(before: dict[str, tuple[str, int]], after: dict[str, tuple[str, int]]) -> None:
    """Each pod is another one, and no container was restarted in it."""
    assert set(after) == set(before)
    assert [pod for pod in before if before[pod][0] == after[pod][0]] == []
    assert {restarts for _uid, restarts in after.values()} == {0}, after


def _restarts(pod: dict[str, Any]) -> int:
    """None yet when no kubelet has taken the pod."""
    told = pod["status"].get("containerStatuses", [])
    return sum(int(container["restartCount"]) for container in told)


def are_others(before: dict[str, tuple[str, int]], now: dict[str, tuple[str, int]]) -> bool:
    """Each pod is there again, made anew."""
    return set(before) == set(now) and all(before[pod][0] != now[pod][0] for pod in now)


def ask(cluster: Cluster, namespace: str, pod: str, login: tuple[str, str], *words: str) -> str:
    """What the server in a pod answers; the password goes by stdin."""
    user, password = login
    script = (
        "REDISCLI_AUTH=$(cat) && export REDISCLI_AUTH && cli=$(command -v valkey-cli || command -v redis-cli) && "
        'exec "$cli" --no-auth-warning --user "$@" 2>&1'
    )
    command = ["exec", "--stdin", f"--namespace={namespace}", pod, "--container=redis", "--"]
    return cluster.kubectl(*command, "sh", "-c", script, "sh", user, *words, given=password).stdout.strip()


def password(cluster: Cluster, namespace: str, name: str, key: str = "password") -> str:
    secret = cluster.get("secret", f"{name}-auth", f"--namespace={namespace}")
    return base64.b64decode(secret["data"][key]).decode()
