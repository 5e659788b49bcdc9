# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which claims grow, which StatefulSets are made anew for it, and how far a claim is. Pure; PRIVATE to the collection.

A claim may grow where its StorageClass allows it, and never shrinks. What a StatefulSet makes claims from cannot be
changed, so one with a larger claim takes its place while its pods go on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ansible_collections.k8sredis.core.plugins.module_utils._decide import names, quantities
from ansible_collections.k8sredis.core.plugins.module_utils._model import Step
from ansible_collections.k8sredis.core.plugins.module_utils._model_instance import Claim, StatefulSet

FILE_SYSTEM = "FileSystemResizePending"
"""Condition of a claim whose volume has grown; its file system does with the pod: some drivers grow it while the pod
runs, others when it starts again."""


@dataclass(frozen=True)
class Wanted:
    """``name`` of the instance, ``size`` as a quantity, its declared shape."""

    name: str
    size: str
    shards: int
    replicas: int


@dataclass(frozen=True)
class Growth:
    claims: tuple[Claim, ...] = ()
    """Those that ask for less than wanted."""
    growing: tuple[Claim, ...] = ()
    """Those that have asked already, and whose volume is still smaller."""
    statefulsets: tuple[StatefulSet, ...] = ()
    """Those that make smaller claims."""

    def __bool__(self) -> bool:
        return bool(self.claims or self.growing or self.statefulsets)


def growth(wanted: Wanted, statefulsets: Iterable[StatefulSet], claims: Iterable[Claim]) -> Growth:
    """``statefulsets`` and ``claims`` of the instance. Those beyond the wish are left as they are: they leave."""
    made = {found.name: found for found in statefulsets}
    staying = [names.statefulset(wanted.name, shard) for shard in range(wanted.shards)]
    used = {
        f"{names.DATA}-{name}-{ordinal}"
        for name in staying
        for ordinal in range(max(wanted.replicas + 1, made[name].replicas if name in made else 0))
    }
    ours = sorted((claim for claim in claims if claim.name in used), key=lambda claim: _order(claim.name))
    return Growth(
        claims=tuple(claim for claim in ours if _amount(claim.asks.size) < _amount(wanted.size)),
        growing=tuple(
            claim
            for claim in ours
            if _amount(claim.asks.size) >= _amount(wanted.size) and claim.has and not has_grown(claim)
        ),
        statefulsets=tuple(made[name] for name in staying if name in made and template_size(made[name], wanted.size)),
    )


def template_size(statefulset: StatefulSet, size: str) -> str:
    """What the StatefulSet makes claims of, where that is less than ``size``; else nothing."""
    template = statefulset.claim_templates.get(names.DATA)
    return template.size if template and _amount(template.size) < _amount(size) else ""


def problems(found: Growth, size: str, allowed: Mapping[str, bool | None]) -> list[str]:
    """``allowed``: by StorageClass, whether its claims may grow; None where nobody could say, then the API does."""
    return [
        sentence(claim, size, *why)
        for claim in found.claims
        if (why := _problem(claim, allowed.get(claim.asks.storage_class)))
    ]


def _problem(claim: Claim, allowed: bool | None) -> tuple[str, str] | None:
    if not claim.has:
        return "it has no volume yet", "wait until its pod has started, or set redis_cluster_storage.size back"
    if allowed is False:
        storage_class = claim.asks.storage_class
        reason = f"its StorageClass '{storage_class}' does not allow it" if storage_class else "it has no StorageClass"
        return reason, "set redis_cluster_storage.size back, or set allowVolumeExpansion where the class can do it"
    return None


def sentence(claim: Claim, size: str, reason: str, advice: str) -> str:
    return f"Cannot grow claim {claim.name} from {claim.asks.size} to {size}: {reason}; {advice}."


def claim_step(claim: Claim, size: str) -> Step:
    return Step("claim", claim.name, f"claim {claim.name}: {claim.asks.size} -> {size}", "a larger size is declared")


def statefulset_step(found: StatefulSet, size: str) -> Step:
    text = f"StatefulSet {found.name} is made anew, with claims of {size}; its pods go on"
    return Step(
        "statefulset", found.name, text, f"it makes claims of {template_size(found, size)}, which cannot be changed"
    )


def settled(claim: Claim, running: bool) -> bool:
    """Whether there is nothing more to wait for. Without pods no file system grows."""
    return has_grown(claim) or is_infeasible(claim) or (needs_pod(claim) and not running)


def has_grown(claim: Claim) -> bool:
    """Whether it has what it asks for."""
    return _amount(claim.has) >= _amount(claim.asks.size)


def needs_pod(claim: Claim) -> bool:
    """Whether only its file system is still to grow."""
    return FILE_SYSTEM in claim.conditions


def is_infeasible(claim: Claim) -> bool:
    """Whether the storage has said that it cannot, as ControllerResizeInfeasible (Kubernetes 1.32)."""
    return claim.resizing.endswith("Infeasible")


def state(claim: Claim) -> str:
    """How far it is, in words."""
    words = [f"{kind}: {message}" if message else kind for kind, message in sorted(claim.conditions.items())]
    if claim.resizing:
        words.append(claim.resizing)
    return f"its volume has {claim.has or 'no size'}" + (f" ({'; '.join(words)})" if words else "")


def outlook(claim: Claim) -> str:
    """How far it is, and what is to be done about it."""
    if needs_pod(claim):
        return f"its volume has grown, its file system grows when {pod(claim)} starts again; restart that pod"
    return f"{state(claim)}; see its events"


def pod(claim: Claim) -> str:
    """Name of the pod that uses it."""
    return claim.name.removeprefix(f"{names.DATA}-")


def renewed(live: Mapping[str, Any], size: str) -> dict[str, Any]:
    """The same StatefulSet as a new one, with larger claims. ``live`` as the API gives it."""
    metadata = {
        key: live["metadata"][key] for key in ("name", "namespace", "labels", "annotations") if key in live["metadata"]
    }
    spec = deepcopy(dict(live["spec"]))
    for template in spec["volumeClaimTemplates"]:
        template.pop("status", None)
        if template["metadata"]["name"] == names.DATA:
            template["spec"]["resources"]["requests"]["storage"] = size
    return {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": metadata, "spec": spec}


def _amount(size: str) -> Decimal:
    return quantities.quantity(size) or Decimal(0)


def _order(name: str) -> list[int]:
    return [int(number) for number in re.findall(r"-(\d+)", name)[-2:]]
