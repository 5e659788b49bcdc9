# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What there is of an instance in Kubernetes. Frozen values, standard library only; PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Labels = Mapping[str, str]

SERVERS, SENTINELS, COLOCATED = "server", "sentinel", "server-with-sentinel"
"""What the label app.kubernetes.io/component says of an object that belongs to the servers, to the Sentinels, or to
servers that have a Sentinel beside them in their pod."""


@dataclass(frozen=True)
class Object:
    """Any object by its metadata. ``kind`` as people know it, such as Service."""

    kind: str
    name: str
    labels: Labels = field(default_factory=dict)
    annotations: Labels = field(default_factory=dict)


@dataclass(frozen=True)
class ClaimTemplate:
    """What a StatefulSet makes claims from, and what a claim asks for. Empty ``storage_class``: the default one."""

    size: str
    storage_class: str = ""
    access_modes: tuple[str, ...] = ("ReadWriteOnce",)


@dataclass(frozen=True)
class StatefulSet(Object):
    service_name: str = ""
    selector: Labels = field(default_factory=dict)
    pod_management: str = "OrderedReady"
    replicas: int = 1
    """How many pods it is to have."""
    claim_templates: Mapping[str, ClaimTemplate] = field(default_factory=dict)
    """By name."""
    uid: str = ""
    restart_hash: str = ""
    made_from: str = ""
    """What its next pods are made from, as Member has it."""

    @property
    def pods(self) -> list[str]:
        """Names of the pods that it is to have."""
        return [f"{self.name}-{ordinal}" for ordinal in range(self.replicas)]


@dataclass(frozen=True)
class Claim(Object):
    asks: ClaimTemplate = field(default_factory=lambda: ClaimTemplate(""))
    uid: str = ""
    has: str = ""
    """Size of its volume, empty while it has none."""
    conditions: Labels = field(default_factory=dict)
    """Messages of the conditions that are true, by their type."""
    resizing: str = ""
    """How far Kubernetes is with growing its volume, such as ControllerResizeInProgress."""


@dataclass(frozen=True)
class Pod(Object):
    owned: bool = True
    """By a StatefulSet, which makes it again when it has gone; also while it is being deleted."""


@dataclass(frozen=True)
class Requirement:
    """One condition of a label selector. ``operator``: In, NotIn, Exists or DoesNotExist."""

    key: str
    operator: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Budget(Object):
    """A PodDisruptionBudget. ``requirements``: all hold for the pods that it covers; none: it covers every pod, as
    policy/v1 has it. None: it has no selector at all and covers nothing."""

    requirements: tuple[Requirement, ...] | None = ()


@dataclass(frozen=True)
class KubeNode:
    """``taints``: key, value and effect of each."""

    name: str
    labels: Labels = field(default_factory=dict)
    taints: tuple[tuple[str, str, str], ...] = ()
    unschedulable: bool = False


@dataclass(frozen=True)
class Question:
    """What to look for. ``storage_class``: None when claims are not wished, empty for the default class."""

    name: str
    namespace: str
    services: tuple[str, ...]
    secret: str
    storage_class: str | None = None
    kube_nodes: bool = False
    """Whether the kube_nodes are needed: in a large cluster their list is long."""


@dataclass(frozen=True)
class Instance:
    """Everything of an instance, and what else its declaration is judged by.

    ``unreadable``: kinds, as plural in lower case, that the user may not read; their fields then say nothing.
    """

    kubernetes: tuple[int, int]
    """Version of the API server."""
    namespace: Object | None = None
    """None: there is none, or it cannot be read."""
    statefulsets: tuple[StatefulSet, ...] = ()
    """All of the namespace."""
    claims: tuple[Claim, ...] = ()
    """All of the namespace."""
    services: tuple[Object, ...] = ()
    """Those that have the names of ours."""
    own_services: frozenset[str] = frozenset()
    """Those labelled as the instance's that this collection applied."""
    others: tuple[Object, ...] = ()
    """ConfigMap and Lease that have the names of ours."""
    budgets: tuple[Object, ...] = ()
    """All of the namespace."""
    own_budgets: frozenset[str] = frozenset()
    """Those of them labelled as the instance's that this collection applied."""
    secret: Object | None = None
    """N-auth without its data."""
    started_pods: tuple[str, ...] = ()
    """Pods of the instance whose server runs or has ever run."""
    orphans: tuple[str, ...] = ()
    """Pods of the instance that no StatefulSet owns, as while one is made anew."""
    started_versions: frozenset[str] = frozenset()
    """Versions of these servers, such as 8.0.2, by the label of the pods."""
    kube_nodes: tuple[KubeNode, ...] = ()
    storage_class_found: bool = True
    """Whether the wished class, or a default one, exists."""
    config_maps: frozenset[str] = frozenset()
    """Those labelled as the instance's."""
    referred_config_maps: frozenset[str] = frozenset()
    """Those that a pod, a StatefulSet or a revision of one refers to."""
    unreadable: frozenset[str] = frozenset()
