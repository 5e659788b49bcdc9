# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects and variables of the role redis_sentinel."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterable
from functools import cache
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible_collections.k8sredis.core.plugins.module_utils._decide import preflight, security, versions
from ansible_collections.k8sredis.core.plugins.module_utils._decide.declaration import declaration
from ansible_collections.k8sredis.core.plugins.module_utils._decide.validation import Verdict

from tests.environment import CHECKOUT
from tests.unit.decide.declarations import there

ROLE = CHECKOUT / "roles" / "redis_sentinel"
PREFIX = "redis_sentinel_"
NOT_CHECKED = {"kubernetes", "confirm_destroy", "delete_claims", "delete_auth", "first_master"}
"""Those that cluster_preflight has no use for."""
SECRET = {"application_password", "users"}
PODS = [f"sessions-0-{n}" for n in range(3)] + [f"sessions-sentinel-{n}" for n in range(3)]
OURS = {"app.kubernetes.io/instance": "sessions", "app.kubernetes.io/managed-by": "k8sredis"}


def load(path: str) -> dict[str, Any]:
    return dict(DataLoader().load_from_file(str(ROLE / path), trusted_as_template=True))


OPTIONS = load("meta/argument_specs.yml")["argument_specs"]["main"]["options"]
DEFAULTS = load("defaults/main.yml")


def value(
    expression: str,
    *,
    addresses: bool = True,
    check: bool = False,
    leaving: dict[str, list[str]] | None = None,
    variables: dict[str, Any] | None = None,
    **given: Any,
) -> Any:
    """Of an expression over variables of the role; ``addresses``: whether the Services have been made; ``leaving``:
    what cluster_preflight found; ``variables``: those of a task."""
    known: dict[str, Any] = {
        f"{PREFIX}name": "sessions",
        **DEFAULTS,
        **load("vars/main.yml"),
        "ansible_search_path": [str(ROLE)],
        "ansible_check_mode": check,
        "role_path": str(ROLE),
        **{f"{PREFIX}{key}": each for key, each in given.items()},
        **(variables or {}),
    }
    templar = Templar(loader=DataLoader(), variables=known)
    wish, wrong = declaration(templar.template(trust_as_template("{{ __redis_sentinel_settings }}")), "sentinel")
    assert wrong == []
    server, _unknown = versions.server(wish.image, wish.version)
    assert server is not None
    instance = preflight.result(wish, server, there(), Verdict())
    instance["leaving"] = leaving or instance["leaving"]
    known["__redis_sentinel_preflight"] = {"instance": instance}
    if addresses:
        pods = dict.fromkeys([*instance["names"]["servers"], *instance["names"]["watchers"]])
        known["__redis_sentinel_services"] = {"resources": services(pods)}
    templar = Templar(loader=DataLoader(), variables=known)
    return templar.template(trust_as_template("{{ " + expression + " }}"))


def services(pods: Iterable[str]) -> list[dict[str, Any]]:
    """The lasting ones, as the API gives them."""
    return [
        {"metadata": {"name": pod}, "spec": {"clusterIP": f"10.96.0.{number}"}} for number, pod in enumerate(pods, 1)
    ]


def objects(**given: Any) -> list[dict[str, Any]]:
    return copy.deepcopy(_objects(json.dumps(given)))


@cache
def _objects(given: str) -> list[dict[str, Any]]:
    return list(value("__redis_sentinel_service_definitions + __redis_sentinel_definitions", **json.loads(given)))


def one(kind: str, name: str, **given: Any) -> dict[str, Any]:
    (found,) = [each for each in objects(**given) if (each["kind"], each["metadata"]["name"]) == (kind, name)]
    return found


def variables_of(container: dict[str, Any]) -> dict[str, Any]:
    return {entry["name"]: entry.get("value", entry.get("valueFrom")) for entry in container["env"]}


def test_every_variable_has_a_default_and_is_documented() -> None:
    assert sorted(OPTIONS) == sorted([*DEFAULTS, f"{PREFIX}name"])
    documented = {name: option.get("default") for name, option in OPTIONS.items() if name != f"{PREFIX}name"}
    assert documented == DEFAULTS
    for name in ("storage", "sentinel_storage"):
        parts = {key: option["default"] for key, option in OPTIONS[f"{PREFIX}{name}"]["options"].items()}
        assert parts == DEFAULTS[f"{PREFIX}{name}"]
        given: dict[str, Any] = {name: {"class": "fast"}}
        assert value(f"__{PREFIX}{name}", **given) == {**parts, "class": "fast"}


def test_preflight_gets_every_variable_with_its_type() -> None:
    settings = value("__redis_sentinel_settings", sentinels="5", proxy="no")
    assert sorted(settings) == sorted({name.removeprefix(PREFIX) for name in OPTIONS} - NOT_CHECKED - SECRET)
    types = {"int": int, "bool": bool, "str": str, "list": list, "dict": dict}
    wrong = {
        name: given
        for name, given in settings.items()
        if not isinstance(given, types[OPTIONS[f"{PREFIX}{name}"]["type"]])
    }
    assert wrong == {}
    assert (settings["sentinels"], settings["proxy"]) == (5, False)


def test_the_default_image_has_no_known_security_hole() -> None:
    found, problems = versions.server(DEFAULTS[f"{PREFIX}image"], "")
    assert found is not None
    assert problems + security.warnings(found) == []


def test_nothing_of_the_role_is_used_without_being_declared() -> None:
    declared = {*OPTIONS, *load("vars/main.yml")}
    used: dict[str, str] = {}
    for path in [*ROLE.glob("tasks/*"), *ROLE.glob("vars/*")]:
        text = path.read_text(encoding="utf-8")
        declared |= set(re.findall(r"^\s*register: (\w+)", text, re.MULTILINE))
        declared |= set(re.findall(r"^\s+(__redis_sentinel_\w+):", text, re.MULTILINE))
        used |= dict.fromkeys(re.findall(r"\b(?:__)?redis_sentinel_\w+", text), path.name)
    unknown = {name: where for name, where in used.items() if name not in declared}
    assert unknown == {}


def test_the_objects_in_their_order() -> None:
    found = [(each["kind"], each["metadata"]["name"]) for each in objects()]
    services = ["sessions-nodes", "sessions-sentinels", "sessions-sentinel", *PODS, "sessions", "sessions-replicas"]
    assert [name for kind, name in found if kind == "Service"] == services
    assert found[len(services) :] == [
        ("ConfigMap", value("__redis_sentinel_scripts_name")),
        ("ConfigMap", value("__redis_sentinel_instance.names.boot")),
        ("ConfigMap", "sessions-config"),
        ("ConfigMap", "sessions-addresses"),
        ("PodDisruptionBudget", "sessions-0"),
        ("PodDisruptionBudget", "sessions-sentinel"),
        ("StatefulSet", "sessions-sentinel"),
        ("StatefulSet", "sessions-0"),
        ("ConfigMap", "sessions-proxy"),
        ("PodDisruptionBudget", "sessions-proxy"),
        ("Deployment", "sessions-proxy"),
    ]
    without = [each["metadata"]["name"] for each in objects(proxy="no")]
    assert [name for name in without if name in ("sessions", "sessions-replicas", "sessions-proxy")] == []


def test_every_object_is_labelled() -> None:
    for found in objects(namespace="web", labels={"team": "a"}):
        labels = found["metadata"]["labels"]
        assert found["metadata"]["namespace"] == "web"
        assert (labels["app.kubernetes.io/name"], labels["team"]) == ("redis-sentinel", "a")
        assert OURS.items() <= labels.items()


def selects(selector: dict[str, str], pod: dict[str, Any]) -> bool:
    labels = {**pod["metadata"]["labels"], "statefulset.kubernetes.io/pod-name": pod["name"]}
    return selector.items() <= labels.items()


def pods() -> list[dict[str, Any]]:
    made = []
    for name in PODS:
        template = one("StatefulSet", name.rpartition("-")[0])["spec"]["template"]
        made.append({"name": name, "metadata": template["metadata"]})
    proxy = one("Deployment", "sessions-proxy")["spec"]["template"]
    return [*made, {"name": "sessions-proxy-x", "metadata": proxy["metadata"]}]


@pytest.mark.parametrize(
    ("service", "behind"),
    [
        ("sessions-nodes", PODS[:3]),
        ("sessions-sentinels", PODS[3:]),
        ("sessions-sentinel", PODS[3:]),
        *((pod, [pod]) for pod in PODS),
        ("sessions", ["sessions-proxy-x"]),
        ("sessions-replicas", ["sessions-proxy-x"]),
    ],
)
def test_who_is_behind_a_service(service: str, behind: list[str]) -> None:
    selector = one("Service", service)["spec"]["selector"]
    assert [pod["name"] for pod in pods() if selects(selector, pod)] == behind


def test_exactly_one_budget_covers_each_pod() -> None:
    budgets = [each["spec"]["selector"]["matchLabels"] for each in objects() if each["kind"] == "PodDisruptionBudget"]
    for pod in pods():
        assert sum(selects(selector, pod) for selector in budgets) == 1


def test_services_of_pods_lead_there_before_they_are_ready() -> None:
    for pod in PODS:
        spec = one("Service", pod)["spec"]
        assert (spec["type"], spec["publishNotReadyAddresses"]) == ("ClusterIP", True)
        assert [port["port"] for port in spec["ports"]] == [26379 if "sentinel" in pod else 6379]


def test_the_address_book() -> None:
    book = one("ConfigMap", "sessions-addresses")["data"]
    assert book["servers"] == "sessions-0-0 10.96.0.1\nsessions-0-1 10.96.0.2\nsessions-0-2 10.96.0.3\n"
    assert book["sentinels"].splitlines()[2] == "sessions-sentinel-2 10.96.0.6"


def test_the_pod_of_a_server() -> None:
    spec = one("StatefulSet", "sessions-0")["spec"]
    pod = spec["template"]["spec"]
    (container,) = pod["containers"]
    assert "initContainers" not in pod
    environment = variables_of(container)
    assert (environment["MASTER_NAME"], environment["SENTINEL_PORT"]) == ("default.sessions", "26379")
    assert "ANNOUNCE_HOSTNAME" not in environment
    assert [port["containerPort"] for port in container["ports"]] == [6379]
    assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]} | {
        "data"
    }
    assert pod["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    spread = [
        each["labelSelector"]["matchLabels"]["app.kubernetes.io/component"] for each in pod["topologySpreadConstraints"]
    ]
    assert spread == ["server", "server"]


def test_the_pod_of_a_sentinel() -> None:
    spec = one("StatefulSet", "sessions-sentinel", sentinels="5", quorum="0", down_after="7000")["spec"]
    pod = spec["template"]["spec"]
    (container,) = pod["containers"]
    environment = variables_of(container)
    assert spec["replicas"] == 5
    assert (environment["QUORUM"], environment["DOWN_AFTER"], environment["SERVER_PORT"]) == ("3", "7000", "6379")
    assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]} | {
        "data"
    }
    keys = {item["key"] for volume in pod["volumes"] if volume["name"] == "auth" for item in volume["secret"]["items"]}
    assert keys == {"sentinel.acl", "watch-password", "peer-password", "probe-password", "keeper-password"}
    assert (
        "volumeClaimTemplates"
        not in one("StatefulSet", "sessions-sentinel", sentinel_storage={"type": "empty_dir"})["spec"]
    )


def test_no_pod_holds_what_it_does_not_need() -> None:
    """Least of all the passwords of the tool and of the applications."""
    given = [each for each in objects() if each["kind"] in ("StatefulSet", "Deployment")]
    text = json.dumps(given)
    for key in ("tool-password", '"password"', "sentinel-password"):
        assert key not in text
    for each in given:
        pod = each["spec"]["template"]["spec"]
        assert (pod["automountServiceAccountToken"], pod["enableServiceLinks"]) == (False, False)
        assert pod["securityContext"]["runAsNonRoot"]
        assert pod["containers"][0]["securityContext"]["readOnlyRootFilesystem"]


def test_a_proxy_is_replaced_when_its_configuration_is_another() -> None:
    annotations = [
        one("Deployment", "sessions-proxy", **given)["spec"]["template"]["metadata"]["annotations"]
        for given in ({}, {"port": "7000"}, {"labels": {"a": "b"}})
    ]
    assert annotations[0] != annotations[1]
    assert annotations[0] == annotations[2]


def test_before_the_services_are_there() -> None:
    """As in check mode: all objects can be named."""
    names = value("__redis_sentinel_definitions | map(attribute='metadata.name')", addresses=False, check=True)
    assert "sessions-addresses" in list(names)
