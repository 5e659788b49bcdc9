# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the demo asks of a Kubernetes cluster beside the collection: its namespace, and what there is to run on."""

from __future__ import annotations

import time
from typing import Any

from kubernetes import client, config
from kubernetes.client.exceptions import ApiException

NAMESPACE = "k8sredis-demo"
OURS = {"app.kubernetes.io/managed-by": "k8sredis-demo"}
"""Label of a namespace that the demo made, and may delete."""
DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"


class Place:
    def __init__(self, kubeconfig: str) -> None:
        api = config.new_client_from_config(config_file=kubeconfig)
        self._core = client.CoreV1Api(api)
        self._storage = client.StorageV1Api(api)

    def make_namespace(self) -> None:
        """Unless it is there already; then somebody else may have made it, and it is not ours to delete."""
        body = client.V1Namespace(metadata=client.V1ObjectMeta(name=NAMESPACE, labels=OURS))
        try:
            self._core.create_namespace(body)
        except ApiException as error:
            if error.status != 409:
                raise

    def delete_namespace(self, timeout: float = 120) -> bool:
        """Only one that the demo made; whether it is gone within ``timeout`` seconds."""
        found = self._core.list_namespace(
            label_selector=",".join(f"{name}={value}" for name, value in OURS.items()),
            field_selector=f"metadata.name={NAMESPACE}",
        )
        if not found.items:
            return False
        self._core.delete_namespace(NAMESPACE)
        deadline = time.monotonic() + timeout
        while self.namespace_exists() and time.monotonic() < deadline:
            time.sleep(0.5)
        return not self.namespace_exists()

    def namespace_exists(self) -> bool:
        try:
            self._core.read_namespace(NAMESPACE)
        except ApiException as error:
            if error.status != 404:
                raise
            return False
        return True

    def has_one_kube_node(self) -> bool:
        """Whether a master and its replica must share one; False where nodes may not be read."""
        return len(_readable(self._core.list_node, _is_schedulable, "unknown")) == 1

    def has_default_class(self) -> bool:
        """Whether claims are served; True where storage classes may not be read."""
        return bool(_readable(self._storage.list_storage_class, _is_default, "unknown"))


def _readable(ask: Any, judge: Any, otherwise: str) -> list[Any]:
    try:
        return [item for item in ask().items if judge(item)]
    except ApiException as error:
        if error.status != 403:
            raise
        return [otherwise, otherwise]


def _is_schedulable(node: Any) -> bool:
    taints = node.spec.taints or []
    return not node.spec.unschedulable and not any(taint.effect in ("NoSchedule", "NoExecute") for taint in taints)


def _is_default(storage_class: Any) -> bool:
    return (storage_class.metadata.annotations or {}).get(DEFAULT_CLASS) == "true"
