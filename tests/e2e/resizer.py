# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A StorageClass whose claims grow, on the local Kubernetes.

Its provisioner, local-path, has no resizer beside it. Folders have no size of their own, so there is nothing to be
done but what the resizer of a CSI driver does last: write the new size into the volume and the claim's status.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.e2e.cluster import Cluster
from tests.kube.storage import STORAGE_CLASS

CLASS = "growing"
EVERY = 0.5


@contextmanager
def growing(cluster: Cluster, namespace: str) -> Iterator[str]:
    """The name of the class; claims of it in the namespace grow until the end."""
    provisioner = cluster.get("storageclass", STORAGE_CLASS)["provisioner"]
    cluster.apply(
        {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": {"name": CLASS},
            "provisioner": provisioner,
            "volumeBindingMode": "WaitForFirstConsumer",
            "allowVolumeExpansion": True,
        }
    )
    over = threading.Event()

    def work() -> None:
        while not over.wait(EVERY):
            for claim in cluster.get("persistentvolumeclaims", f"--namespace={namespace}"):
                resize(cluster, namespace, claim)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield CLASS
    finally:
        over.set()
        thread.join()
        cluster.kubectl("delete", "storageclass", CLASS, "--ignore-not-found")


def resize(cluster: Cluster, namespace: str, claim: dict[str, Any]) -> None:
    spec, capacity = claim["spec"], claim["status"].get("capacity")
    asked = spec["resources"]["requests"]
    if spec.get("storageClassName") != CLASS or not capacity or capacity["storage"] == asked["storage"]:
        return
    size = {"capacity": {"storage": asked["storage"]}}
    cluster.kubectl("patch", "persistentvolume", spec["volumeName"], f"--patch={json.dumps({'spec': size})}")
    words = ("patch", "persistentvolumeclaim", claim["metadata"]["name"], f"--namespace={namespace}")
    # A claim may go meanwhile.
    cluster.kubectl(*words, "--subresource=status", f"--patch={json.dumps({'status': size})}", check=False)
