# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Resources, storage, labels and volumes of declared pods. Pure; PRIVATE to the collection."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.k8sredis.core.plugins.module_utils._decide import names, quantities
from ansible_collections.k8sredis.core.plugins.module_utils._decide.declaration import Declaration, Table
from ansible_collections.k8sredis.core.plugins.module_utils._decide.refusal import unusable

LEAST_MEMORY = 32
"""MiB of a container."""

STORAGE_KEYS = ("type", "size", "class", "path", "prepare")
STORAGE_TYPES = ("persistent_claim", "empty_dir", "host_path")
HOST_PATH = re.compile(r"(/[A-Za-z0-9_.-]+)+")
SYSTEM_FOLDERS = frozenset(
    {
        *("/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/lib64", "/opt", "/proc", "/root", "/run", "/sbin"),
        *("/srv", "/sys", "/usr", "/var", "/var/lib", "/var/log", "/var/run"),
        *("/var/lib/containerd", "/var/lib/docker", "/var/lib/kubelet"),
    }
)
RESERVED_FOR_THE_MACHINE = ("/dev", "/etc", "/proc", "/sys", "/var/lib/kubelet")

OUR_LABELS = frozenset(
    f"app.kubernetes.io/{name}" for name in ("name", "instance", "component", "version", "managed-by")
)
OUR_PREFIX = "k8sredis.io/"
LABEL_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")
LABEL_VALUE = re.compile(r"([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?")

OUR_VOLUMES = frozenset({"addresses", "data", "config", "scripts", "auth", "run"})
OF_A_SENTINEL = frozenset({"sentinel-auth", "sentinel-data", "sentinel-run"})
"""Also ours where a Sentinel is beside the server."""
OUR_FOLDERS = ("/data", "/usr/local/etc/redis", "/etc/k8sredis", "/run/redis")

IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]*")


def problems(wish: Declaration) -> list[str]:
    return [
        *_image(wish),
        *_pull_secrets(wish),
        *_resources(wish),
        *_storage(wish),
        *_metadata(wish),
        *_volumes(wish),
        *_priority(wish),
    ]


def _image(wish: Declaration) -> list[str]:
    if IMAGE.fullmatch(wish.image):
        return []
    return [unusable("image", wish.image, "it is not the name of an image", "write for example redis:8.6.7")]


def _pull_secrets(wish: Declaration) -> list[str]:
    return [
        unusable("image_pull_secrets", secret, "it is not the name of a Secret", "write its name only, such as regcred")
        for secret in wish.image_pull_secrets
        if not isinstance(secret, str) or not names.is_object_name(secret)
    ]


def _resources(wish: Declaration) -> list[str]:
    settings = ("resources", "sentinel_resources", "proxy_resources")
    return [problem for setting in settings for problem in _of_container(setting, getattr(wish, setting))]


def _of_container(setting: str, given: Table) -> list[str]:
    found = []
    for kind, amounts in given.items():
        if kind not in ("requests", "limits") or not isinstance(amounts, Mapping):
            reason = "resources are dictionaries of requests and limits"
            found.append(unusable(f"{setting}.{kind}", amounts, reason, "correct it"))
            continue
        for name, amount in amounts.items():
            if quantities.quantity(amount) is None:
                reason = "it is not a quantity of Kubernetes"
                found.append(unusable(f"{setting}.{kind}.{name}", amount, reason, "write for example 500m or 2Gi"))
    return found or [*_more_requested(setting, given), *_memory_limit(setting, given)]


def _memory_limit(setting: str, given: Table) -> list[str]:
    """A unit that was forgotten, or the m of thousandths."""
    limit = given.get("limits", {}).get("memory")
    if limit is None or (quantities.quantity(limit) or 0) >= LEAST_MEMORY * quantities.MIB:
        return []
    reason = f"no server runs in less than {LEAST_MEMORY}Mi"
    return [unusable(f"{setting}.limits.memory", limit, reason, "write for example 1Gi, or leave it out for no limit")]


def _more_requested(setting: str, given: Table) -> list[str]:
    requests, limits = given.get("requests", {}), given.get("limits", {})
    return [
        unusable(f"{setting}.requests.{name}", amount, f"the limit is {limits[name]}", "request at most the limit")
        for name, amount in requests.items()
        if name in limits and (quantities.quantity(amount) or 0) > (quantities.quantity(limits[name]) or 0)
    ]


def _storage(wish: Declaration) -> list[str]:
    found = [
        unusable(f"storage.{key}", value, "there is no such key", f"use {', '.join(STORAGE_KEYS)}")
        for key, value in wish.storage.items()
        if key not in STORAGE_KEYS
    ]
    kind = wish.storage.get("type", "persistent_claim")
    if kind not in STORAGE_TYPES:
        advice = "use persistent_claim, empty_dir or host_path"
        return [*found, unusable("storage.type", kind, "there is no such choice", advice)]
    return [*found, *(_host_path(wish) if kind == "host_path" else _size(wish, kind)), *_prepare(wish, kind)]


def _size(wish: Declaration, kind: str) -> list[str]:
    size = wish.storage.get("size") or ""
    if not size and kind == "empty_dir":
        return []
    amount = quantities.quantity(size)
    found = []
    if amount is None:
        found.append(unusable("storage.size", size, "it is not a quantity of Kubernetes", "write for example 8Gi"))
    elif amount < quantities.MIB:
        found.append(unusable("storage.size", size, "no data fits into less than 1Mi", "write for example 8Gi"))
    storage_class = wish.storage.get("class") or ""
    if storage_class and not names.is_object_name(str(storage_class)):
        reason = "it is not the name of a StorageClass"
        found.append(
            unusable("storage.class", storage_class, reason, "correct it, or leave it out for the default one")
        )
    return found


def _host_path(wish: Declaration) -> list[str]:
    path = str(wish.storage.get("path") or "")
    steps = path.split("/")
    if not HOST_PATH.fullmatch(path) or "." in steps or ".." in steps:
        reason = "it is not an absolute path of plain names"
        return [unusable("storage.path", path, reason, "write for example /data/redis")]
    if path in SYSTEM_FOLDERS or any(path.startswith(f"{folder}/") for folder in RESERVED_FOR_THE_MACHINE):
        return [unusable("storage.path", path, "it belongs to the kube_node itself", "use a folder of its own")]
    return []


def _prepare(wish: Declaration, kind: str) -> list[str]:
    if kind == "host_path" or str(wish.storage.get("prepare") or "").lower() in ("", "false", "no", "0"):
        return []
    reason = f"only folders of a host_path need it, and storage.type is {kind}"
    return [unusable("storage.prepare", wish.storage["prepare"], reason, "leave it out")]


def _metadata(wish: Declaration) -> list[str]:
    labels = ("labels", "pod_labels", "node_selector")
    annotations = ("annotations", "pod_annotations", "service_annotations")
    return [
        problem
        for setting in (*labels, *annotations)
        for key, value in getattr(wish, setting).items()
        for problem in _pair(setting, str(key), value, is_label=setting in labels)
    ]


def _pair(setting: str, key: str, value: Any, *, is_label: bool) -> list[str]:
    prefix, slash, name = key.rpartition("/")
    if not LABEL_NAME.fullmatch(name) or (slash and not names.is_object_name(prefix)):
        return [unusable(setting, key, "it is not a key of Kubernetes", "write for example example.com/team")]
    if setting != "node_selector" and (key in OUR_LABELS or key.startswith(OUR_PREFIX)):
        return [unusable(f"{setting}.{key}", value, "the collection sets it itself", "use another key")]
    if not isinstance(value, str):
        return [unusable(f"{setting}.{key}", value, "Kubernetes takes text only", "put it in quotes")]
    if is_label and not LABEL_VALUE.fullmatch(value):
        reason = "a label has at most 63 letters, digits, dashes, underscores and dots"
        return [unusable(f"{setting}.{key}", value, reason, "shorten or correct it")]
    return []


def _volumes(wish: Declaration) -> list[str]:
    found = []
    known: set[str] = set()
    ours = OUR_VOLUMES | OF_A_SENTINEL if wish.colocated else OUR_VOLUMES
    for volume in wish.extra_volumes:
        name = volume.get("name") if isinstance(volume, Mapping) else None
        if isinstance(name, str) and not names.is_label(name):
            reason = "a volume's name has at most 63 characters of a-z, 0-9 and dashes inside"
            found.append(unusable("extra_volumes", name, reason, "use another name"))
        elif not isinstance(name, str) or name in ours or name in known:
            reason = "a volume needs a name that nobody else has"
            found.append(unusable("extra_volumes", volume, reason, f"use one other than {', '.join(sorted(ours))}"))
        else:
            known.add(name)
    for mount in wish.extra_volume_mounts:
        found += _mount(mount, known | ours)
    return found


def _mount(mount: Any, volumes: set[str] | frozenset[str]) -> list[str]:
    path = mount.get("mountPath") if isinstance(mount, Mapping) else None
    if not isinstance(path, str) or mount.get("name") not in volumes:
        reason = "it needs a mountPath and the name of a volume"
        return [unusable("extra_volume_mounts", mount, reason, "name one of redis_cluster_extra_volumes")]
    # The kubelet takes a relative path from the root, and the kernel several slashes for one.
    folder = posixpath.normpath(f"/{path.lstrip('/')}")
    if folder == "/":
        return [unusable("extra_volume_mounts", path, "it would hide the whole image", "use another mountPath")]
    if any(folder == ours or folder.startswith(f"{ours}/") for ours in OUR_FOLDERS):
        reason = "the collection mounts a volume of its own there"
        return [unusable("extra_volume_mounts", path, reason, "use another mountPath")]
    return []


def _priority(wish: Declaration) -> list[str]:
    if not wish.priority_class or names.is_object_name(wish.priority_class):
        return []
    return [unusable("priority_class", wish.priority_class, "it is not the name of a PriorityClass", "correct it")]
