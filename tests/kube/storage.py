# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""local-path-provisioner as a process beside the control plane: volumes are folders of the node that a pod runs on."""

from __future__ import annotations

import json
from typing import Any

from tests.kube import images
from tests.kube.kubeconfigs import component_kubeconfig
from tests.kube.lab import Lab
from tests.kube.network import CONTROL_PLANE
from tests.kube.processes import in_network, start

NAMESPACE = "local-path-storage"
STORAGE_CLASS = "local-path"
ACCOUNT = "local-path-provisioner-service-account"  # the name that helper pods ask for
FOLDER = "/opt/local-path-provisioner"  # of each node
SETUP = '#!/bin/sh\nset -eu\nmkdir -m 0777 -p "$VOL_DIR"\n'
TEARDOWN = '#!/bin/sh\nset -eu\nrm -rf "$VOL_DIR"\n'


def start_provisioner(lab: Lab) -> None:
    config = lab.folder / "local-path.json"
    config.write_text(json.dumps({"nodePathMap": [{"node": "DEFAULT_PATH_FOR_NON_LISTED_NODES", "paths": [FOLDER]}]}))
    helper = lab.folder / "local-path-helper-pod.json"
    helper.write_text(json.dumps(helper_pod()))
    command = [
        "local-path-provisioner",
        "start",
        f"--config={config}",
        f"--kubeconfig={component_kubeconfig(lab, 'local-path-provisioner')}",
        f"--namespace={NAMESPACE}",
        f"--helper-image={images.BUSYBOX}",
        f"--helper-pod-file={helper}",
    ]
    start(lab, "local-path-provisioner", in_network(lab.network_namespace(CONTROL_PLANE), command))


def helper_pod() -> dict[str, Any]:
    container = {
        "name": "helper-pod",
        "image": images.BUSYBOX,
        "imagePullPolicy": "Never",
        "securityContext": {"runAsUser": 0},
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "helper-pod"},
        "spec": {"priorityClassName": "system-node-critical", "containers": [container]},
    }


def objects() -> list[dict[str, Any]]:
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": ACCOUNT, "namespace": NAMESPACE}},
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "local-path-config", "namespace": NAMESPACE},
            "data": {"setup": SETUP, "teardown": TEARDOWN},
        },
        {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": {
                "name": STORAGE_CLASS,
                "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
            },
            "provisioner": "rancher.io/local-path",
            "volumeBindingMode": "WaitForFirstConsumer",
        },
    ]
