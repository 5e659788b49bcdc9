# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Disruption budgets: which there are to be, and which go. Pure; PRIVATE to the collection.

Exactly one covers each pod: without one an eviction asks nobody, with two it always fails. So new ones come first and
the others go right after them; in between evictions fail for a moment, which harms nobody.
"""

from __future__ import annotations

from ansible_collections.k8sredis.core.plugins.module_utils._decide import names, scale
from ansible_collections.k8sredis.core.plugins.module_utils._decide.declaration import Declaration
from ansible_collections.k8sredis.core.plugins.module_utils._model_instance import Instance

INSTANCE = "instance"
"""The choice of redis_cluster_disruption_budget with one budget over all pods."""


def wished(wish: Declaration, there: Instance) -> list[dict[str, str]]:
    """``name`` and ``shard`` of each; no shard: all pods. Shards that leave keep theirs until their pods have ended."""
    if wish.disruption_budget == INSTANCE:
        return [{"name": wish.name, "shard": ""}]
    staying = [names.statefulset(wish.name, shard) for shard in range(wish.shards)]
    leaving = scale.leaving(wish, there)["statefulsets"]
    return [{"name": name, "shard": name.rpartition("-")[2]} for name in [*staying, *leaving]]


def stale(wish: Declaration, there: Instance) -> list[str]:
    """The instance's that are not wished any more."""
    return sorted(there.own_budgets - {each["name"] for each in wished(wish, there)})
