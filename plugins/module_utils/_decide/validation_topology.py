# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Shape, times and ports of a declared instance. Pure; PRIVATE to the collection."""

from __future__ import annotations

import re

from ansible_collections.k8sredis.core.plugins.module_utils._decide import (
    grace,
    validation_moves,
    validation_rollout,
    validation_sentinel,
)
from ansible_collections.k8sredis.core.plugins.module_utils._decide.declaration import CLUSTER, SENTINEL, Declaration
from ansible_collections.k8sredis.core.plugins.module_utils._decide.refusal import unusable

CHOICES = {
    "state": ("present", "absent"),
    "balance_by": ("slots", "keys", "bytes"),
    "scale_in_claims": ("keep", "delete"),
    "disruption_budget": ("shard", "instance"),
    "image_pull_policy": ("Always", "IfNotPresent", "Never"),
    "persistence": ("aof", "rdb", "none"),
    "preferred_endpoint_type": ("ip", "hostname", "unknown-endpoint"),
    "ip_family": ("ipv4", "ipv6"),
    "anti_affinity": ("required", "preferred", "none"),
    "transport": ("port_forward", "direct"),
}

MOST_MEMBERS = 1000
"""Recommended by the cluster specification."""

SHORTEST_NODE_TIMEOUT = 2000
"""Milliseconds; below it a busy kube_node or a jittery network looks like a dead server."""

_PORTS = {CLUSTER: ("port", "bus_port"), SENTINEL: ("port", "sentinel_port")}
"""By topology. Where servers and Sentinels run in pods of their own their ports may be the same."""

PORT_NAME = re.compile(r"(?=.*[a-z])[a-z0-9]([a-z0-9]|-(?!-))*(?<!-)")
LONGEST_PORT_NAME = 15


def problems(wish: Declaration) -> list[str]:
    return [
        *_choices(wish),
        *_shards(wish),
        *_replicas(wish),
        *size(wish),
        *validation_moves.problems(wish),
        *validation_rollout.problems(wish),
        *(validation_sentinel.problems(wish) if wish.topology == SENTINEL else ()),
        *_times(wish),
        *_ports(wish),
    ]


def _choices(wish: Declaration) -> list[str]:
    return [
        unusable(
            setting,
            getattr(wish, setting),
            "there is no such choice",
            f"use {', '.join(choices[:-1])} or {choices[-1]}",
        )
        for setting, choices in CHOICES.items()
        if getattr(wish, setting) not in choices
    ]


def _shards(wish: Declaration) -> list[str]:
    if wish.shards >= 3:
        return []
    if wish.shards == 1 and wish.allow_single_shard:
        return []
    advice = "use 3 or more"
    if wish.shards == 1:
        advice = "use 3 or more, or for development set redis_cluster_allow_single_shard"
    return [
        unusable("shards", wish.shards, "a failover needs the votes of a majority of at least three masters", advice)
    ]


def _replicas(wish: Declaration) -> list[str]:
    if wish.replicas >= 1 or (wish.replicas == 0 and wish.accept_no_replicas):
        return []
    if wish.replicas < 0:
        return [unusable("replicas", wish.replicas, "it is negative", "use 1 or more")]
    reason = "each restart of a pod is then an outage of its shard, and the loss of its volume a loss of data"
    return [unusable("replicas", 0, reason, "use 1 or more, or consent by redis_cluster_accept_no_replicas")]


def size(wish: Declaration) -> list[str]:
    members = wish.shards * (wish.replicas + 1)
    if members <= MOST_MEMBERS:
        return []
    reason = f"with {wish.replicas} replicas each they make {members} servers, and a cluster works up to {MOST_MEMBERS}"
    return [unusable("shards", wish.shards, reason, "use fewer shards or replicas")]


def _times(wish: Declaration) -> list[str]:
    found = []
    if wish.node_timeout < SHORTEST_NODE_TIMEOUT:
        reason = "a busy server would be taken for a dead one"
        advice = f"use {SHORTEST_NODE_TIMEOUT} ms or more"
        found.append(unusable("node_timeout", wish.node_timeout, reason, advice))
    shortest = grace.shortest(wish)
    if wish.termination_grace_period != grace.COMPUTED and wish.termination_grace_period < shortest:
        reason = f"a server may need {shortest} s to hand over, to wait for its replicas and to save"
        advice = f"use {shortest} s or more, or leave it out"
        found.append(unusable("termination_grace_period", wish.termination_grace_period, reason, advice))
    found += [
        unusable(setting, getattr(wish, setting), "it is no time to wait", "use 1 s or more")
        for setting in ("wait_timeout", "lock_duration")
        if getattr(wish, setting) < 1
    ]
    return found


def _ports(wish: Declaration) -> list[str]:
    found = []
    for setting in _PORTS[wish.topology]:
        value = getattr(wish, setting)
        if not 1024 <= value <= 65535:
            reason = "a server that is not root may listen on 1024 to 65535"
            found.append(unusable(setting, value, reason, "use a port in this range"))
    if wish.topology == CLUSTER and wish.port == wish.bus_port:
        reason = "it is also redis_cluster_port"
        found.append(unusable("bus_port", wish.bus_port, reason, "use another port"))
    for setting in (f"{port}_name" for port in _PORTS[wish.topology]):
        value = getattr(wish, setting)
        if not PORT_NAME.fullmatch(value) or len(value) > LONGEST_PORT_NAME:
            reason = "a port's name has at most 15 characters of a-z, 0-9 and single dashes inside, and a letter"
            found.append(unusable(setting, value, reason, "use another name"))
    if wish.topology == CLUSTER and wish.port_name == wish.bus_port_name:
        reason = "it is also redis_cluster_port_name"
        found.append(unusable("bus_port_name", wish.bus_port_name, reason, "use another name"))
    return found
