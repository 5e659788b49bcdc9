# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Server settings that a run changes for a moment, and those it puts right. Pure; PRIVATE to the collection.

A cluster is made several times faster with a node timeout of one second and no delay before a full
synchronisation. Both are set only while the cluster is new and empty, and only when the wish says what
to go back to: a killed run then leaves them wrong until the next run, which puts them right first.
"""

from __future__ import annotations

from ansible_collections.k8sredis.core.plugins.module_utils._decide import table
from ansible_collections.k8sredis.core.plugins.module_utils._model import Plan, Step, View, Wish

REASON_DRIFT = "differs from the wish"

LONGEST_ROUND = 8.0
"""Seconds, half of the servers' own node timeout and a little: nobody waits minutes for a setting of minutes."""

TEMPORARY = {"cluster-node-timeout": "1000", "repl-diskless-sync-delay": "0"}
"""1000 ms: cluster_state turns ok one node timeout after a majority was seen, at least 0.5 s, at most 5 s.
0 s: the default of 5 s holds back every first synchronisation."""


def temporary(view: View, wish: Wish) -> dict[str, str]:
    """Settings for the time of the creation; empty on any cluster that is not new, or without a wish."""
    if not table.is_new_cluster(view):
        return {}
    return {name: value for name, value in TEMPORARY.items() if name in wish.settings}


def plan(view: View, wish: Wish) -> Plan:
    """Steps that bring settings back to the wish; members that hide their settings are left alone."""
    steps = []
    for node in view.answering:
        seen = node.settings or {}
        wrong = {name: value for name, value in wish.settings.items() if name in seen and seen[name] != value}
        if wrong:
            words = tuple(word for pair in sorted(wrong.items()) for word in pair)
            text = ", ".join(f"{name} {seen[name]} -> {value}" for name, value in sorted(wrong.items()))
            steps.append(Step("set", node.name, f"{node.name}: {text}", REASON_DRIFT, (("CONFIG", "SET", *words),)))
    return Plan(tuple(steps))


def gossip_round(view: View, wish: Wish) -> float:
    """Seconds within which every member hears from every other: half of the node timeout, and a little."""
    told = [node.settings for node in view.answering if node.settings]
    timeouts = [int(each.get("cluster-node-timeout", "0")) for each in (*told, wish.settings)]
    return min(max(timeouts) / 2000 + 0.5, LONGEST_ROUND) if any(timeouts) else LONGEST_ROUND
