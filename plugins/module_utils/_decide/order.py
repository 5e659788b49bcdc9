# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether an instance already is as wished. Pure; PRIVATE to the collection."""

from __future__ import annotations

from ansible_collections.k8sredis.core.plugins.module_utils._decide import health, membership, replicas, settings, slots
from ansible_collections.k8sredis.core.plugins.module_utils._model import ClusterError, View, Wish


def is_in_order(view: View, wish: Wish) -> bool:
    """Whether cluster_meet, cluster_slots and cluster_replicas would all find nothing to do and nothing to
    wait for."""
    if not view.answering or health.findings(view, health.CONVERGENCE):
        return False
    try:
        plan = settings.plan(view, wish) + membership.plan(view) + slots.plan(view, wish) + replicas.plan(view, wish)
    except ClusterError:
        return False
    return not plan.changed
