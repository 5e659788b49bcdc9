# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is there in Kubernetes beyond a declaration: pods that go when their servers have left the cluster, or when no
Sentinel counts on them. Pure; PRIVATE to the collection.

A StatefulSet deletes its pods the moment it has fewer to keep, so it keeps the number that it has until then.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ansible_collections.k8sredis.core.plugins.module_utils._decide import names, validation_live
from ansible_collections.k8sredis.core.plugins.module_utils._decide.declaration import SENTINEL, Declaration
from ansible_collections.k8sredis.core.plugins.module_utils._model_instance import Instance

DELETE = "delete"
"""The choice of redis_cluster_scale_in_claims that removes data."""

Order = tuple[int, int]
"""Shard and ordinal."""

OF_SENTINELS = -1
"""In place of the shard."""


def pods(wish: Declaration, there: Instance) -> list[int]:
    """How many pods each wished shard has, at first: as many as it has already, where that is more."""
    present = _present(wish, there)
    return [max(present.get(shard, 0), wish.replicas + 1) for shard in range(wish.shards)]


def sentinels(wish: Declaration, there: Instance) -> int:
    """How many pods with a Sentinel, at first; none in a cluster."""
    return wish.watchers + len(_leaving_sentinels(wish, there)) if wish.topology == SENTINEL else 0


def leaving(wish: Declaration, there: Instance) -> dict[str, Any]:
    """Names of what goes, in the order of shards and ordinals; claims only where their deletion is declared."""
    shards = sorted(_statefulsets(wish, there))
    claims = [name for _order, name in sorted(_claims(wish, there))] if wish.scale_in_claims == DELETE else []
    return {
        "statefulsets": [names.statefulset(wish.name, shard) for shard in shards if shard >= wish.shards],
        "pods": _leaving_servers(wish, there),
        "sentinels": _leaving_sentinels(wish, there),
        "claims": claims,
    }


def _leaving_servers(wish: Declaration, there: Instance) -> list[str]:
    return [
        f"{names.statefulset(wish.name, shard)}-{ordinal}"
        for shard, number in sorted(_present(wish, there).items())
        for ordinal in range(0 if shard >= wish.shards else wish.replicas + 1, number)
    ]


def _present(wish: Declaration, there: Instance) -> dict[int, int]:
    """By shard the number of its pods, also of those that lost their StatefulSet."""
    owned, orphaned = _statefulsets(wish, there), validation_live.orphaned(wish, there)
    return {shard: max(owned.get(shard, 0), orphaned.get(shard, 0)) for shard in {*owned, *orphaned}}


def _statefulsets(wish: Declaration, there: Instance) -> dict[int, int]:
    """By the number of the shard how many pods each is to have."""
    name = re.compile(rf"{re.escape(wish.name)}-(\d+)")
    found = ((name.fullmatch(each.name), each.replicas) for each in validation_live.ours(wish, there))
    return {int(match[1]): replicas for match, replicas in found if match}


def _leaving_sentinels(wish: Declaration, there: Instance) -> list[str]:
    """The last ones first, as they leave."""
    if wish.colocated:
        return _leaving_servers(wish, there)[::-1]
    name = names.sentinels(wish.name)
    ours = [each for each in there.statefulsets if each.name == name and validation_live.belongs(each, wish)]
    return ours[0].pods[: wish.sentinels - 1 : -1] if ours and wish.topology == SENTINEL else []


def _claims(wish: Declaration, there: Instance) -> Iterator[tuple[Order, str]]:
    """Those of members and Sentinels beyond the wish."""
    alone = 0 if wish.colocated else wish.sentinels
    for found in there.claims:
        shard, ordinal = _place(wish, found.name)
        if not validation_live.belongs(found, wish):
            continue
        if shard >= wish.shards or ordinal >= (alone if shard == OF_SENTINELS else wish.replicas + 1):
            yield (shard, ordinal), found.name


def _place(wish: Declaration, claim: str) -> Order:
    """Of a claim by its name; one before the first for any other."""
    match = re.fullmatch(rf"{names.DATA}-{re.escape(wish.name)}-(\d+|sentinel)-(\d+)", claim)
    if match is None:
        return OF_SENTINELS, -1
    return OF_SENTINELS if match[1] == "sentinel" else int(match[1]), int(match[2])
