# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pods as members of an instance. Pure; PRIVATE to the collection."""

from __future__ import annotations

from typing import Any

from ansible_collections.k8sredis.core.plugins.module_utils._model import BEING_DELETED, Member
from ansible_collections.k8sredis.core.plugins.module_utils._model_instance import COLOCATED, SENTINELS, SERVERS

SHARD_LABEL = "k8sredis.io/shard"
ZONE_LABEL = "topology.kubernetes.io/zone"
POD_INDEX_LABEL = "apps.kubernetes.io/pod-index"
RESTART_HASH = "k8sredis.io/restart-hash"
MADE_FROM = "k8sredis.io/made-from"
INSTANCE = "app.kubernetes.io/instance"
MANAGED_BY = "app.kubernetes.io/managed-by"
COMPONENT = "app.kubernetes.io/component"
PROXY = "proxy"
DATA = "data"
"""The volume of the data."""

STUCK_REASONS = frozenset(
    {
        "CrashLoopBackOff",
        "CreateContainerConfigError",
        "CreateContainerError",
        "ErrImageNeverPull",
        "ErrImagePull",
        "ImageInspectError",
        "ImagePullBackOff",
        "InvalidImageName",
        "RunContainerError",
    }
)
"""Waiting reasons of a container that do not go away without somebody changing something."""


def selector(name: str, component: str = SERVERS) -> str:
    """Label selector of the pods of instance ``name`` with a server, or with a Sentinel; a pod may have both. Whoever
    does not say that it has no server counts as one: the Services of a cluster lead clients to it as well. Charts of
    others use the label of the instance too."""
    ours = f"{INSTANCE}={name},{MANAGED_BY}=k8sredis"
    of = f" in ({SENTINELS},{COLOCATED})" if component == SENTINELS else f" notin ({SENTINELS},{PROXY})"
    return f"{ours},{COMPONENT}{of}"


def is_of(found: dict[str, Any], name: str) -> bool:
    """Whether any object has the labels of instance ``name``, and is none of its Sentinels or proxy."""
    labels = found["metadata"].get("labels") or {}
    ours = {INSTANCE: name, MANAGED_BY: "k8sredis"}.items() <= labels.items()
    return ours and labels.get(COMPONENT) not in (SENTINELS, PROXY)


def member(pod: dict[str, Any], port: int, container: str = "redis", zones: dict[str, str] | None = None) -> Member:
    """``pod`` as the API gives it; ``zones``: zone by kube_node, for Kubernetes before 1.35, which
    does not copy a node's zone label to its pods."""
    metadata, spec, status = pod["metadata"], pod.get("spec", {}), pod.get("status", {})
    labels, annotations = metadata.get("labels") or {}, metadata.get("annotations") or {}
    kube_node = spec.get("nodeName", "")
    shard, ordinal = labels.get(SHARD_LABEL, ""), labels.get(POD_INDEX_LABEL, metadata["name"].rpartition("-")[2])
    waiting, stuck = _waiting(pod, container)
    return Member(
        name=metadata["name"],
        host=status.get("podIP", ""),
        addresses=tuple(each["ip"] for each in status.get("podIPs") or [] if each.get("ip")),
        port=port,
        hostname=_hostname(metadata, spec),
        shard=int(shard) if shard.isdigit() else None,
        ordinal=int(ordinal) if ordinal.isdigit() else None,
        uid=metadata.get("uid", ""),
        kube_node=kube_node,
        zone=labels.get(ZONE_LABEL) or (zones or {}).get(kube_node, ""),
        waiting=waiting,
        stuck=stuck,
        ready=any(each["type"] == "Ready" and each["status"] == "True" for each in status.get("conditions", [])),
        restart_hash=annotations.get(RESTART_HASH, ""),
        made_from=annotations.get(MADE_FROM, ""),
        volatile=any(volume["name"] == DATA and "emptyDir" in volume for volume in spec.get("volumes") or []),
        ever_ran=has_started(pod),
    )


def _hostname(metadata: dict[str, Any], spec: dict[str, Any]) -> str:
    name, subdomain = spec.get("hostname"), spec.get("subdomain")
    return f"{name}.{subdomain}.{metadata['namespace']}.svc" if name and subdomain else ""


def has_started(pod: dict[str, Any]) -> bool:
    """A container that has ended is still there as ``terminated``, or, when it waits to be started again, as
    ``lastState``."""
    return any(
        state.get("restartCount") or state.get("lastState") or {"running", "terminated"} & set(state.get("state") or {})
        for state in pod.get("status", {}).get("containerStatuses") or []
    )


def _waiting(pod: dict[str, Any], container: str) -> tuple[str, bool]:
    """Why the pod cannot be asked, and whether that is likely to last."""
    status = pod.get("status", {})
    if pod["metadata"].get("deletionTimestamp"):
        return BEING_DELETED, False
    for condition in status.get("conditions", []):
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            return f"the pod cannot be scheduled: {condition.get('message', 'no reason given')}", True
    if status.get("phase") in ("Failed", "Succeeded"):
        return f"the pod has ended: {status.get('reason') or status['phase']}", False
    return _container_waiting(status, container)


def _container_waiting(status: dict[str, Any], container: str) -> tuple[str, bool]:
    states = status.get("initContainerStatuses", []) + status.get("containerStatuses", [])
    for state in states:
        waiting = state.get("state", {}).get("waiting")
        if waiting and waiting.get("reason") in STUCK_REASONS:
            return f"container {state['name']}: {waiting['reason']}{_last_words(state, waiting)}", True
    running = {state["name"] for state in status.get("containerStatuses", []) if "running" in state.get("state", {})}
    if running and (container in running or len(states) == 1) and status.get("podIP"):
        return "", False
    return f"the pod is {status.get('phase', 'Pending')}, its containers do not run yet", False


def _last_words(state: dict[str, Any], waiting: dict[str, Any]) -> str:
    ended = state.get("lastState", {}).get("terminated") or {}
    words = ended.get("message") or (
        f"exit code {ended['exitCode']}" if "exitCode" in ended else waiting.get("message", "")
    )
    first_line = words.strip().split("\n")[-1]
    return f", {first_line}" if first_line else ""
