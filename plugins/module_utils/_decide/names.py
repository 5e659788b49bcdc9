# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names of an instance's objects. Pure; PRIVATE to the collection."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.k8sredis.core.plugins.module_utils._decide.declaration import CLUSTER, SENTINEL, Declaration
from ansible_collections.k8sredis.core.plugins.module_utils._decide.refusal import unusable

LABEL = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
"""RFC 1035, as Services want it."""
NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")

LONGEST_LABEL = 63
LONGEST_STATEFULSET = 52
"""The label controller-revision-hash of its pods is the name, a dash and ten characters, in 63 (kubernetes 64023)."""
LONGEST_HOSTNAME = 253

DATA = "data"
"""Name of the volume, and so of the claims' template."""


@dataclass(frozen=True)
class Names:
    nodes_service: str
    client_service: str
    auth: str
    config: str
    boot: str
    lock: str
    statefulsets: tuple[str, ...]
    sentinels: str = ""
    """StatefulSet of the Sentinels, empty where they are beside the servers; in a cluster all that follows is."""
    sentinels_service: str = ""
    """The headless one, that it needs."""
    sentinel_service: str = ""
    replicas_service: str = ""
    proxy: str = ""
    addresses: str = ""
    servers: tuple[str, ...] = ()
    """Pods with a server, each with a Service of its name."""
    watchers: tuple[str, ...] = ()
    """Pods with a Sentinel, each with a Service of its name."""


def names(wish: Declaration, boot_text: str) -> Names:
    """The ConfigMap with what a server reads only at its start is immutable and named by its content."""
    mine = Names(
        nodes_service=nodes_service(wish),
        client_service=client_service(wish),
        auth=f"{wish.name}-auth",
        config=f"{wish.name}-config",
        boot=f"{wish.name}-boot-{short_hash(boot_text)}",
        lock=f"{wish.name}-lock",
        statefulsets=tuple(statefulset(wish.name, shard) for shard in range(wish.shards)),
    )
    return replace(mine, **_of_sentinels(wish)) if wish.topology == SENTINEL else mine


def _of_sentinels(wish: Declaration) -> dict[str, Any]:
    return {
        "sentinels": "" if wish.colocated else sentinels(wish.name),
        "sentinels_service": "" if wish.colocated else sentinels_service(wish),
        "sentinel_service": sentinel_service(wish),
        "replicas_service": replicas_service(wish),
        "proxy": f"{wish.name}-proxy",
        "addresses": f"{wish.name}-addresses",
        "servers": servers(wish),
        "watchers": watchers(wish),
    }


def servers(wish: Declaration) -> tuple[str, ...]:
    return tuple(f"{statefulset(wish.name, 0)}-{ordinal}" for ordinal in range(wish.replicas + 1))


def watchers(wish: Declaration) -> tuple[str, ...]:
    if wish.colocated:
        return servers(wish)
    return tuple(f"{sentinels(wish.name)}-{ordinal}" for ordinal in range(wish.sentinels))


def sentinels(name: str) -> str:
    return f"{name}-sentinel"


def sentinels_service(wish: Declaration) -> str:
    return f"{wish.name}-sentinels"


def sentinel_service(wish: Declaration) -> str:
    return wish.sentinel_service_name or f"{wish.name}-sentinel"


def replicas_service(wish: Declaration) -> str:
    return wish.replicas_service_name or f"{wish.name}-replicas"


def master_name(namespace: str, name: str) -> str:
    """By which Sentinels know the master. Namespaces have no dots, so no other instance has it."""
    return f"{namespace}.{name}"


def nodes_service(wish: Declaration) -> str:
    return wish.nodes_service_name or f"{wish.name}-nodes"


def client_service(wish: Declaration) -> str:
    return wish.client_service_name or wish.name


def services(wish: Declaration) -> tuple[str, ...]:
    """Those that are wished."""
    if wish.topology == SENTINEL:
        behind_proxy = (client_service(wish), replicas_service(wish)) if wish.proxy else ()
        of_sentinels = () if wish.colocated else (sentinels_service(wish), *watchers(wish))
        return (nodes_service(wish), sentinel_service(wish), *behind_proxy, *servers(wish), *of_sentinels)
    return (nodes_service(wish), *((client_service(wish),) if wish.client_service else ()))


def statefulset(name: str, shard: int) -> str:
    return f"{name}-{shard}"


def claim(name: str, shard: int, ordinal: int) -> str:
    return f"{DATA}-{statefulset(name, shard)}-{ordinal}"


APPLICATIONS = {CLUSTER: "redis-cluster", SENTINEL: "redis-sentinel"}
"""By topology: what the label app.kubernetes.io/name says."""


def labels(name: str, topology: str) -> dict[str, str]:
    """What every object of the instance carries."""
    return {
        "app.kubernetes.io/name": APPLICATIONS[topology],
        "app.kubernetes.io/instance": name,
        "app.kubernetes.io/component": "server",
        "app.kubernetes.io/managed-by": "k8sredis",
    }


def short_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def is_label(text: str) -> bool:
    """RFC 1123, as most names inside objects."""
    return NAMESPACE.fullmatch(text) is not None and len(text) <= LONGEST_LABEL


def is_object_name(text: str) -> bool:
    """A DNS subdomain, as most objects are named."""
    return SUBDOMAIN.fullmatch(text) is not None and len(text) <= LONGEST_HOSTNAME


def problems(wish: Declaration) -> list[str]:
    """Names that Kubernetes or DNS would refuse, before anything has been made."""
    found = _label("name", wish.name, LABEL) + _label("namespace", wish.namespace, NAMESPACE)
    for setting in ("nodes_service_name", "client_service_name", "replicas_service_name", "sentinel_service_name"):
        value = getattr(wish, setting)
        found += _label(setting, value, LABEL) if value else []
    if found:
        return found
    return _too_long(wish) + _same(wish) + _hostname(wish)


def _label(setting: str, value: str, pattern: re.Pattern[str]) -> list[str]:
    if not value:
        return [unusable(setting, value, "it is empty", "give the instance a name")]
    if pattern.fullmatch(value) and len(value) <= LONGEST_LABEL:
        return []
    start = "begin with a letter" if pattern is LABEL else "begin with a letter or digit"
    reason = f"it must {start}, hold only a-z, 0-9 and dashes, end with a letter or digit, and be at most 63 characters"
    return [unusable(setting, value, reason, "choose another name")]


def _too_long(wish: Declaration) -> list[str]:
    longest = statefulset(wish.name, max(wish.shards - 1, 0))
    if wish.topology == SENTINEL and not wish.colocated:
        longest = sentinels(wish.name)
    found = []
    if len(longest) > LONGEST_STATEFULSET:
        most = LONGEST_STATEFULSET - (len(longest) - len(wish.name))
        reason = f"the StatefulSet {longest} would have {len(longest)} characters and may have {LONGEST_STATEFULSET}"
        found.append(unusable("name", wish.name, reason, f"use at most {most} characters"))
    return found


def _same(wish: Declaration) -> list[str]:
    if wish.topology == SENTINEL:
        twice = [name for name, number in Counter(services(wish)).items() if number > 1]
        reason = "two Services of the instance would have this name"
        return [unusable("client_service_name", name, reason, "choose other names") for name in twice]
    if not wish.client_service or nodes_service(wish) != client_service(wish):
        return []
    reason = "the headless Service and the client Service would have the same name"
    advice = "choose another redis_cluster_client_service_name, or turn redis_cluster_client_service off"
    return [unusable("nodes_service_name", nodes_service(wish), reason, advice)]


def _hostname(wish: Declaration) -> list[str]:
    if not SUBDOMAIN.fullmatch(wish.cluster_domain):
        reason = "it is not a DNS domain"
        return [unusable("cluster_domain", wish.cluster_domain, reason, "use the cluster's own, mostly cluster.local")]
    pod = f"{statefulset(wish.name, max(wish.shards - 1, 0))}-{wish.replicas}"
    hostname = f"{pod}.{nodes_service(wish)}.{wish.namespace}.svc.{wish.cluster_domain}"
    if len(hostname) <= LONGEST_HOSTNAME:
        return []
    reason = f"a pod's host name would have {len(hostname)} characters and may have {LONGEST_HOSTNAME}"
    return [unusable("cluster_domain", wish.cluster_domain, reason, "use shorter names")]
