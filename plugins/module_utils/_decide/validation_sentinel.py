# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sentinels and proxy of a declared instance. Pure; PRIVATE to the collection."""

from __future__ import annotations

from ansible_collections.k8sredis.core.plugins.module_utils._decide import names, quantities, validation_pods
from ansible_collections.k8sredis.core.plugins.module_utils._decide.declaration import Declaration
from ansible_collections.k8sredis.core.plugins.module_utils._decide.refusal import unusable

FEWEST = 3
"""Of two Sentinels both must live for a failover, of one none may fail (documentation of Sentinel)."""

MOST = 9
"""Sentinels: more give no safety, and each asks every server and every other one each second."""

SHORTEST_DOWN_AFTER = 1000
"""Milliseconds; below it a busy server looks like a dead one. Sentinels ask once a second, and never less often than
this time."""

STORAGE_KEYS = ("type", "size", "class")


def problems(wish: Declaration) -> list[str]:
    return [*_sentinels(wish), *_quorum(wish), *_times(wish), *_storage(wish), *_ports(wish), *_proxy(wish)]


def _sentinels(wish: Declaration) -> list[str]:
    number = wish.watchers
    if FEWEST <= number <= MOST and number % 2:
        return []
    if number < FEWEST:
        reason = "a failover needs the votes of a majority that outlives the loss of one"
    elif number > MOST:
        reason = f"more than {MOST} make nothing safer"
    else:
        reason = f"no more of them may fail than of {number - 1}"
    if wish.colocated:
        reason = f"with redis_cluster_colocated there are as many Sentinels as servers, {number}, and {reason}"
        return [unusable("replicas", wish.replicas, reason, f"use an even number from {FEWEST - 1} to {MOST - 1}")]
    return [unusable("sentinels", number, reason, f"use an odd number from {FEWEST} to {MOST}")]


def _quorum(wish: Declaration) -> list[str]:
    if 0 <= wish.quorum <= wish.watchers:
        return []
    reason = f"there are {wish.watchers} Sentinels"
    return [unusable("quorum", wish.quorum, reason, "leave it out for their majority, or use a smaller number")]


def _times(wish: Declaration) -> list[str]:
    found = []
    if wish.down_after < SHORTEST_DOWN_AFTER:
        reason = "a busy server would be taken for a dead one"
        advice = f"use {SHORTEST_DOWN_AFTER} ms or more"
        found.append(unusable("down_after", wish.down_after, reason, advice))
    if wish.failover_timeout < wish.down_after:
        reason = f"it is shorter than redis_cluster_down_after, {wish.down_after} ms"
        found.append(unusable("failover_timeout", wish.failover_timeout, reason, "use a longer time"))
    if wish.parallel_syncs < 1:
        reason = "no replica would ever follow a new master"
        found.append(unusable("parallel_syncs", wish.parallel_syncs, reason, "use 1 or more"))
    return found


def _storage(wish: Declaration) -> list[str]:
    storage = wish.sentinel_storage
    found = [
        unusable(f"sentinel_storage.{key}", value, "there is no such key", f"use {', '.join(STORAGE_KEYS)}")
        for key, value in storage.items()
        if key not in STORAGE_KEYS
    ]
    kind, size = storage.get("type", "persistent_claim"), storage.get("size") or ""
    if kind not in ("persistent_claim", "empty_dir"):
        advice = "use persistent_claim or empty_dir"
        return [*found, unusable("sentinel_storage.type", kind, "there is no such choice", advice)]
    if (size or kind == "persistent_claim") and quantities.quantity(size) is None:
        reason = "it is not a quantity of Kubernetes"
        found.append(unusable("sentinel_storage.size", size, reason, "write for example 100Mi"))
    storage_class = str(storage.get("class") or "")
    if storage_class and not names.is_object_name(storage_class):
        reason = "it is not the name of a StorageClass"
        found.append(unusable("sentinel_storage.class", storage_class, reason, "correct it, or leave it out"))
    return found


def _ports(wish: Declaration) -> list[str]:
    """Those of one pod, and of the Service that leads to it."""
    pairs = (("sentinel_port", "port"), ("sentinel_port_name", "port_name"))
    return [
        unusable(setting, getattr(wish, setting), f"it is also redis_cluster_{other}, in the same pod", "use another")
        for setting, other in pairs
        if wish.colocated and getattr(wish, setting) == getattr(wish, other)
    ]


def _proxy(wish: Declaration) -> list[str]:
    if not wish.proxy:
        return []
    found = []
    if wish.proxy_pods < 1:
        reason = "nobody would lead clients to the master"
        found.append(unusable("proxy_pods", wish.proxy_pods, reason, "use 2, or switch redis_cluster_proxy off"))
    if not validation_pods.IMAGE.fullmatch(wish.proxy_image):
        reason = "it is not the name of an image"
        found.append(unusable("proxy_image", wish.proxy_image, reason, "write for example haproxy:3.2"))
    return found
