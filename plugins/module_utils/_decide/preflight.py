# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What cluster_preflight asks for and what it returns. Pure; PRIVATE to the collection."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ansible_collections.k8sredis.core.plugins.module_utils._decide import (
    budgets,
    configuration,
    declared,
    grace,
    growth,
    live,
    names,
    scale,
    validation_live,
)
from ansible_collections.k8sredis.core.plugins.module_utils._decide.declaration import SENTINEL, Declaration
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
    own = {found.name: found for found in validation_live.ours(wish, there)}
    size = validation_live.claim_size(wish)
    sentinel_made_from = declared.sentinel_made_from(wish) if wish.topology == SENTINEL else ""
    return {
        "names": {key: list(each) if isinstance(each, tuple) else each for key, each in asdict(named).items()},
        "master_name": names.master_name(wish.namespace, wish.name) if wish.topology == SENTINEL else "",
        "quorum": (wish.quorum or wish.watchers // 2 + 1) if wish.topology == SENTINEL else 0,
        "server": {"family": server.family, "version": server.number},
        "configuration": asdict(texts),
        "live": live.wished(wish, server, validation_live.declared_before(wish, there)),
        "boot": live.boot(wish),
        "maxmemory_at_start": configuration.derived_maxmemory(wish),
        "restart_hash": declared.restart_hash(wish),
        "made_from": declared.made_from(wish),
        "sentinel_restart_hash": names.short_hash(sentinel_made_from) if sentinel_made_from else "",
        "sentinel_made_from": sentinel_made_from,
        "declared": declared.text(wish),
        "derives_maxmemory": configuration.memory_limit(wish) is not None,
        "maxmemory": configuration.maxmemory(wish) or 0,
        "grace_seconds": grace.seconds(wish),
        "hand_over_seconds": grace.hand_over(wish),
        "replica_sync_delay": configuration.replica_sync_delay(wish),
        "pods": scale.pods(wish, there),
        "sentinels": scale.sentinels(wish, there),
        "leaving": scale.leaving(wish, there),
        "grows": bool(size and validation_live.growth_of(wish, there)),
        "claim_sizes": [growth.template_size(own[name], size) if name in own else "" for name in named.statefulsets],
        "budgets": budgets.wished(wish, there),
        "stale_budgets": budgets.stale(wish, there),
        "stale_configmaps": validation_live.stale_config_maps(there, frozenset({named.boot, named.config})),
        "stale_services": sorted(there.own_services - set(names.services(wish))),
        "namespace_exists": validation_live.namespace_exists(there),
        "new": not validation_live.lives(wish, there),
        "warnings": list(verdict.warnings),
        "skipped_checks": list(verdict.skipped),
    }
