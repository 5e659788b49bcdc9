# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects of the role redis_sentinel where each server has its Sentinel in its pod."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader

from tests.unit.role.test_sentinel_objects import ROLE, objects, one, selects, value, variables_of

BESIDE: dict[str, Any] = {"colocated": "yes", "replicas": "4", "sentinels": "9"}
"""``sentinels`` is not used."""
PODS = [f"sessions-0-{number}" for number in range(5)]
SECRETS_OF_SERVERS = {"users.acl", "replication-password", "probe-password", "keeper-password"}
SECRETS_OF_SENTINELS = {"sentinel.acl", "watch-password", "peer-password", "probe-password", "keeper-password"}


def pod_spec(**given: Any) -> dict[str, Any]:
    return dict(one("StatefulSet", "sessions-0", **BESIDE, **given)["spec"]["template"]["spec"])


def containers(**given: Any) -> list[dict[str, Any]]:
    """That of the server, and that of the Sentinel."""
    return list(pod_spec(**given)["containers"])


def mounted(container: dict[str, Any], path: str) -> str:
    (name,) = [mount["name"] for mount in container["volumeMounts"] if mount["mountPath"] == path]
    return str(name)


def keys(pod: dict[str, Any], volume: str) -> set[str]:
    (found,) = [each for each in pod["volumes"] if each["name"] == volume]
    return {item["key"] for item in found["secret"]["items"]}


def pods() -> list[dict[str, Any]]:
    metadata = one("StatefulSet", "sessions-0", **BESIDE)["spec"]["template"]["metadata"]
    proxy = one("Deployment", "sessions-proxy", **BESIDE)["spec"]["template"]["metadata"]
    return [*({"name": pod, "metadata": metadata} for pod in PODS), {"name": "sessions-proxy-x", "metadata": proxy}]


def test_there_is_nothing_of_pods_with_sentinels_alone() -> None:
    found = [(each["kind"], each["metadata"]["name"]) for each in objects(**BESIDE)]
    services = ["sessions-nodes", "sessions-sentinel", *PODS, "sessions", "sessions-replicas"]
    assert [name for kind, name in found if kind == "Service"] == services
    assert [name for kind, name in found if kind == "StatefulSet"] == ["sessions-0"]
    assert [name for kind, name in found if kind == "PodDisruptionBudget"] == ["sessions-0", "sessions-proxy"]
    named = value("__redis_sentinel_instance.names", **BESIDE)
    assert (named["sentinels"], named["sentinels_service"]) == ("", "")
    assert list(named["watchers"]) == list(named["servers"]) == PODS


@pytest.mark.parametrize(
    ("service", "behind"),
    [
        ("sessions-nodes", PODS),
        ("sessions-sentinel", PODS),
        *((pod, [pod]) for pod in PODS),
        ("sessions", ["sessions-proxy-x"]),
    ],
)
def test_who_is_behind_a_service(service: str, behind: list[str]) -> None:
    selector = one("Service", service, **BESIDE)["spec"]["selector"]
    assert [pod["name"] for pod in pods() if selects(selector, pod)] == behind


def test_exactly_one_budget_covers_each_pod() -> None:
    found = [each["spec"]["selector"]["matchLabels"] for each in objects(**BESIDE) if "Budget" in each["kind"]]
    assert [sum(selects(selector, pod) for selector in found) for pod in pods()] == [1] * 6


def test_the_lasting_address_of_a_pod_leads_to_both() -> None:
    for pod in PODS:
        spec = one("Service", pod, **BESIDE)["spec"]
        assert [(port["name"], port["port"]) for port in spec["ports"]] == [("redis", 6379), ("sentinel", 26379)]
        assert spec["publishNotReadyAddresses"]
    book = one("ConfigMap", "sessions-addresses", **BESIDE)["data"]
    assert book["servers"] == book["sentinels"]
    assert book["servers"].splitlines()[2] == "sessions-0-2 10.96.0.3"


def test_modules_find_servers_and_sentinels_by_one_label() -> None:
    """StatefulSet, pods and their Services, as in _observe/pods.py."""
    made = one("StatefulSet", "sessions-0", **BESIDE)
    found = [made, made["spec"]["template"], *(one("Service", pod, **BESIDE) for pod in PODS)]
    assert {each["metadata"]["labels"]["app.kubernetes.io/component"] for each in found} == {"server-with-sentinel"}


def test_both_containers() -> None:
    server, sentinel = containers(down_after="7000", sentinel_port="26380")
    assert [server["name"], sentinel["name"]] == ["redis", "sentinel"]
    environment = variables_of(sentinel)
    assert (environment["PORT"], environment["SERVER_PORT"], environment["DOWN_AFTER"]) == ("26380", "6379", "7000")
    assert environment["QUORUM"] == "3"
    assert variables_of(server)["SENTINEL_PORT"] == "26380"
    assert [port["containerPort"] for each in (server, sentinel) for port in each["ports"]] == [6379, 26380]
    alone = one("StatefulSet", "sessions-sentinel", sentinel_port="26380", down_after="7000", quorum="3")
    (apart,) = alone["spec"]["template"]["spec"]["containers"]
    for mount in sentinel["volumeMounts"]:
        mount["name"] = mount["name"].removeprefix("sentinel-")
    assert sentinel == apart


def test_each_container_has_its_own_resources() -> None:
    resources = {"limits": {"memory": "2Gi"}}, {"limits": {"memory": "48Mi"}}
    server, sentinel = containers(resources=resources[0], sentinel_resources=resources[1])
    assert (server["resources"], sentinel["resources"]) == resources
    limit = variables_of(server)["MEMORY_LIMIT"]["resourceFieldRef"]
    assert limit == {"containerName": "redis", "resource": "limits.memory"}


def test_each_container_has_its_own_secrets() -> None:
    pod = pod_spec()
    server, sentinel = pod["containers"]
    folder = "/etc/k8sredis/auth"
    assert keys(pod, mounted(server, folder)) == SECRETS_OF_SERVERS
    assert keys(pod, mounted(sentinel, folder)) == SECRETS_OF_SENTINELS
    assert mounted(server, "/run/redis") != mounted(sentinel, "/run/redis")


@pytest.mark.parametrize(
    ("storage", "folder", "claims"),
    [
        ({}, "data", ["data"]),
        ({"type": "empty_dir", "size": "1Gi"}, "data", []),
        ({"type": "host_path", "path": "/data/redis"}, "sentinel-data", []),
    ],
)
def test_where_a_sentinel_keeps_its_file(storage: dict[str, Any], folder: str, claims: list[str]) -> None:
    """Not in a folder of a kube_node, to which a pod may come back after others were elected."""
    spec = one("StatefulSet", "sessions-0", **BESIDE, storage=storage)["spec"]
    pod = spec["template"]["spec"]
    server, sentinel = pod["containers"]
    assert (mounted(server, "/data"), mounted(sentinel, "/data")) == ("data", folder)
    assert [each["metadata"]["name"] for each in spec.get("volumeClaimTemplates", [])] == claims
    mounts = {mount["name"] for each in pod["containers"] for mount in each["volumeMounts"]}
    assert mounts == {volume["name"] for volume in pod["volumes"]} | set(claims)
    assert len(pod["volumes"]) == len({volume["name"] for volume in pod["volumes"]})


def test_the_proxy_asks_the_sentinels_beside_the_servers() -> None:
    text = one("ConfigMap", "sessions-proxy", **BESIDE)["data"]["haproxy.cfg"]
    votes = text.split("backend votes_for_sessions-0-1\n")[1].split("\nbackend ")[0]
    asked = [line.split() for line in votes.splitlines() if line.strip().startswith("server ")]
    assert [words[1:3] for words in asked] == [[pod, f"10.96.0.{n}:26379"] for n, pod in enumerate(PODS, 1)]
    assert "{ nbsrv(votes_for_sessions-0-1) ge 3 }" in text


def test_one_pod_less_is_a_server_and_a_sentinel_less() -> None:
    """As the tasks of leave.yml do it."""
    tasks = DataLoader().load_from_file(str(ROLE / "tasks" / "leave.yml"), trusted_as_template=True)
    (shrink,) = [task["vars"] for task in tasks if "loop" in task]
    leaving = {"statefulsets": [], "pods": PODS[3:], "sentinels": PODS[:2:-1], "claims": []}
    few: dict[str, Any] = {**BESIDE, "replicas": "2", "leaving": leaving}
    assert len(value("__redis_sentinel_servers", **few)) == len(value("__redis_sentinel_watchers", **few)) == 5
    assert list(value("__redis_sentinel_ending", **few)) == PODS[3:]
    for leaver, left in enumerate((PODS[:4], PODS[:3])):
        for name in ("__redis_sentinel_servers", "__redis_sentinel_watchers"):
            assert list(value(name, variables={**shrink, "leaver": leaver}, **few)) == left


def test_in_pods_of_their_own_nothing_is_different() -> None:
    template = one("StatefulSet", "sessions-0")["spec"]["template"]
    assert len(template["spec"]["containers"]) == 1
    assert template["metadata"]["labels"]["app.kubernetes.io/component"] == "server"
    assert not {volume["name"] for volume in template["spec"]["volumes"]} & {"sentinel-auth", "sentinel-run"}
