# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Declarations that are right, to be made wrong in one place by a test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ansible_collections.k8sredis.core.plugins.module_utils._decide import names, users, validation
from ansible_collections.k8sredis.core.plugins.module_utils._decide.declaration import Declaration
from ansible_collections.k8sredis.core.plugins.module_utils._decide.users import Login
from ansible_collections.k8sredis.core.plugins.module_utils._model_instance import (
    Claim,
    ClaimTemplate,
    Instance,
    KubeNode,
    Object,
    StatefulSet,
)

GOOD = Declaration(
    name="shop",
    namespace="web",
    image="docker.io/library/redis:8.6.7",
    resources={"requests": {"cpu": "250m", "memory": "1Gi"}, "limits": {"memory": "1Gi"}},
    storage={"type": "persistent_claim", "size": "8Gi", "class": "", "path": "", "prepare": False},
)


def wish(**given: Any) -> Declaration:
    return replace(GOOD, **given)


def application(**given: Any) -> Login:
    return users.application({"application_user": "default", "application_password": None, **given})


def others(*given: dict[str, Any]) -> tuple[Login, ...]:
    return users.others({"users": list(given)})


def problems(declared: Declaration, app: Login | None = None, more: Sequence[Login] = ()) -> list[str]:
    _server, verdict = validation.of_declaration(declared, app or application(), more)
    return list(verdict.problems)


def labels(name: str = "shop", shard: int = 0) -> dict[str, str]:
    return {**names.labels(name, "cluster"), "k8sredis.io/shard": str(shard)}


def statefulset(declared: str, shard: int = 0, **given: Any) -> StatefulSet:
    """As the role makes it for GOOD; ``declared`` is the text of its annotation."""
    values: dict[str, Any] = {
        "kind": "StatefulSet",
        "name": f"shop-{shard}",
        "labels": labels(shard=shard),
        "annotations": {"k8sredis.io/declared": declared},
        "service_name": "shop-nodes",
        "selector": {
            "app.kubernetes.io/name": "redis-cluster",
            "app.kubernetes.io/instance": "shop",
            "app.kubernetes.io/managed-by": "k8sredis",
            "k8sredis.io/shard": str(shard),
        },
        "pod_management": "Parallel",
        "replicas": 2,
        "claim_templates": {"data": ClaimTemplate("8Gi")},
    }
    return StatefulSet(**{**values, **given})


def claim(shard: int, ordinal: int, size: str = "8Gi", **given: Any) -> Claim:
    values: dict[str, Any] = {
        "kind": "PersistentVolumeClaim",
        "name": f"data-shop-{shard}-{ordinal}",
        "labels": labels(shard=shard),
        "asks": ClaimTemplate(size),
    }
    return Claim(**{**values, **given})


def there(**given: Any) -> Instance:
    """An empty namespace of a cluster with three nodes."""
    values: dict[str, Any] = {
        "kubernetes": (1, 36),
        "namespace": Object("Namespace", "web"),
        "kube_nodes": tuple(KubeNode(f"node-{number}") for number in range(3)),
    }
    return Instance(**{**values, **given})
