# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads everything of an instance from Kubernetes, all at once. PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ansible_collections.k8sredis.core.plugins.module_utils._model_instance import (
    SERVERS,
    Budget,
    Claim,
    ClaimTemplate,
    Instance,
    KubeNode,
    Object,
    Pod,
    Question,
    Requirement,
    StatefulSet,
)
from ansible_collections.k8sredis.core.plugins.module_utils._observe import pods
from ansible_collections.k8sredis.core.plugins.module_utils._observe.kube import FIELD_MANAGER, Forbidden, Kube

APPS = "apis/apps/v1"
POLICY = "apis/policy/v1"
STORAGE_CLASSES = "/apis/storage.k8s.io/v1/storageclasses"
VERSION_LABEL = "app.kubernetes.io/version"
DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"

MOST_THREADS = 10
"""As many connections as the client of kubernetes keeps open; it warns when it has to drop more."""

Json = dict[str, Any]


def observe(kube: Kube, question: Question) -> Instance:
    """Raises Forbidden for what the shipped Role grants; what only its ClusterRole grants may be unreadable."""
    ours = pods.selector(question.name)
    required: dict[str, Callable[[], Any]] = {
        "version": lambda: kube.get("/version"),
        "statefulsets": lambda: kube.list(kube.path("statefulsets", group=APPS)),
        "claims": lambda: kube.list(kube.path("persistentvolumeclaims")),
        "pods": lambda: kube.list(kube.path("pods"), ours),
        "configmaps": lambda: kube.list(kube.path("configmaps"), ours),
        "services": lambda: kube.list(kube.path("services"), ours),
        "secret": lambda: kube.get_metadata(kube.path("secrets", question.secret)),
        **{f"service {name}": _getter(kube, "services", name) for name in question.services},
        "ConfigMap": _getter(kube, "configmaps", f"{question.name}-config"),
        "budgets": lambda: kube.list(kube.path("poddisruptionbudgets", group=POLICY)),
        "Lease": _getter(kube, "leases", f"{question.name}-lock", "apis/coordination.k8s.io/v1"),
    }
    optional: dict[str, Callable[[], Any]] = {
        "namespaces": lambda: kube.get(f"/api/v1/namespaces/{question.namespace}"),
        "controllerrevisions": lambda: kube.list(kube.path("controllerrevisions", group=APPS), ours),
    }
    if question.kube_nodes:
        optional["nodes"] = lambda: kube.list("/api/v1/nodes")
    if question.storage_class is not None:
        optional["storageclasses"] = lambda: _has_class(kube, question.storage_class or "")
    with ThreadPoolExecutor(MOST_THREADS) as pool:
        asked = {key: pool.submit(ask) for key, ask in required.items()}
        tried = {key: pool.submit(_try, ask) for key, ask in optional.items()}
        answers = {key: future.result() for key, future in asked.items()}
        extras = {key: future.result() for key, future in tried.items()}
    return _instance(question, answers, extras)


def statefulsets(kube: Kube, name: str, component: str = SERVERS) -> tuple[StatefulSet, ...]:
    """Those of an instance."""
    selector = pods.selector(name, component)
    return tuple(statefulset(found) for found in kube.list(kube.path("statefulsets", group=APPS), selector))


def claims(kube: Kube, name: str) -> tuple[Claim, ...]:
    """Those of an instance."""
    return tuple(claim(found) for found in kube.list(kube.path("persistentvolumeclaims"), pods.selector(name)))


def pods_of(kube: Kube, name: str) -> tuple[Pod, ...]:
    """Those of an instance."""
    return tuple(pod(found) for found in kube.list(kube.path("pods"), pods.selector(name)))


def budgets(kube: Kube) -> tuple[Budget, ...]:
    """All of the namespace."""
    return tuple(budget(found) for found in kube.list(kube.path("poddisruptionbudgets", group=POLICY)))


def allows_growth(kube: Kube, storage_class: str) -> bool | None:
    """Whether claims of a class may grow; None when the user may not know."""
    found = _try(lambda: kube.get(f"{STORAGE_CLASSES}/{storage_class}"))
    if isinstance(found, Forbidden):
        return None
    return bool(found and found.get("allowVolumeExpansion"))


def _getter(kube: Kube, kind: str, name: str, group: str = "api/v1") -> Callable[[], Json | None]:
    return lambda: kube.get(kube.path(kind, name, group))


def _try(ask: Callable[[], Any]) -> Any:
    """The answer, or the Forbidden itself."""
    try:
        return ask()
    except Forbidden as error:
        return error


def _has_class(kube: Kube, name: str) -> bool:
    if name:
        return kube.get(f"{STORAGE_CLASSES}/{name}") is not None
    return any(_annotations(found).get(DEFAULT_CLASS) == "true" for found in kube.list(STORAGE_CLASSES))


def _instance(question: Question, answers: dict[str, Any], extras: dict[str, Any]) -> Instance:
    unreadable = frozenset(key for key, value in extras.items() if isinstance(value, Forbidden))
    readable = {key: value for key, value in extras.items() if key not in unreadable}
    namespace, secret = readable.get("namespaces"), answers["secret"]
    services = [answers[f"service {name}"] for name in question.services]
    templates = [found["spec"]["template"] for found in answers["statefulsets"]]
    revisions = [_revision(found) for found in readable.get("controllerrevisions", [])]
    return Instance(
        kubernetes=_version(answers["version"] or {}),
        namespace=Object(*_metadata("Namespace", namespace)) if namespace else None,
        statefulsets=tuple(statefulset(found) for found in answers["statefulsets"]),
        claims=tuple(claim(found) for found in answers["claims"]),
        services=tuple(Object(*_metadata("Service", found)) for found in services if found is not None),
        own_services=frozenset(found["metadata"]["name"] for found in answers["services"] if _is_applied_by_us(found)),
        others=tuple(
            Object(*_metadata(kind, answers[kind])) for kind in ("ConfigMap", "Lease") if answers[kind] is not None
        ),
        budgets=tuple(map(budget, answers["budgets"])),
        own_budgets=frozenset(
            found["metadata"]["name"]
            for found in answers["budgets"]
            if pods.is_of(found, question.name) and _is_applied_by_us(found)
        ),
        secret=Object(*_metadata("Secret", secret)) if secret else None,
        orphans=tuple(sorted(each.name for each in map(pod, answers["pods"]) if not each.owned)),
        started_pods=tuple(sorted(pod["metadata"]["name"] for pod in answers["pods"] if pods.has_started(pod))),
        started_versions=frozenset(map(_version_of, filter(pods.has_started, answers["pods"]))) - {""},
        kube_nodes=tuple(kube_node(found) for found in readable.get("nodes", [])),
        storage_class_found=readable.get("storageclasses", True),
        config_maps=frozenset(found["metadata"]["name"] for found in answers["configmaps"]),
        referred_config_maps=frozenset().union(*map(config_maps, [*answers["pods"], *templates, *revisions])),
        unreadable=unreadable,
    )


def _is_applied_by_us(found: Json) -> bool:
    """Labels are copied by whoever copies an object; the API server itself keeps who applied it."""
    return any(each.get("manager") == FIELD_MANAGER for each in found["metadata"].get("managedFields") or [])


def _version_of(pod: Json) -> str:
    return str((pod["metadata"].get("labels") or {}).get(VERSION_LABEL, ""))


def _version(answer: Json) -> tuple[int, int]:
    """``minor`` may be ``29+``."""
    digits = ["".join(filter(str.isdigit, str(answer.get(part, "")))) or "0" for part in ("major", "minor")]
    return int(digits[0]), int(digits[1])


def _metadata(kind: str, found: Json) -> tuple[str, str, dict[str, str], dict[str, str]]:
    metadata = found["metadata"]
    return kind, metadata["name"], dict(metadata.get("labels") or {}), _annotations(found)


def pod(found: Json) -> Pod:
    owned = any(owner.get("controller") for owner in found["metadata"].get("ownerReferences") or [])
    return Pod(*_metadata("Pod", found), owned=owned or bool(found["metadata"].get("deletionTimestamp")))


def budget(found: Json) -> Budget:
    return Budget(*_metadata("PodDisruptionBudget", found), requirements=_requirements(found["spec"].get("selector")))


def _requirements(selector: Json | None) -> tuple[Requirement, ...] | None:
    if selector is None:
        return None
    labels = [Requirement(key, "In", (value,)) for key, value in (selector.get("matchLabels") or {}).items()]
    expressions = [
        Requirement(each["key"], each["operator"], tuple(each.get("values") or ()))
        for each in selector.get("matchExpressions") or []
    ]
    return (*labels, *expressions)


def _annotations(found: Json) -> dict[str, str]:
    return dict(found["metadata"].get("annotations") or {})


def statefulset(found: Json) -> StatefulSet:
    spec = found["spec"]
    template = (spec.get("template") or {}).get("metadata", {}).get("annotations") or {}
    return StatefulSet(
        *_metadata("StatefulSet", found),
        restart_hash=template.get(pods.RESTART_HASH, ""),
        made_from=template.get(pods.MADE_FROM, ""),
        service_name=spec.get("serviceName", ""),
        selector=dict(spec["selector"].get("matchLabels") or {}),
        pod_management=spec.get("podManagementPolicy", "OrderedReady"),
        replicas=spec.get("replicas", 1),
        claim_templates={
            each["metadata"]["name"]: _asks(each["spec"]) for each in spec.get("volumeClaimTemplates") or []
        },
        uid=found["metadata"].get("uid", ""),
    )


def claim(found: Json) -> Claim:
    status = found.get("status") or {}
    return Claim(
        *_metadata("PersistentVolumeClaim", found),
        asks=_asks(found["spec"]),
        uid=found["metadata"].get("uid", ""),
        has=str((status.get("capacity") or {}).get("storage", "")),
        conditions={
            each["type"]: str(each.get("message") or "")
            for each in status.get("conditions") or []
            if each.get("status") == "True"
        },
        resizing=str((status.get("allocatedResourceStatuses") or {}).get("storage", "")),
    )


def _asks(spec: Json) -> ClaimTemplate:
    return ClaimTemplate(
        size=str(spec.get("resources", {}).get("requests", {}).get("storage", "")),
        storage_class=spec.get("storageClassName") or "",
        access_modes=tuple(spec.get("accessModes") or ()),
    )


def kube_node(found: Json) -> KubeNode:
    spec = found.get("spec", {})
    return KubeNode(
        found["metadata"]["name"],
        dict(found["metadata"].get("labels") or {}),
        tuple((taint["key"], taint.get("value", ""), taint["effect"]) for taint in spec.get("taints") or []),
        bool(spec.get("unschedulable")),
    )


def config_maps(pod: Json) -> frozenset[str]:
    """ConfigMaps that the volumes of a pod, or of a pod template, take files from."""
    found = set()
    for volume in pod.get("spec", {}).get("volumes") or []:
        sources = [volume, *(volume.get("projected", {}).get("sources") or [])]
        found |= {source["configMap"]["name"] for source in sources if "configMap" in source}
    return frozenset(found)


def _revision(found: Json) -> Json:
    """The pod template that a ControllerRevision keeps."""
    return dict(found.get("data", {}).get("spec", {}).get("template") or {})
