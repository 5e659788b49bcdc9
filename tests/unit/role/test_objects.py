# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The objects that the role applies."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.role.rendering import COMMON, FILES, objects, value

NASTY = "a \"quote\" 'and' {{ braces }} # no: comment\n- second: line\n€ \U0001f600 ${x} \\ end"


SCRIPTS = ("start", "probe", "client", "gate", "keeper", "prestop")
SHARED = ("say", "ask", "pod", "snapshot", "probing")


def kind(name: str, **given: Any) -> list[dict[str, Any]]:
    return [found for found in objects(**given) if found["kind"] == name]


def pod(**given: Any) -> dict[str, Any]:
    """The pod of the first shard."""
    return dict(kind("StatefulSet", **given)[0]["spec"]["template"])


def container(**given: Any) -> dict[str, Any]:
    return dict(pod(**given)["spec"]["containers"][0])


def variables(**given: Any) -> dict[str, Any]:
    """The environment of the container; what Kubernetes fills in as the place it takes it from."""
    return {entry["name"]: entry.get("value", entry.get("valueFrom")) for entry in container(**given)["env"]}


def volume(name: str, **given: Any) -> dict[str, Any] | None:
    return next((found for found in pod(**given)["spec"]["volumes"] if found["name"] == name), None)


def test_the_objects_in_their_order() -> None:
    scripts = value("__redis_cluster_scripts_name")
    assert [(found["kind"], found["metadata"]["name"]) for found in objects(shards=3)] == [
        ("ConfigMap", scripts),
        ("ConfigMap", "shop-boot-0123456789"),
        ("ConfigMap", "shop-config"),
        ("Service", "shop-nodes"),
        ("Service", "shop"),
        ("PodDisruptionBudget", "shop-0"),
        ("PodDisruptionBudget", "shop-1"),
        ("PodDisruptionBudget", "shop-2"),
        ("StatefulSet", "shop-0"),
        ("StatefulSet", "shop-1"),
        ("StatefulSet", "shop-2"),
    ]


def test_no_secret_among_them() -> None:
    given = objects(application_password="canary-1", users=[{"name": "app", "password": "canary-2"}])
    assert "canary" not in json.dumps(given)
    assert not [found for found in given if found["kind"] == "Secret"]


def test_numbers_and_truth_values_from_the_command_line_are_strings() -> None:
    typed = objects(shards=2, replicas=2, port=7000, client_service=False)
    assert objects(shards="2", replicas="2", port="7000", client_service="false") == typed


def test_every_object_is_labelled() -> None:
    for found in objects(namespace="web"):
        labels = found["metadata"]["labels"]
        assert found["metadata"]["namespace"] == "web"
        assert labels.pop("k8sredis.io/shard", None) == (
            found["metadata"]["name"].removeprefix("shop-")
            if found["kind"] in ("StatefulSet", "PodDisruptionBudget")
            else None
        )
        assert labels == {
            "app.kubernetes.io/name": "redis-cluster",
            "app.kubernetes.io/instance": "shop",
            "app.kubernetes.io/component": "server",
            "app.kubernetes.io/version": "8.0.2",
            "app.kubernetes.io/managed-by": "k8sredis",
        }


def test_labels_of_the_user_go_to_objects_and_never_replace_ours() -> None:
    for found in objects(labels={"team": "web", "app.kubernetes.io/instance": "other"}):
        assert found["metadata"]["labels"]["team"] == "web"
        assert found["metadata"]["labels"]["app.kubernetes.io/instance"] == "shop"
    assert "team" not in pod(labels={"team": "web"})["metadata"]["labels"]


def test_labels_of_the_user_for_pods_never_replace_those_of_the_selector() -> None:
    given = {"team": "web", "k8sredis.io/shard": "7", "app.kubernetes.io/instance": "other"}
    labels = pod(pod_labels=given)["metadata"]["labels"]
    assert labels["team"] == "web"
    assert (labels["k8sredis.io/shard"], labels["app.kubernetes.io/instance"]) == ("0", "shop")


def test_labels_of_claims_never_change() -> None:
    """volumeClaimTemplates are immutable."""
    given = {"labels": {"team": "web"}, "pod_labels": {"tier": "data"}}
    claim = kind("StatefulSet", **given)[0]["spec"]["volumeClaimTemplates"][0]
    assert sorted(claim["metadata"]["labels"]) == [
        "app.kubernetes.io/component",
        "app.kubernetes.io/instance",
        "app.kubernetes.io/managed-by",
        "app.kubernetes.io/name",
        "k8sredis.io/shard",
    ]


def free_text(text: str) -> dict[str, Any]:
    """Every variable that Kubernetes, and not the role, is to judge, each holding the text behind its name."""
    by_key = ["labels", "annotations", "service_annotations", "pod_labels", "pod_annotations", "node_selector"]
    by_key += ["affinity", "resources", "pod_security_context", "container_security_context"]
    in_list = ("tolerations", "topology_spread_constraints", "extra_volumes", "extra_volume_mounts")
    plain = ("image", "image_pull_policy", "priority_class", "port_name", "bus_port_name")
    return {
        **{name: {"note": name + text} for name in by_key},
        **{name: [{"note": name + text}] for name in in_list},
        **{name: name + text for name in plain},
        "image_pull_secrets": ["image_pull_secrets" + text],
        "modules": ["modules" + text],
    }


@pytest.mark.parametrize(
    "storage",
    [
        {"type": "persistent_claim", "class": "class", "size": "size"},
        {"type": "host_path", "path": "path"},
        {"type": "empty_dir", "size": "size"},
    ],
    ids=lambda storage: storage["type"],
)
def test_what_a_user_writes_arrives_as_written(storage: dict[str, str]) -> None:
    """It adds nothing to the objects but itself: no key, no object, no line of YAML."""

    def given(text: str) -> dict[str, Any]:
        own = {key: word if key == "type" else word + text for key, word in storage.items()}
        return {**free_text(text), "storage": own}

    harmless, nasty = json.dumps(objects(**given("-end"))), json.dumps(objects(**given(NASTY)))
    assert harmless.replace("-end", json.dumps(NASTY)[1:-1]) == nasty
    for name in [*free_text(""), *(key for key in storage if key != "type")]:
        assert f"{name}-end" in harmless


def test_configuration_arrives_byte_by_byte() -> None:
    scripts, boot, live = kind("ConfigMap")
    files = {path.name: path for folder in (FILES, COMMON) for path in folder.iterdir()}
    assert set(files) == {*SCRIPTS, *SHARED}
    assert scripts["data"] == {name: path.read_text(encoding="utf-8") for name, path in files.items()}
    assert boot["data"] == {"redis.conf": "port 6379\n"}
    assert live["data"] == {"live.conf": "maxmemory-policy noeviction\n"}
    assert [found.get("immutable") for found in (scripts, boot, live)] == [True, True, None]


def test_services() -> None:
    nodes, clients = kind(
        "Service", ip_family="ipv6", port=7000, bus_port=17000, port_name="client", bus_port_name="gossip"
    )
    assert nodes["spec"]["clusterIP"] == "None"
    assert nodes["spec"]["publishNotReadyAddresses"] is True
    assert [(port["name"], port["port"]) for port in nodes["spec"]["ports"]] == [("client", 7000), ("gossip", 17000)]
    assert [(port["name"], port["port"]) for port in clients["spec"]["ports"]] == [("client", 7000)]
    assert "publishNotReadyAddresses" not in clients["spec"]
    assert [found["spec"]["ipFamilies"] for found in (nodes, clients)] == [["IPv6"], ["IPv6"]]


def test_no_service_for_clients() -> None:
    assert [found["metadata"]["name"] for found in kind("Service", client_service=False)] == ["shop-nodes"]


WHOLE = [{"name": "shop", "shard": ""}]


@pytest.mark.parametrize("given", [{}, {"budgets": WHOLE}], ids=["shard", "instance"])
def test_exactly_one_budget_covers_each_pod(given: dict[str, Any]) -> None:
    budgets = kind("PodDisruptionBudget", shards=3, **given)
    for statefulset in kind("StatefulSet", shards=3):
        labels = statefulset["spec"]["template"]["metadata"]["labels"]
        (budget,) = [each for each in budgets if covers(each, labels)]
        assert budget["spec"]["maxUnavailable"] == 1
        assert budget["spec"]["unhealthyPodEvictionPolicy"] == "IfHealthyBudget"
        assert not covers(budget, {**labels, "app.kubernetes.io/instance": "other"})
        assert not covers(budget, {**labels, "app.kubernetes.io/managed-by": "Helm"})


def covers(budget: dict[str, Any], labels: dict[str, str]) -> bool:
    return bool(budget["spec"]["selector"]["matchLabels"].items() <= labels.items())


@pytest.mark.parametrize(("check", "expected"), [(True, ["8Gi", "16Gi"]), (False, ["16Gi", "16Gi"])])
def test_claims_that_are_to_grow(check: bool, expected: list[str]) -> None:
    """The API refuses another size, and check mode has not made the StatefulSet anew."""
    found = kind("StatefulSet", shards=2, storage={"size": "16Gi"}, claim_sizes=["8Gi", ""], check=check)
    templates = [shard["spec"]["volumeClaimTemplates"][0] for shard in found]
    assert [template["spec"]["resources"]["requests"]["storage"] for template in templates] == expected


def test_a_statefulset_for_each_shard() -> None:
    found = kind("StatefulSet", shards=2, replicas=2)
    assert [shard["metadata"]["labels"]["k8sredis.io/shard"] for shard in found] == ["0", "1"]
    for shard in found:
        spec = shard["spec"]
        assert (spec["replicas"], spec["podManagementPolicy"], spec["serviceName"]) == (3, "Parallel", "shop-nodes")
        assert spec["updateStrategy"] == {"type": "OnDelete"}
        assert spec["selector"]["matchLabels"].items() <= spec["template"]["metadata"]["labels"].items()
        assert spec["selector"]["matchLabels"]["k8sredis.io/shard"] == shard["metadata"]["labels"]["k8sredis.io/shard"]


def test_the_restart_hash_stands_on_the_statefulset_and_its_pods() -> None:
    (first, *_rest) = kind("StatefulSet")
    assert first["metadata"]["annotations"]["k8sredis.io/restart-hash"] == "abc"
    assert first["spec"]["template"]["metadata"]["annotations"]["k8sredis.io/restart-hash"] == "abc"
    assert first["spec"]["template"]["metadata"]["annotations"]["k8sredis.io/made-from"] == '{"image": "redis:8.0.2"}'
    assert first["metadata"]["annotations"]["k8sredis.io/declared"] == '{"shards": 3}'


def test_pods_meet_the_restricted_level_of_pod_security() -> None:
    spec = pod()["spec"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for each in (*spec["initContainers"], *spec["containers"]):
        assert each["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
    allowed = {"configMap", "emptyDir", "projected", "secret", "persistentVolumeClaim"}
    assert {next(iter(found.keys() - {"name"})) for found in spec["volumes"]} <= allowed
    assert (spec["automountServiceAccountToken"], spec["enableServiceLinks"]) == (False, False)


def test_security_contexts_can_be_unset() -> None:
    spec = pod(pod_security_context={}, container_security_context={})["spec"]
    assert "securityContext" not in spec
    assert "securityContext" not in spec["containers"][0]


def test_pods_get_only_what_they_need_of_the_secret() -> None:
    found = volume("auth")
    assert found is not None
    assert found["secret"]["secretName"] == "shop-auth"
    passwords = [f"{name}-password" for name in ("replication", "probe", "keeper")]
    assert [item["key"] for item in found["secret"]["items"]] == ["users.acl", *passwords]


def test_maxmemory_is_derived_where_the_preflight_says_so() -> None:
    assert variables()["MAXMEMORY_PERCENT"] == "70"
    assert variables()["MEMORY_LIMIT"] == {"resourceFieldRef": {"containerName": "redis", "resource": "limits.memory"}}
    assert {"MEMORY_LIMIT", "MAXMEMORY_PERCENT"}.isdisjoint(variables(derives_maxmemory=False))


def test_the_name_that_a_pod_announces() -> None:
    seen = variables(nodes_service_name="ignored", cluster_domain="k8s.example")["ANNOUNCE_HOSTNAME"]
    assert seen == "$(POD_NAME).shop-nodes.$(POD_NAMESPACE).svc.k8s.example"


def test_claims_are_kept() -> None:
    spec = kind("StatefulSet", storage={"size": "20Gi", "class": "fast"})[0]["spec"]
    assert spec["persistentVolumeClaimRetentionPolicy"] == {"whenDeleted": "Retain", "whenScaled": "Retain"}
    claim = spec["volumeClaimTemplates"][0]["spec"]
    assert claim["resources"]["requests"]["storage"] == "20Gi"
    assert claim["storageClassName"] == "fast"
    assert volume("data") is None


def test_no_class_means_the_default_class() -> None:
    """An empty storageClassName would mean: never provision."""
    assert "storageClassName" not in kind("StatefulSet")[0]["spec"]["volumeClaimTemplates"][0]["spec"]


def test_empty_dir() -> None:
    given: dict[str, Any] = {"storage": {"type": "empty_dir", "size": "2Gi"}}
    assert volume("data", **given) == {"name": "data", "emptyDir": {"sizeLimit": "2Gi"}}
    assert "volumeClaimTemplates" not in kind("StatefulSet", **given)[0]["spec"]
    assert "FOLDER_MARK" not in variables(**given)


HOST = {"type": "host_path", "path": "/data/redis"}


def test_host_path_has_a_folder_for_each_pod() -> None:
    assert volume("data", storage=HOST) == {
        "name": "data",
        "hostPath": {"path": "/data/redis", "type": "DirectoryOrCreate"},
    }
    mount = next(found for found in container(storage=HOST)["volumeMounts"] if found["name"] == "data")
    assert mount == {"name": "data", "mountPath": "/data", "subPathExpr": "$(POD_NAMESPACE)"}
    assert variables(storage=HOST)["FOLDER_MARK"] == "$(POD_NAMESPACE)/shop/$(POD_NAME)"
    assert "initContainers" not in pod(storage=HOST, keeper=False)["spec"]


@pytest.mark.parametrize(("wish", "alone"), [("required", True), ("preferred", False), ("none", False)])
def test_host_path_tells_whether_another_pod_of_the_shard_can_be_here(wish: str, alone: bool) -> None:
    assert ("ALONE_ON_KUBE_NODE" in variables(storage=HOST, anti_affinity=wish)) is alone
    assert "ALONE_ON_KUBE_NODE" not in variables(storage=HOST, affinity={"podAffinity": {}})


def test_host_path_prepared_by_root_on_request() -> None:
    prepare, keeper = pod(storage={**HOST, "prepare": True})["spec"]["initContainers"]
    assert keeper["name"] == "keeper"
    assert prepare["securityContext"]["runAsUser"] == 0
    assert prepare["volumeMounts"] == [{"name": "data", "mountPath": "/base"}]


def place(name: str, kube_node: str = "", kube_nodes: str = "") -> dict[str, Any]:
    """A pod that runs on a kube_node, or a StatefulSet with the kube_nodes of former times; of the first shard."""
    annotations = {"k8sredis.io/kube-nodes": kube_nodes} if kube_nodes else {}
    spec = {"nodeName": kube_node} if kube_node else {}
    metadata = {"name": name, "labels": {"k8sredis.io/shard": "0"}, "annotations": annotations}
    return {"metadata": metadata, "spec": spec}


def test_host_path_ties_pods_to_where_their_shard_has_ever_been() -> None:
    places = [place("shop-0", kube_nodes="n1,n3"), place("shop-0-0", "n3"), place("shop-0-1", "n2"), place("shop-0-2")]
    found = kind("StatefulSet", storage=HOST, places=places, shards=2)
    terms = [
        [term["matchFields"][0]["values"] for term in node_affinity(shard)["nodeSelectorTerms"]]
        for shard in found
        if node_affinity(shard)
    ]
    assert terms == [[["n1"], ["n2"], ["n3"]]]
    assert found[0]["metadata"]["annotations"]["k8sredis.io/kube-nodes"] == "n1,n2,n3"
    assert "podAntiAffinity" in found[0]["spec"]["template"]["spec"]["affinity"]


def test_host_path_does_not_tie_pods_before_there_is_a_kube_node_for_each() -> None:
    places = [place("shop-0-0", "n1")]
    assert not node_affinity(kind("StatefulSet", storage=HOST, places=places)[0])
    assert node_affinity(kind("StatefulSet", storage=HOST, places=places, anti_affinity="none")[0])


def test_only_host_path_ties_pods_and_not_beside_an_affinity_of_the_user() -> None:
    places = [place("shop-0-0", "n1"), place("shop-0-1", "n2")]
    assert not node_affinity(kind("StatefulSet", places=places)[0])
    own: dict[str, Any] = {"podAffinity": {}}
    assert pod(storage=HOST, places=places, affinity=own)["spec"]["affinity"] == own


def node_affinity(shard: dict[str, Any]) -> dict[str, Any]:
    affinity = shard["spec"]["template"]["spec"]["affinity"].get("nodeAffinity", {})
    return dict(affinity.get("requiredDuringSchedulingIgnoredDuringExecution", {}))


@pytest.mark.parametrize(
    ("wish", "required", "weights"),
    [("required", ["kubernetes.io/hostname"], [50]), ("preferred", [], [50, 100]), ("none", [], [])],
)
def test_anti_affinity_within_the_shard(wish: str, required: list[str], weights: list[int]) -> None:
    affinity = pod(anti_affinity=wish)["spec"].get("affinity", {}).get("podAntiAffinity", {})
    must = affinity.get("requiredDuringSchedulingIgnoredDuringExecution", [])
    should = affinity.get("preferredDuringSchedulingIgnoredDuringExecution", [])
    assert [term["topologyKey"] for term in must] == required
    assert [term["weight"] for term in should] == weights
    for term in [*must, *(term["podAffinityTerm"] for term in should)]:
        assert term["labelSelector"]["matchLabels"]["k8sredis.io/shard"] == "0"


def test_affinity_of_the_user_replaces_ours() -> None:
    own: dict[str, Any] = {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}}
    assert pod(affinity=own)["spec"]["affinity"] == own


def test_spread_counts_the_instance_unless_told_otherwise() -> None:
    own = {"topologyKey": "rack", "maxSkew": 2, "labelSelector": {"matchLabels": {"a": "b"}}}
    first, second = pod(topology_spread_constraints=[{"topologyKey": "rack"}, own])["spec"]["topologySpreadConstraints"]
    assert first["labelSelector"]["matchLabels"] == {
        "app.kubernetes.io/name": "redis-cluster",
        "app.kubernetes.io/instance": "shop",
        "app.kubernetes.io/managed-by": "k8sredis",
    }
    assert second == own
    assert "topologySpreadConstraints" not in pod(topology_spread_constraints=[])["spec"]


def test_further_volumes() -> None:
    given: dict[str, Any] = {
        "extra_volumes": [{"name": "more", "emptyDir": {}}],
        "extra_volume_mounts": [{"name": "more", "mountPath": "/more"}],
    }
    assert volume("more", **given) == {"name": "more", "emptyDir": {}}
    assert {"name": "more", "mountPath": "/more"} in container(**given)["volumeMounts"]


def test_what_schedules_a_pod() -> None:
    spec = pod(
        node_selector={"disk": "ssd"},
        tolerations=[{"key": "redis", "operator": "Exists"}],
        priority_class="high",
        image_pull_secrets=["one", "two"],
    )["spec"]
    assert spec["nodeSelector"] == {"disk": "ssd"}
    assert spec["tolerations"] == [{"key": "redis", "operator": "Exists"}]
    assert spec["priorityClassName"] == "high"
    assert spec["imagePullSecrets"] == [{"name": "one"}, {"name": "two"}]
    assert spec["terminationGracePeriodSeconds"] == 60


def test_the_keeper_is_a_sidecar_that_leaves_a_pod_guaranteed() -> None:
    (keeper,) = pod()["spec"]["initContainers"]
    assert keeper["restartPolicy"] == "Always"
    assert keeper["resources"]["requests"] == keeper["resources"]["limits"]
    assert {mount["name"] for mount in keeper["volumeMounts"]} == {"scripts", "auth"}
    assert "initContainers" not in pod(keeper="false")["spec"]


def test_what_the_scripts_are_told() -> None:
    told = variables(persistence="rdb")
    assert (told["PERSISTENCE"], told["HAND_OVER_SECONDS"]) == ("rdb", "50")
    assert container()["lifecycle"]["preStop"]["exec"]["command"][1] == "/etc/k8sredis/scripts/prestop"


def test_another_script_has_another_name() -> None:
    name = value("__redis_cluster_scripts_name")
    assert value("(__redis_cluster_scripts | to_json | hash('sha256'))[:10]") == name.removeprefix("shop-scripts-")
    changed = value("({'start': 'exit 1', 'probe': __redis_cluster_scripts.probe} | to_json | hash('sha256'))[:10]")
    assert changed != name.removeprefix("shop-scripts-")


def test_configuration_that_is_wished_again_is_not_stale() -> None:
    stale = ["shop-boot-0123456789", "shop-boot-9876543210", value("__redis_cluster_scripts_name")]
    assert value("__redis_cluster_stale", stale_configmaps=stale) == ["shop-boot-9876543210"]


def test_statefulsets_keep_their_pods_until_these_have_left() -> None:
    """What cluster_preflight says wins over what is declared; leave.yml gives the variable another value."""
    assert [found["spec"]["replicas"] for found in kind("StatefulSet", shards=3, replicas=2)] == [3, 3, 3]
    expression = (
        "__redis_cluster_definitions | selectattr('kind', 'eq', 'StatefulSet') | map(attribute='spec.replicas')"
    )
    assert value(f"{expression} | list", pods=[4, 3], shards=2, replicas=1) == [4, 3]


ENDING = {"statefulsets": ["shop-3"], "pods": ["shop-3-0", "shop-3-1"], "claims": ["data-shop-3-0"]}


def test_what_is_to_end() -> None:
    assert value("__redis_cluster_ending") == []
    assert value("__redis_cluster_ending", leaving=ENDING) == ["shop-3", "shop-3-0", "shop-3-1"]
    seen = {"cluster": {"leaving": ["shop-2-2", "shop-3-0"]}}
    assert value("__redis_cluster_ending", leaving=ENDING, seen=seen) == ["shop-3", "shop-3-0", "shop-3-1", "shop-2-2"]
