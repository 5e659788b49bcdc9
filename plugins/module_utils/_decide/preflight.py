# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What cluster_preflight asks for and what it returns. Pure; PRIVATE to the collection."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ansible_collections.k8sredis.core.plugins.module_utils._decide import (
    configuration,
    declared,
    names,
    scale,
    validation_live,
)
from ansible_collections.k8sredis.core.plugins.module_utils._decide.declaration import Declaration
from ansible_collections.k8sredis.core.plugins.module_utils._decide.validation import Verdict
from ansible_collections.k8sredis.core.plugins.module_utils._decide.versions import Server
from ansible_collections.k8sredis.core.plugins.module_utils._model_instance import Instance, Question


def question(wish: Declaration) -> Question:
    """Which objects to look for in Kubernetes."""
    claims = (wish.storage.get("type") or "persistent_claim") == "persistent_claim"
    return Question(
        name=wish.name,
        namespace=wish.namespace,
        services=names.services(wish),
        secret=f"{wish.name}-auth",
        storage_class=str(wish.storage.get("class") or "") if claims else None,
        kube_nodes=validation_live.needs_kube_nodes(wish),
    )


def result(wish: Declaration, server: Server, there: Instance, verdict: Verdict) -> dict[str, Any]:
    """The module's ``instance``."""
    texts = configuration.configuration(wish)
    named = names.names(wish, texts.boot)
    return {
        "names": {**asdict(named), "statefulsets": list(named.statefulsets)},
        "server": {"family": server.family, "version": server.number},
        "configuration": asdict(texts),
        "restart_hash": declared.restart_hash(wish),
        "declared": declared.text(wish),
        "derives_maxmemory": configuration.derives_maxmemory(wish),
        "replica_sync_delay": configuration.replica_sync_delay(wish),
        "pods": scale.pods(wish, there),
        "leaving": scale.leaving(wish, there),
        "stale_configmaps": validation_live.stale_config_maps(there, frozenset({named.boot, named.config})),
        "stale_services": sorted(there.own_services - set(names.services(wish))),
        "namespace_exists": validation_live.namespace_exists(there),
        "new": not validation_live.ours(wish, there),
        "warnings": list(verdict.warnings),
        "skipped_checks": list(verdict.skipped),
    }
