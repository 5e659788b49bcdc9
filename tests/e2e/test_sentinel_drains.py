# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes are drained one after the other, with nobody there: a master hands over before it goes."""

from __future__ import annotations

import pytest

from tests.e2e.cluster import Cluster
from tests.e2e.instances import sentinel_instance
from tests.e2e.sentinel_ledger import made_and_used
from tests.e2e.test_drains import draining, left
from tests.kube.lab import NODES

DRAINED_WITHIN = 240.0


@pytest.mark.chaos
def test_each_node_in_turn(local: Cluster, namespace: str, image: str) -> None:
    """Servers and Sentinels wait for their node to come back, as their claims are on it; a proxy goes to another."""
    variables = sentinel_instance(local, "drained", namespace, image)
    with made_and_used(local, variables) as (members, run):
        for node in NODES:
            run.mark(f"drain {node.name}")
            with draining(local, node.name, "drained") as drain:
                assert drain.wait(DRAINED_WITHIN) == 0, drain.communicate()[0]
                assert left(local, variables, node.name) == []
            run.mark(f"{node.name} is back")
            members.wait_until_healthy()
