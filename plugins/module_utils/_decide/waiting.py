# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Masters that do not start, because their replicas have newer data (the start gate of the pods). Pure; PRIVATE to the
collection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ansible_collections.k8sredis.core.plugins.module_utils._decide import health
from ansible_collections.k8sredis.core.plugins.module_utils._model import Finding, Node, View

FIRST_WORDS = "Waiting to start"
"""How the gate's sentence begins, which the readiness probe repeats."""


def held_back(view: View, words: Mapping[str, str]) -> Iterator[Finding]:
    """``words``: what the readiness probe of each pod said last, by its name."""
    for node in view.nodes:
        said = words.get(node.name, "")
        if not node.answers and said.startswith(FIRST_WORDS):
            yield Finding("held_back", health.CRITICAL, node.name, said.rstrip("."), _advice(view, node))


def _advice(view: View, held: Node) -> str:
    replica = next((node for node in view.answering if _master_name(node) == held.name), None)
    if replica is None or _can_elect(replica, view):
        return "wait, its replica is elected after the node timeout; if it stays, see whether that replica was in sync"
    return (
        "nobody can be elected without the majority of masters: bring the others back, or let the replica take over "
        f"(redis_cluster_repair with redis_cluster_repair_takeover={replica.name})"
    )


def _master_name(replica: Node) -> str:
    """By the name that it announces; its server does not run, so its id is known from the tables alone."""
    master = replica.entries.get(replica.myself.master_id)
    return master.hostname.partition(".")[0] if master else ""


def _can_elect(node: Node, view: View) -> bool:
    voters = [entry for entry in node.table if entry.is_master and entry.slots]
    return 2 * sum(entry.id in view.by_id for entry in voters) > len(voters)
