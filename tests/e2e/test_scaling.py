# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shards come and go while clients of two libraries write and read, and every write is accounted for."""

from __future__ import annotations

import re
import signal

import pytest

from tests.e2e import playbook
from tests.e2e.cluster import Cluster, images
from tests.e2e.instances import Variables, instance, lives
from tests.e2e.load import accounted, fill, stored
from tests.e2e.watched import watched
from tests.environment import CHECKOUT

CLAIMS = {"type": "persistent_claim", "size": "256Mi"}
KEYS = 500_000
NEWEST = ("redis-8.6", "valkey-9.1")
KEPT = CHECKOUT / "build" / "ledger"


def test_out_and_in_with_a_job_that_is_cancelled(local: Cluster, namespace: str) -> None:
    """3 -> 5 -> 3. The first job is told to end in the middle of its moves, and simply run again."""
    variables = instance("shop", namespace, images(local)["redis-8.0"], storage=CLAIMS, lock_duration=5)
    five = {**variables, "redis_cluster_shards": 5}
    playbook.converge(local, variables)
    fill(local, variables, 30_000)
    before = lives(local, namespace, "shop")
    foreseen = playbook.converge(local, five, "--check", "--diff")
    # Which pod of a shard is its master follows from where the scheduler has put them.
    foretold = r"shop-0-\d gives 2184 slots to shop-3-\d \(3277-5460\):"
    assert re.search(foretold, foreseen.output), foreseen.output
    with accounted(local, variables, KEPT / variables["redis_cluster_name"]) as run:
        run.mark("3 to 5")
        cancelled_in_the_middle(local, five)
        run.mark("again")
        done = playbook.converge(local, five)
        assert "none left" in done.output
        assert_same_again(local, five)
        assert lives(local, namespace, "shop").items() >= before.items()
        run.mark("5 to 3")
        foreseen = playbook.converge(local, variables, "--check", "--diff")
        assert "(its shard leaves)" in foreseen.output
        playbook.converge(local, variables)
        run.mark("3 again")
        assert_same_again(local, variables)
        verdict = run.finish()
    assert verdict.clean, verdict
    assert lives(local, namespace, "shop") == before
    playbook.destroy(local, variables)


def cancelled_in_the_middle(cluster: Cluster, variables: Variables) -> None:
    """Slowly, so that there is a middle; ended as AWX ends a job."""
    slow = {**variables, "redis_cluster_moves": {"keys_per_second": 1000, "slice_seconds": 1}}
    with watched(cluster, "redis_cluster", slow) as run:
        run.until_line("slots left")
        run.terminate(signal.SIGTERM)
        assert not run.end().succeeded


def assert_same_again(cluster: Cluster, variables: Variables) -> None:
    again = playbook.converge(cluster, variables)
    assert again.changed == 0, again.output


@pytest.mark.chaos
@pytest.mark.parametrize("line", ["redis-8.0", *(pytest.param(line, marks=pytest.mark.chaos) for line in NEWEST)])
def test_four_and_back_with_many_keys(local: Cluster, namespace: str, line: str) -> None:
    if line not in images(local):
        pytest.skip(f"{line} could not be had here")
    name = f"many-{line.replace('.', '-')}"
    variables = instance(name, namespace, images(local)[line], storage=CLAIMS)
    four = {**variables, "redis_cluster_shards": 4}
    playbook.converge(local, variables)
    fill(local, variables, KEYS)
    with accounted(local, variables, KEPT / variables["redis_cluster_name"]) as run:
        run.mark("3 to 4")
        playbook.converge(local, four)
        run.mark("4 to 3")
        playbook.converge(local, variables)
        run.mark("3 again")
        verdict = run.finish()
    assert verdict.clean, verdict
    assert stored(local, variables) >= KEYS
    playbook.destroy(local, variables)
