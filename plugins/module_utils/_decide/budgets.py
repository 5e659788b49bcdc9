# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Disruption budgets: which there are to be, and which go. Pure; PRIVATE to the collection.

Exactly one covers each pod: without one an eviction asks nobody, with two it always fails. So new ones come first and
the others go right after them; in between evictions fail for a moment, which harms nobody.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ansible_collections.k8sredis.core.plugins.module_utils._decide import health, names, scale
from ansible_collections.k8sredis.core.plugins.module_utils._decide.declaration import Declaration
from ansible_collections.k8sredis.core.plugins.module_utils._model import Finding
from ansible_collections.k8sredis.core.plugins.module_utils._model_instance import (
    Budget,
    Instance,
    Labels,
    Pod,
    Requirement,
)

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


def findings(pods: Sequence[Pod], budgets: Sequence[Budget]) -> Iterator[Finding]:
    """Pods that not exactly one budget covers; ``budgets``: all of the namespace."""
    for pod in pods:
        covering = sorted(budget.name for budget in budgets if _covers(budget, pod.labels))
        if not covering:
            seen = (
                "is covered by no disruption budget, so a drain takes it whatever has become of the others of its shard"
            )
            yield Finding("no_budget", health.WARNING, pod.name, seen, "run the converge playbook, which makes it")
        elif len(covering) > 1:
            seen = f"is covered by the disruption budgets {' and '.join(covering)}, so every eviction of it fails"
            advice = "remove the budget that is not the instance's, or run the converge playbook when both are"
            yield Finding("two_budgets", health.WARNING, pod.name, seen, advice)


def _covers(budget: Budget, labels: Labels) -> bool:
    return budget.requirements is not None and all(_holds(each, labels) for each in budget.requirements)


def _holds(requirement: Requirement, labels: Labels) -> bool:
    """As Kubernetes has it: NotIn also holds for an object without the label."""
    value = labels.get(requirement.key)
    if requirement.operator == "Exists":
        return value is not None
    if requirement.operator == "DoesNotExist":
        return value is None
    return (value in requirement.values) == (requirement.operator == "In")
