# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is there in Kubernetes beyond a declaration: pods that go when their servers have left the cluster. Pure;
PRIVATE to the collection.

A StatefulSet deletes its pods the moment it has fewer to keep, so it keeps the number that it has until then.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ansible_collections.k8sredis.core.plugins.module_utils._decide import names, validation_live
from ansible_collections.k8sredis.core.plugins.module_utils._decide.declaration import Declaration
from ansible_collections.k8sredis.core.plugins.module_utils._model_instance import Instance, StatefulSet

DELETE = "delete"
"""The choice of redis_cluster_scale_in_claims that removes data."""


def pods(wish: Declaration, there: Instance) -> list[int]:
    """How many pods each wished shard has, at first: as many as it has already, where that is more."""
    present = {found.name: found.replicas for found in validation_live.ours(wish, there)}
    orphaned = validation_live.orphaned(wish, there)
    wished = wish.replicas + 1
    return [
        max(present.get(names.statefulset(wish.name, shard), 0), orphaned.get(shard, 0), wished)
        for shard in range(wish.shards)
    ]


def leaving(wish: Declaration, there: Instance) -> dict[str, Any]:
    """Names of what goes, in the order of shards and ordinals; claims only where their deletion is declared."""
    statefulsets = sorted(_statefulsets(wish, there), key=lambda found: found[0])
    return {
        "statefulsets": [found.name for shard, found in statefulsets if shard >= wish.shards],
        "pods": [
            pod
            for shard, found in statefulsets
            for pod in found.pods[0 if shard >= wish.shards else wish.replicas + 1 :]
        ],
        "claims": [name for _order, name in sorted(_claims(wish, there))] if wish.scale_in_claims == DELETE else [],
    }


def _statefulsets(wish: Declaration, there: Instance) -> Iterator[tuple[int, StatefulSet]]:
    """With the number of the shard."""
    for found in validation_live.ours(wish, there):
        match = re.fullmatch(rf"{re.escape(wish.name)}-(\d+)", found.name)
        if match:
            yield int(match[1]), found


def _claims(wish: Declaration, there: Instance) -> Iterator[tuple[tuple[int, int], str]]:
    """Those of members beyond the wish."""
    for found in there.claims:
        match = re.fullmatch(rf"{names.DATA}-{re.escape(wish.name)}-(\d+)-(\d+)", found.name)
        if match and validation_live.holds_data(found, wish):
            shard, ordinal = int(match[1]), int(match[2])
            if shard >= wish.shards or ordinal > wish.replicas:
                yield (shard, ordinal), found.name
