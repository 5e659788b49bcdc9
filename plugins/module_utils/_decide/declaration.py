# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the user declared: the role's variables without their prefix, as values. Pure; PRIVATE to the collection.

The role's variables come as they were written, in YAML, in an inventory or on a command line, where
everything is text; argument specs of roles check types, but do not convert.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from typing import Any

from ansible_collections.k8sredis.core.plugins.module_utils._decide.refusal import unusable, unusable_secret

Table = Mapping[str, Any]
Items = tuple[Any, ...]

SECRET = ("application_password", "users")
"""Options of their own in the modules, so that they are masked everywhere."""

MAY_HOLD_SECRETS = ("config", "application_commands")
"""Their values are not shown: a password may stand there by mistake."""

CLUSTER, SENTINEL = "cluster", "sentinel"
"""Topologies."""

YES = frozenset({"y", "yes", "on", "1", "true", "t"})
NO = frozenset({"n", "no", "off", "0", "false", "f"})


@dataclass(frozen=True)
class Declaration:
    """Every variable of redis_cluster and redis_sentinel, but for SECRET and those that a check has no use for.

    A master with its replicas is one shard, whose number is 0."""

    topology: str = CLUSTER
    name: str = ""
    namespace: str = "default"
    create_namespace: bool = False
    state: str = "present"
    shards: int = 3
    replicas: int = 1
    accept_no_replicas: bool = False
    allow_single_shard: bool = False
    balance_by: str = "slots"
    weights: Table = field(default_factory=dict)
    moves: Table = field(default_factory=dict)
    scale_in_claims: str = "keep"
    disruption_budget: str = "shard"
    rollout: Table = field(default_factory=dict)

    image: str = ""
    image_pull_policy: str = "IfNotPresent"
    image_pull_secrets: Items = ()
    version: str = ""
    modules: Items = ("bundled",)
    resources: Table = field(default_factory=dict)
    storage: Table = field(default_factory=dict)
    persistence: str = "aof"
    config: Table = field(default_factory=dict)
    maxmemory_percent: int = 70
    node_timeout: int = 5000
    require_full_coverage: bool = False
    preferred_endpoint_type: str = "ip"

    application_user: str = "default"
    application_commands: Items | None = None
    application_keys: Items | None = None
    application_channels: Items | None = None

    cluster_domain: str = "cluster.local"
    ip_family: str = "ipv4"
    port: int = 6379
    bus_port: int = 16379
    port_name: str = "redis"
    bus_port_name: str = "bus"
    nodes_service_name: str = ""
    client_service: bool = True
    client_service_name: str = ""

    labels: Table = field(default_factory=dict)
    annotations: Table = field(default_factory=dict)
    pod_labels: Table = field(default_factory=dict)
    pod_annotations: Table = field(default_factory=dict)
    service_annotations: Table = field(default_factory=dict)

    node_selector: Table = field(default_factory=dict)
    tolerations: Items = ()
    affinity: Table = field(default_factory=dict)
    anti_affinity: str = "required"
    topology_spread_constraints: Items = ()
    priority_class: str = ""
    pod_security_context: Table | None = None
    container_security_context: Table | None = None
    extra_volumes: Items = ()
    extra_volume_mounts: Items = ()
    termination_grace_period: int = 0
    keeper: bool = True

    colocated: bool = False
    sentinels: int = 3
    quorum: int = 0
    down_after: int = 5000
    failover_timeout: int = 60000
    parallel_syncs: int = 1
    sentinel_port: int = 26379
    sentinel_port_name: str = "sentinel"
    sentinel_resources: Table = field(default_factory=dict)
    sentinel_storage: Table = field(default_factory=dict)
    proxy: bool = True
    proxy_image: str = ""
    proxy_pods: int = 2
    proxy_resources: Table = field(default_factory=dict)
    replicas_service_name: str = ""
    sentinel_service_name: str = ""

    wait_timeout: int = 300
    lock_duration: int = 60
    transport: str = "port_forward"

    @property
    def watchers(self) -> int:
        """How many Sentinels there are: as many as are declared, or one beside each server."""
        return self.replicas + 1 if self.colocated else self.sentinels


def declaration(settings: Table, topology: str = CLUSTER) -> tuple[Declaration, list[str]]:
    """The settings as values; one that cannot be converted keeps its default and is a problem.

    None is as good as unset only where nothing is the default: templates use the variables as they are.
    """
    known = {each.name: each.type for each in fields(Declaration) if each.name != "topology"}
    unset = Declaration()
    values: dict[str, Any] = {}
    problems = []
    for name, given in settings.items():
        if name not in known:
            problems.append(_unknown(name, given, list(known)))
        elif given is None:
            if getattr(unset, name) not in (None, ""):
                problems.append(unusable(name, given, "it is null", "give it a value, or leave it out"))
        else:
            value, reason = _convert(given, str(known[name]))
            if reason and name in MAY_HOLD_SECRETS:
                problems.append(unusable_secret(name, reason, "correct it"))
            elif reason:
                problems.append(unusable(name, given, reason, "correct it"))
            else:
                values[name] = value
    shape = {"shards": 1, "allow_single_shard": True} if topology == SENTINEL else {}
    return Declaration(**{**values, **shape, "topology": topology}), problems


def _unknown(name: str, given: Any, known: list[str]) -> str:
    if name in SECRET:
        return f"Cannot use '{name}' inside settings: it would be logged; give it as the option '{name}' of the module."
    near = get_close_matches(name, known, 1)
    advice = f"write redis_cluster_{near[0]} if that was meant" if near else "remove it"
    if "password" in name:
        return unusable_secret(name, "there is no such variable", advice)
    return unusable(name, given, "there is no such variable", advice)


def _convert(given: Any, kind: str) -> tuple[Any, str]:
    """The value, or why it is none."""
    if kind == "str":
        return _text(given)
    if kind == "int":
        return _number(given)
    if kind == "bool":
        return _truth(given)
    if kind.startswith("Items"):
        return (tuple(given), "") if isinstance(given, (list, tuple)) else (None, "it must be a list")
    return (dict(given), "") if isinstance(given, Mapping) else (None, "it must be a dictionary")


def _text(given: Any) -> tuple[Any, str]:
    if isinstance(given, bool) or not isinstance(given, (str, int, float)):
        return None, "it must be text"
    return str(given), ""


def _number(given: Any) -> tuple[Any, str]:
    text = str(given).strip()
    return (int(text), "") if text.removeprefix("-").isdecimal() else (None, "it must be a whole number")


def _truth(given: Any) -> tuple[Any, str]:
    word = str(given).strip().lower()
    if word in YES or word in NO:
        return word in YES, ""
    return None, "it must be true or false"
