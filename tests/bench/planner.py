# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The planner alone, for many nodes: no servers, no reference."""

from __future__ import annotations

import hashlib
import time

from ansible_collections.k8sredis.core.plugins.module_utils._decide import membership, replicas, slots
from ansible_collections.k8sredis.core.plugins.module_utils._model import Entry, Member, Node, View, Wish

from tests.bench.figure import Figure

KUBE_NODES, ZONES = 50, 3


def plan(nodes: int) -> Figure:
    """Everything that a creation decides: who meets whom, who serves what, who replicates whom."""
    view, wish = fresh(nodes), Wish(nodes // 2, 1)
    started = time.monotonic()
    membership.plan(view)
    slots.assignment(view, wish)
    replicas.plan(view, wish)
    return Figure(f"plan/{nodes}", "-", time.monotonic() - started)


def fresh(nodes: int) -> View:
    """Pods that know nobody, two for each shard, spread as a scheduler would."""
    return View(tuple(_node(index) for index in range(nodes)))


def _node(index: int) -> Node:
    shard, ordinal = divmod(index, 2)
    host = f"10.{index // 65536}.{index // 256 % 256}.{index % 256}"
    place = (index * 7 + ordinal) % KUBE_NODES
    member = Member(f"x-{shard}-{ordinal}", host, 6379, shard, ordinal, str(index), f"n{place}", f"z{place % ZONES}")
    node_id = hashlib.sha1(host.encode(), usedforsecurity=False).hexdigest()
    myself = Entry(node_id, host, 6379, 16379, "", frozenset({"myself", "master"}), "", 0, 0, True)
    return Node(member, table=(myself,))
