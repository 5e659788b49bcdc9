# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The little of the Kubernetes API that the lab itself needs: ask for an object, and apply some with kubectl."""

from __future__ import annotations

import json
import ssl
import urllib.request
from typing import Any

from tests.kube.kubeconfigs import server
from tests.kube.lab import Lab
from tests.kube.processes import run


def get(lab: Lab, path: str) -> bytes | None:
    """The answer to ``GET path``; ``None`` while the API server does not give one, or not a good one."""
    trust = ssl.create_default_context(cafile=str(lab.pki / "ca.crt"))
    trust.load_cert_chain(lab.pki / "admin.crt", lab.pki / "admin.key")
    try:
        with urllib.request.urlopen(server(lab) + path, context=trust, timeout=5) as answer:
            return bytes(answer.read())
    except OSError:
        return None


def is_ready(lab: Lab) -> bool:
    """The RBAC rules are there (a check of ``/readyz``), so that the components are let in from their first call."""
    return get(lab, "/readyz/poststarthook/rbac/bootstrap-roles") is not None


def admits_pods(lab: Lab) -> bool:
    """A pod is refused until its namespace has a service account, which the controller manager makes."""
    return get(lab, "/api/v1/namespaces/default/serviceaccounts/default") is not None


def ready_nodes(lab: Lab) -> list[str]:
    answer = get(lab, "/api/v1/nodes")
    nodes = json.loads(answer)["items"] if answer else []
    return sorted(node["metadata"]["name"] for node in nodes if _is_ready(node))


def _is_ready(node: dict[str, Any]) -> bool:
    conditions = node["status"].get("conditions", [])
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)


def apply(lab: Lab, objects: list[dict[str, Any]]) -> None:
    given = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
    kubectl = [str(lab.binaries / "kubectl"), "--kubeconfig", str(lab.kubeconfig)]
    # the server validates too; kubectl would fetch all schemas for it
    words = [*kubectl, "apply", "--server-side", "--validate=ignore", "-f", "-"]
    run(words, "apply the lab's own objects", given)
